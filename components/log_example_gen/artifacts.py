"""The artifact that says what became of every log row."""

from tfx.types import artifact


class LogLedger(artifact.Artifact):
    """Counts of a LogExampleGen run, in ledger.json: see `ledger` for their meaning."""

    TYPE_NAME = "LogLedger"

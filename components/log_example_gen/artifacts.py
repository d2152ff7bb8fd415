"""The artifacts that say what became of every log row."""

from tfx.types import artifact


class LogLedger(artifact.Artifact):
    """Counts of a LogExampleGen run, in ledger.json: see `ledger` for their meaning."""

    TYPE_NAME = "components.LogLedger"


class LogRejects(artifact.Artifact):
    """The rows and files that could not be used, as Parquet: see `rejects` for the columns."""

    TYPE_NAME = "components.LogRejects"

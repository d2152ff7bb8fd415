"""What a report shows of the ledger of a run's rows."""

from collections.abc import Mapping
from typing import Any

from components.log_example_gen.ledger import EXAMPLES, FATES, POSITIVES, REJECTED
from components.run_report.facts_of_data import Funnel


def funnel(ledger: Mapping[str, Any]) -> Funnel:
    """Returns what became of the rows; logs and splits in the order of a row's life.

    Args:
        ledger: as LogExampleGen wrote it.
    """
    logs = [log for log in FATES if log in ledger]
    examples = ledger.get(EXAMPLES, {})  # without one there is no key
    splits = [*ledger.get("splits", ()), *examples]
    return Funnel(
        logs={
            log: {fate: rows for fate, rows in ledger[log].items() if fate != REJECTED}
            for log in logs
        },
        rejected={
            log: dict(sorted(ledger[log][REJECTED].items(), key=lambda item: -item[1]))
            for log in logs
        },
        rows={split: examples.get(split, 0) for split in dict.fromkeys(splits)},
        positives=ledger.get(POSITIVES, {}),
        moments=ledger.get("moments", {}),
    )

"""Which verdicts a page shows at once: those of a gate on every value of a feature may be many."""

import itertools
from collections.abc import Sequence

from components.run_report.facts import Verdict

# Of one gate.
MOST = 12


def gate_lines(verdicts: Sequence[Verdict]) -> tuple[tuple[Verdict, ...], tuple[Verdict, ...]]:
    """Returns the verdicts to show at once, and the others.

    They stand in their order; where a gate has many, those that refuse are shown first.
    """
    shown: list[Verdict] = []
    others: list[Verdict] = []
    for _, group in itertools.groupby(verdicts, key=lambda verdict: (verdict.gate, verdict.bar)):
        lines = list(group)
        if len(lines) > MOST:
            lines.sort(key=lambda verdict: verdict.passed)
        shown += lines[:MOST]
        others += lines[MOST:]
    return tuple(shown), tuple(others)

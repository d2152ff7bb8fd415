"""What a gate says of a pair of values: plain Python, no TFX."""

import dataclasses
import math
from collections.abc import Mapping, Sequence

from schemas.gates import Gate

# (output, metric) -> value, on all rows of the output's population.
Metrics = Mapping[tuple[str, str], float]


@dataclasses.dataclass(frozen=True)
class Verdict:
    """What one gate said.

    Attributes:
        gate: its name, `<output>.<metric>`.
        bar: the bar as written.
        value: of the candidate; NaN if it was not measured.
        baseline: of the baseline model; None if there is no baseline.
        passed: whether the candidate reached the bar.
        reason: a sentence with both numbers.
    """

    gate: str
    bar: str
    value: float
    baseline: float | None
    passed: bool
    reason: str


def judge(
    gates: Sequence[Gate], candidate: Metrics, baseline: Metrics | None
) -> tuple[Verdict, ...]:
    """Judges every gate.

    A value that is missing, NaN or infinite does not pass. A gate relative to the baseline passes
    where there is no baseline: a first model is judged by the absolute gates.
    """
    return tuple(_judge_one(gate, candidate, baseline) for gate in gates)


def _judge_one(gate: Gate, candidate: Metrics, baseline: Metrics | None) -> Verdict:
    key = (gate.output, gate.metric)
    value = candidate.get(key, math.nan)
    base = None if baseline is None else baseline.get(key, math.nan)
    lower, upper = gate.lower, gate.upper
    if not math.isfinite(value):
        passed, reason = False, f"{gate.name} is {value}: it could not be measured"
    elif gate.relative and base is None:
        passed, reason = True, f"{gate.name} is {value:.4f}; there is no baseline yet"
    else:
        if gate.relative:
            lower, upper = lower + (base or 0.0), upper + (base or 0.0)
        passed = lower <= value <= upper
        bounds = " and ".join(
            f"{side} {bound:.4f}"
            for side, bound in (("at least", lower), ("at most", upper))
            if not math.isinf(bound)
        )
        reason = f"{gate.name} is {value:.4f}, it must be {bounds}"
        if gate.relative:
            reason += f" (the baseline has {base:.4f})"
    return Verdict(gate.name, gate.bar, value, base, passed, reason)

"""What gates say of an evaluation: plain Python, no TFX."""

import math
from collections.abc import Iterator, Mapping, Sequence

from components.model_gate.bars import reached
from components.model_gate.verdicts import Verdict
from evaluation.figures import BASELINE, CANDIDATE, Evaluation, Figure, OutputFigures
from schemas.gates import EVERY, Gate, gate_name


def judge(gates: Sequence[Gate], evaluation: Evaluation) -> tuple[Verdict, ...]:
    """Judges every gate, a gate on `[device=*]` once a value of that feature.

    A figure that is missing, NaN or infinite does not pass, nor one without an interval where
    confidence is asked. Two kinds of gates do not speak, and let the model pass: those relative
    to the baseline where there is none yet, and those with fewer positive rows than they ask for.
    """
    return tuple(
        _verdict(gate, values, figures, evaluation.models)
        for gate in gates
        for values, figures in _slices(gate, evaluation)
    )


def _slices(
    gate: Gate, evaluation: Evaluation
) -> Iterator[tuple[Mapping[str, str], OutputFigures]]:
    """Yields the slices that a gate is on; without figures the one it names, if none is there."""
    nothing, there = OutputFigures(rows=0, positives=0, weight=0, models={}), False
    for found in evaluation.slices:
        if found.slice.keys() == gate.slice.keys() and all(
            value in (EVERY, found.slice[feature]) for feature, value in gate.slice.items()
        ):
            there = True
            values = {feature: found.slice[feature] for feature in gate.slice}
            yield values, found.outputs.get(gate.output, nothing)
    if not there:
        yield gate.slice, nothing


def _verdict(
    gate: Gate, values: Mapping[str, str], figures: OutputFigures, models: Sequence[str]
) -> Verdict:
    name = gate_name(f"{gate.output}.{gate.metric}", values)
    compared = gate.other or BASELINE
    figure = _figure(figures.models, CANDIDATE, gate.metric)
    other = _figure(figures.models, compared, gate.metric) if compared in models else None
    spoke, passed = True, False
    if figures.positives < (gate.min_positives or 0):
        spoke, passed = False, True
        said = f"{figures.positives:,} of {gate.min_positives:,} positives"
        reason = f"{name} has {said} that its gate needs to speak"
    elif not math.isfinite(figure.value):
        said, reason = "refused", f"{name} is {figure.value}: {_why(gate, figures)}"
    elif gate.other == BASELINE and other is None:
        spoke, passed, said = False, True, "no baseline yet"
        reason = f"{name} is {figure.value:.4f}; there is {said}"
    elif gate.other and (other is None or not math.isfinite(other.value)):
        said = "refused"
        reason = f"{name} is {figure.value:.4f}, that of {gate.other} could not be measured"
    else:
        difference = _figure(figures.differences, compared, gate.metric)
        beside = other if gate.other else None
        passed, reason = reached(gate, name, figure, beside, difference)
        said = "passed" if passed else "refused"
    return Verdict(
        gate=gate.name,
        slice=dict(values),
        bar=gate.bar,
        value=figure.value,
        low=figure.low,
        high=figure.high,
        baseline=None if other is None else other.value,
        said=said,
        spoke=spoke,
        passed=passed,
        reason=reason,
    )


def _figure(found: Mapping[str, Mapping[str, Figure]], model: str, metric: str) -> Figure:
    return found.get(model, {}).get(metric, Figure(value=math.nan))


def _why(gate: Gate, figures: OutputFigures) -> str:
    """Returns why there is no figure, and what to do about few rows."""
    told = (
        f"it could not be measured on {figures.rows:,} rows, {figures.positives:,} of them positive"
    )
    if gate.slice and gate.min_positives is None:
        told += ". With `min_positives` a gate is silent where there are few"
    return told

"""What stands first on the page: whether the model was pushed, why, and its main figures."""

import dataclasses

from components.run_report.facts import Facts, Stop
from components.run_report.forest import main_metric, side
from components.run_report.numerals import decimal, figure, metric_name, signed
from evaluation.figures import BASELINE, CANDIDATE, CONSTANT, POPULARITY, TRUTH, Figure
from schemas.heads import Output, outputs

# A gate on every value of a feature may have hundreds.
_MOST_REASONS = 4
# What a gate of the data says of many features.
_MOST_OBJECTIONS = 10
_NAMES = {
    CANDIDATE: "this model",
    BASELINE: "baseline",
    POPULARITY: "popularity",
    CONSTANT: "constant rate",
    TRUTH: "truth",
}


@dataclasses.dataclass(frozen=True)
class Card:
    """The main figure of an output.

    Attributes:
        output: its name.
        metric: as people write it.
        value: as text.
        interval: 95 %, as text; "" without one.
        beside: what stands beside it: (name, text, side), side being better, worse or even.
        rows: in words, what it was measured on.
    """

    output: str
    metric: str
    value: str
    interval: str
    beside: tuple[tuple[str, str, str], ...]
    rows: str


@dataclasses.dataclass(frozen=True)
class Headline:
    """The verdict.

    Attributes:
        state: pushed, refused, stopped or unknown.
        title: in a few words.
        sentences: why.
        cards: one an output.
    """

    state: str
    title: str
    sentences: tuple[str, ...]
    cards: tuple[Card, ...]


def model_title(model: str) -> str:
    """Returns what people call a model of the evaluation."""
    return _NAMES.get(model, model)


def population(output: Output) -> str:
    """Returns in words which rows an output is judged on."""
    return f"rows with {output.population}" if output.population else "impressions"


def headline(facts: Facts) -> Headline:
    """Returns the verdict on a run's model."""
    state, title, sentences = _verdict(facts)
    return Headline(state, title, sentences, _cards(facts))


def _verdict(facts: Facts) -> tuple[str, str, tuple[str, ...]]:
    if facts.stop is not None:
        return "stopped", f"Stopped at {facts.stop.node}", _why(facts.stop, facts.version)
    spoke = [verdict for verdict in facts.verdicts if verdict.spoke]
    refused = facts.refused
    if refused:
        title = f"Refused by {len(refused)} of {_things(len(facts.verdicts), 'gate')}"
        reasons = [f"{one.reason or one.name}." for one in refused[:_MOST_REASONS]]
        if len(refused) > len(reasons):
            reasons.append(f"And {len(refused) - len(reasons)} more, below.")
        return "refused", title, tuple(reasons)
    if facts.version is not None:
        title = f"{'Put aside' if facts.superseded else 'Pushed'} as version {facts.version}"
        if not facts.verdicts:
            return "pushed", title, ("No gates are configured, so every model is pushed.",)
        silent = len(facts.verdicts) - len(spoke)
        every = "all " if not silent and len(spoke) > 1 else ""
        said = f"It passed {every}{_things(len(spoke), 'gate')}"
        if silent:
            said += f"; {_things(silent, 'gate')} did not speak"
        late = ("It is not served, for a model of a later day is.",) if facts.superseded else ()
        return "pushed", title, (f"{said}.", *late)
    if "pushed" in facts.missing:
        return "unknown", "Nobody knows whether it was pushed", (facts.missing["pushed"],)
    return "refused", "Not pushed", ("No gate refused it, but it was not pushed.",)


def _why(stop: Stop, version: str | None) -> tuple[str, ...]:
    found = [f"{objection}." for objection in stop.objections[:_MOST_OBJECTIONS]]
    if len(stop.objections) > len(found):
        found.append(f"And {len(stop.objections) - len(found)} more, below.")
    if version is not None:
        found.append(f"The model was pushed before that, as version {version}.")
    if stop.way_out:
        found.append(f"{stop.way_out}.")
    return tuple(found)


def _things(count: int, name: str) -> str:
    return f"{count} {name}" if count == 1 else f"{count} {name}s"


def interval(found: Figure, metric: str) -> str:
    """Returns a figure's interval as text; "" without one, or where it is a point."""
    if found.low is None or found.high is None:
        return ""
    low, high = figure(found.low, metric), figure(found.high, metric)
    return "" if low == high else f"{low} to {high}"


def _cards(facts: Facts) -> tuple[Card, ...]:
    if facts.evaluation is None:
        return ()
    found = []
    for output in outputs(facts.heads):
        measured = facts.evaluation.overall.get(output.name)
        if measured is None:
            continue
        metric = main_metric(output.kind)
        ours = measured.models.get(CANDIDATE, {}).get(metric)
        if ours is None:
            continue
        beside = []
        against = measured.differences.get(BASELINE, {}).get(metric)
        if against is not None:
            beside.append(("to the baseline", signed(against.value), side(against, metric)))
        truth = measured.models.get(TRUTH, {}).get(metric)
        if truth is not None:
            beside.append(("the truth has", decimal(truth.value), "even"))
        found.append(
            Card(
                output.name,
                metric_name(metric),
                figure(ours.value, metric),
                interval(ours, metric),
                tuple(beside),
                f"{measured.rows:,} {population(output)}",
            )
        )
    return tuple(found)

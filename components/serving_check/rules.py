"""What must hold of what a model answered before it may serve."""

from collections.abc import Iterator, Mapping

import numpy as np

from components.serving_check.alone import SCORE_PACKED
from components.serving_check.invariants import Answers, broken_invariants, largest_gap
from components.serving_check.recorded import (
    EXPANDED,
    LARGEST,
    SIZES,
    WEIGHTED,
    Requests,
    ranked,
)
from components.serving_check.settings import ServingCheckSettings
from components.serving_check.trial import Trial
from components.serving_check.weights import wrong_score
from evaluation.gaps import TOLERANCE
from schemas.doors import PREDICT_COLUMNS, RANK, SCORE, SERVING_DEFAULT
from schemas.heads import outputs


def broken_rules(settings: ServingCheckSettings, requests: Requests, trial: Trial) -> list[str]:
    """Returns a sentence for each rule that a model breaks; none if it may serve.

    Args:
        settings: what it must answer.
        requests: what it was asked, by name.
        trial: what came of it.
    """
    alone = list(_needs(trial))
    if trial.python_ops or trial.unknown_ops:
        return alone
    doors = settings.asker().doors()
    if missing := [door for door in doors if door not in trial.doors]:
        there = ", ".join(sorted(set(trial.doors) - {SCORE_PACKED}))
        return [*alone, f"it has no signature {' nor '.join(missing)}, only {there}"]
    if SCORE_PACKED not in trial.doors:
        return [*alone, f"it has no {SCORE_PACKED}, by which training's answers are compared"]
    answers = trial.answers
    if wrong := list(_wrong_shapes(requests, answers)):
        return [*alone, *wrong]
    tried = (f"{SERVING_DEFAULT}/{which}" for which in (LARGEST, EXPANDED))
    whole = _joined([answers[name] for name in tried if name in answers])
    # Without what is to be answered nothing can be compared.
    wrong = broken_invariants(whole, outputs(settings.heads))
    if any(output.name not in whole for output in outputs(settings.heads)):
        return [*alone, *wrong]
    return [
        *alone,
        *wrong,
        *_differing_doors(settings, requests, answers),
        *_differing_batches(settings, answers),
        *_wrong_scores(settings, requests, answers),
    ]


def _needs(trial: Trial) -> Iterator[str]:
    if trial.python_ops:
        yield f"its graph runs Python, in {', '.join(trial.python_ops)}, which no server can"
    if trial.unknown_ops:
        yield f"its graph has operations that TensorFlow has not: {', '.join(trial.unknown_ops)}"
    if trial.packages:
        yield f"answering needs {', '.join(trial.packages)} beside TensorFlow"


def _wrong_shapes(requests: Requests, answers: Mapping[str, Answers]) -> Iterator[str]:
    for name, request in requests.items():
        for output, values in answers[name].items():
            if values.shape != (request.rows,) or values.dtype != np.float32:
                yield (
                    f"{request.door} must answer {output} as float32 [{request.rows}] to "
                    f"{request.rows} rows, found {values.dtype} {list(values.shape)}"
                )


def _differing_doors(
    settings: ServingCheckSettings, requests: Requests, answers: Mapping[str, Answers]
) -> Iterator[str]:
    whole = answers[f"{SERVING_DEFAULT}/{LARGEST}"]
    trained = {output.name: whole[output.name] for output in outputs(settings.heads)}
    pairs = [
        ("serving_default and predict_columns", whole, answers[f"{PREDICT_COLUMNS}/{LARGEST}"]),
        ("training and serving_default", _packed(trained, answers), trained),
    ]
    if RANK in settings.asker().doors():
        expanded = answers[f"{SERVING_DEFAULT}/{EXPANDED}"]
        by_rank = _joined([answers[name] for name in ranked(requests)])
        pairs.append(("serving_default and rank", expanded, by_rank))
    for doors, left, right in pairs:
        name, gap = largest_gap(left, right)
        if not gap <= TOLERANCE:
            yield f"{doors} differ by {gap:.2g} in {name}"


def _packed(trained: Answers, answers: Mapping[str, Answers]) -> Answers:
    """Returns what the trained model says of the rows, of the outputs that the doors have."""
    found = answers[f"{SCORE_PACKED}/{LARGEST}"]
    return {name: found[name] for name in trained if name in found}


def _differing_batches(
    settings: ServingCheckSettings, answers: Mapping[str, Answers]
) -> Iterator[str]:
    for door in settings.asker().doors():
        whole = answers[f"{door}/{LARGEST}"]
        for size in SIZES[:-1]:
            rows = {name: values[:size] for name, values in whole.items()}
            name, gap = largest_gap(rows, answers[f"{door}/{size}"])
            if not gap <= TOLERANCE:
                yield (
                    f"a batch of {size} differs from the same rows in a batch of {LARGEST} by "
                    f"{gap:.2g} in {name}, through {door}"
                )
                break


def _wrong_scores(
    settings: ServingCheckSettings, requests: Requests, answers: Mapping[str, Answers]
) -> Iterator[str]:
    if settings.score is None:
        return
    tried = {f"{RANK}/{LARGEST}": (), f"{RANK}/{WEIGHTED}": settings.other_weights()}
    for request, weights in tried.items():
        if request not in requests:
            continue
        if SCORE not in answers[request]:
            yield f"{RANK} does not answer {SCORE}"
            return
        wrong = wrong_score(
            settings.score, weights, requests[request], answers[request], settings.inputs()
        )
        if wrong is not None:
            yield wrong


def _joined(parts: list[Answers]) -> dict[str, np.ndarray]:
    """Returns the rows of several answers, one after another."""
    names = [name for name in parts[0] if all(name in part for part in parts)]
    return {name: np.concatenate([part[name] for part in parts]) for name in names}

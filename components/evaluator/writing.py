"""Figures of slices -> one file, in an order that says what matters first."""

import uuid
from collections.abc import Iterable, Sequence

from tfx.dsl.io import fileio

from components.evaluator.slicing import OTHER
from evaluation.figures import FIGURES_FILE, Evaluation, SliceFigures


def ordered(
    slices: Iterable[tuple[float, SliceFigures]], features: Sequence[Sequence[str]]
) -> tuple[SliceFigures, ...]:
    """Returns figures in the order of the config, of one feature the slices with most rows first.

    All rows come before every slice, and what has no slice of its own after the others.

    Args:
        slices: rows and figures of each.
        features: what rows are sliced by, in the order of the config.
    """
    places = {tuple(crossed): place for place, crossed in enumerate([(), *features])}

    def place(told: tuple[float, SliceFigures]) -> tuple[int, bool, float, tuple[str, ...]]:
        rows, figures = told
        values = tuple(figures.slice.values())
        return places[tuple(figures.slice)], OTHER in values, -rows, values

    return tuple(figures for _, figures in sorted(slices, key=place))


def write_figures(
    slices: Iterable[tuple[float, str]],
    models: Sequence[str],
    features: Sequence[Sequence[str]],
    uri: str,
) -> None:
    """Writes FIGURES_FILE, an `Evaluation`, under another name first.

    Args:
        slices: rows of each, and its figures as JSON.
        models: that were evaluated, the candidate first.
        features: what rows were sliced by, in the order of the config.
        uri: of the artifact.
    """
    told = [(rows, SliceFigures.model_validate_json(text)) for rows, text in slices]
    evaluation = Evaluation(models=tuple(models), slices=ordered(told, features))
    path = f"{uri}/{FIGURES_FILE}"
    part = f"{path}.{uuid.uuid4().hex}.part"
    with fileio.open(part, "w") as file:
        file.write(evaluation.model_dump_json())
    fileio.rename(part, path, overwrite=True)

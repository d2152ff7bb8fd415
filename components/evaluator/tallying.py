"""A partition's users -> what counts, output by output, in each slice that they are in."""

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

import apache_beam as beam
import numpy as np
import numpy.typing as npt

from components.evaluator.scoring import (
    REQUEST,
    USER,
    answer_column,
    outcome_column,
    slice_column,
)
from components.evaluator.settings import EvaluatorSettings
from components.evaluator.slicing import Slice, Slicing
from components.evaluator.tallies import SliceTally
from components.log_example_gen.spill import Segment, read_segments
from evaluation.figures import CONSTANT, TRUTH
from evaluation.populations import counted
from evaluation.rows import FOLDS, Ints, Rows
from evaluation.tally import OutputTally
from schemas.heads import Output

# Bins of log-odds a model. With 4,096 AUC is exact to 1e-5; in slices, of which there may be many,
# with 1,024 to 2e-4: less than what is left to luck in any slice that is not small.
_ROOM, _ROOM_OF_SLICE = 16_384, 1024


@dataclasses.dataclass(frozen=True)
class Tallying:
    """How rows are counted.

    Attributes:
        settings: heads, columns and slices.
        models: that answered, the candidate first.
        constant: by output, what the constant model answers.
    """

    settings: EvaluatorSettings
    models: tuple[str, ...]
    constant: Mapping[str, float]

    def of(self, output: Output, in_slice: Slice) -> OutputTally:
        """Returns a tally of an output in a slice, of no rows yet."""
        room = _ROOM_OF_SLICE if in_slice else _ROOM
        models, at = self.answering(output), self.settings.evaluation.at
        return OutputTally(output.kind, models, at, room)

    def answering(self, output: Output) -> tuple[str, ...]:
        """Returns the models that answer an output: the truth is of probabilities only."""
        return tuple(name for name in self.models if name != TRUTH or output.kind == "rate")

    def nothing(self) -> SliceTally:
        """Returns a tally of all rows, of which there are none."""
        outputs = self.settings.outputs()
        return SliceTally(
            (), 0, {o.name: self.of(o, ()) for o in outputs}, {o.name: 0 for o in outputs}
        )


class Tally(beam.DoFn):
    """(partition, its segments) -> (slice, SliceTally), one for each slice that has rows.

    Args:
        tallying: how.
    """

    def __init__(self, tallying: Tallying):
        super().__init__()
        self._tallying = tallying

    def process(
        self, element: tuple[int, Iterable[Segment]], slicings: tuple[Slicing, ...]
    ) -> Iterator[tuple[Slice, SliceTally]]:
        """Counts one partition.

        Args:
            element: the partition.
            slicings: which slices there are, in the order of the config.
        """
        [batch] = read_segments(element[1]).values()
        columns = {name: batch.column(name).to_numpy() for name in batch.schema.names}
        del batch
        judged = [self._judged(output, columns) for output in self._tallying.settings.outputs()]
        everything = np.zeros(len(columns[USER]), np.int64)
        yield from self._tallies(everything, [()], judged)
        for number, slicing in enumerate(slicings):
            places = slicing.places(columns[slice_column(number)])
            yield from self._tallies(places, slicing.slices, judged)

    def _judged(self, output: Output, columns: Mapping[str, npt.NDArray]) -> "_Judged":
        settings = self._tallying.settings
        outcomes = {name: columns[outcome_column(name)] for name in settings.outcomes()}
        found = counted(output, settings.heads, outcomes)
        kept = found.kept
        answers = {}
        for model in self._tallying.answering(output):
            if model == CONSTANT:
                constant = self._tallying.constant[output.name]
                answers[model] = np.full(int(kept.sum()), constant)
            else:
                answers[model] = columns[answer_column(model, output.name)][kept].astype(np.float64)
        user = columns[USER][kept]
        request = columns[REQUEST][kept] if REQUEST in columns else None
        rows = Rows(
            found.label[kept], found.weight[kept], answers, user % FOLDS,
            user if settings.evaluation.user is not None else None, request,
        )  # fmt: skip
        return _Judged(output, kept, found.masked, rows)

    def _tallies(
        self, places: Ints, slices: Sequence[Slice], judged: Sequence["_Judged"]
    ) -> Iterator[tuple[Slice, SliceTally]]:
        """Yields a tally for each slice that has rows.

        Args:
            places: [N], which of the slices each row is in.
            slices: all there are.
            judged: the rows, output by output.
        """
        number = np.bincount(places, minlength=len(slices))
        parts = [each.by_place(places, len(slices)) for each in judged]
        for place in np.flatnonzero(number).tolist():
            tallies, masked = {}, {}
            for each, (split, left) in zip(judged, parts, strict=True):
                name = each.output.name
                tallies[name] = self._tallying.of(each.output, slices[place])
                tallies[name].add(split.rows(place))
                masked[name] = int(left[place])
            tally = SliceTally(slices[place], int(number[place]), tallies, masked)
            yield tally.slice, tally


@dataclasses.dataclass(frozen=True)
class _Judged:
    """The rows of an output: which of the partition's count, [N], which do not, what they are."""

    output: Output
    kept: npt.NDArray[np.bool_]
    masked: npt.NDArray[np.bool_]
    rows: Rows

    def by_place(self, places: Ints, slices: int) -> tuple["_Split", Ints]:
        """Returns the rows slice by slice, and of how many in each slice the label is masked."""
        of_kept = places[self.kept]
        order = np.argsort(of_kept, kind="stable")
        bounds = np.searchsorted(of_kept, np.arange(slices + 1), sorter=order)
        left = np.bincount(places[self.masked], minlength=slices)
        ordered = _taken(self.rows, lambda column: column[order])
        return _Split(ordered, bounds), left


@dataclasses.dataclass(frozen=True)
class _Split:
    """Rows in the order of their slices, and where each slice begins, [S + 1]."""

    ordered: Rows
    bounds: Ints

    def rows(self, place: int) -> Rows:
        """Returns a copy of the rows of one slice: a tally may keep it, and not all others."""
        part = slice(self.bounds[place], self.bounds[place + 1])
        return _taken(self.ordered, lambda column: column[part].copy())


def _taken(rows: Rows, take: Callable[[npt.NDArray], npt.NDArray]) -> Rows:
    return Rows(
        take(rows.label),
        take(rows.weight),
        {model: take(column) for model, column in rows.predictions.items()},
        take(rows.fold),
        None if rows.user is None else take(rows.user),
        None if rows.request is None else take(rows.request),
    )

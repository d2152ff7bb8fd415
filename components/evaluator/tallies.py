"""What was counted of the rows of a slice, output by output, and how it adds up."""

import dataclasses
from collections.abc import Iterable

import apache_beam as beam

from components.evaluator.slicing import Slice
from evaluation.figures import SliceFigures
from evaluation.tally import OutputTally


@dataclasses.dataclass
class SliceTally:
    """What was counted in one slice; it grows.

    Attributes:
        slice: of the rows; () is all.
        rows: how many there are, whether they count for an output or not.
        tallies: of each output.
        masked: by output, rows of its population that do not count.
    """

    slice: Slice
    rows: int
    tallies: dict[str, OutputTally]
    masked: dict[str, int]

    def merge(self, other: "SliceTally") -> None:
        """Counts what another one of the same slice counted as well."""
        self.rows += other.rows
        for name, tally in self.tallies.items():
            tally.merge(other.tallies[name])
            self.masked[name] += other.masked[name]

    def figures(self) -> SliceFigures:
        """Returns the figures; curves too of the slice of all rows."""
        return SliceFigures(
            slice=dict(self.slice),
            outputs={
                name: tally.summary(curves=not self.slice, masked=self.masked[name])
                for name, tally in self.tallies.items()
            },
        )


class MergeTallies(beam.CombineFn):
    """Tallies of one slice -> their sum, or None of nothing."""

    def create_accumulator(self) -> SliceTally | None:
        """Returns nothing yet."""
        return None

    def add_input(self, mutable_accumulator: SliceTally | None, element: SliceTally) -> SliceTally:
        """Counts a tally, which from now on may grow itself: nobody else has it."""
        if mutable_accumulator is None:
            return element
        mutable_accumulator.merge(element)
        return mutable_accumulator

    def merge_accumulators(self, accumulators: Iterable[SliceTally | None]) -> SliceTally | None:
        """Counts what was counted apart."""
        merged: SliceTally | None = None
        for tally in accumulators:
            if tally is not None:
                merged = self.add_input(merged, tally)
        return merged

    def extract_output(self, accumulator: SliceTally | None) -> SliceTally | None:
        """Returns the sum."""
        return accumulator

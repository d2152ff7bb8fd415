"""Examples -> what the models answer to them, spilled so that all rows of a user meet.

A row becomes a few numbers: whose it is, hashes of what it is sliced by, what happened and every
model's answers. They wait in files (see `components.log_example_gen.spill`), as a shuffle would
hold them in memory.
"""

import dataclasses
from collections.abc import Iterator, Sequence
from typing import Any

import apache_beam as beam
import numpy as np
import pyarrow as pa

from components.evaluator.answers import Models, Sources
from components.evaluator.keys import owners
from components.evaluator.settings import EvaluatorSettings
from components.evaluator.slicing import Values, merge, slice_values
from components.evaluator.truth import true_answers, truth_files
from components.log_example_gen.decode import Columns, read_columns
from components.log_example_gen.spill import Spill
from evaluation.figures import TRUTH
from evaluation.rows import FOLDS
from schemas.logs import IMPRESSION_ID

SEGMENTS, VALUES = "segments", "values"
USER, REQUEST = "user", "request"
_LOG = "rows"
# Rows that are held before they are spilled.
_HELD = 400_000


def slice_column(number: int) -> str:
    """Returns the column with the hashes of what rows are sliced by, by the place in the config."""
    return f"slice {number}"


def outcome_column(name: str) -> str:
    """Returns the column with what an example's column holds."""
    return f"outcome {name}"


def answer_column(model: str, output: str) -> str:
    """Returns the column with what a model answers."""
    return f"answer {model} {output}"


@dataclasses.dataclass(frozen=True)
class Scoring:
    """How examples are scored.

    Attributes:
        settings: which columns, slices and keys.
        sources: where answers come from.
        partitions: over how many partitions users are spread.
        folder: where rows wait.
    """

    settings: EvaluatorSettings
    sources: Sources
    partitions: int
    folder: str


class Score(beam.DoFn):
    """(place, path of a shard) -> (partition, Segment), and tagged VALUES (slicing, Values).

    Args:
        scoring: how.
    """

    def __init__(self, scoring: Scoring):
        super().__init__()
        self._scoring = scoring
        outputs = [output.name for output in scoring.settings.outputs()]
        self._models = Models(scoring.sources, outputs)

    def process(self, element: tuple[int, str]) -> Iterator[Any]:
        """Scores one shard."""
        place, path = element
        settings = self._scoring.settings
        held, values, rows, flushed = [], dict[int, list[Values]](), 0, 0
        with Spill(self._scoring.folder) as spill:
            for columns in read_columns([path], settings.columns, settings.read()):
                held.append(self._row_columns(columns, values))
                rows += len(columns.serialized)
                if rows >= _HELD:
                    yield from self._spill(spill, (place << 32) + flushed, path, held)
                    held, rows, flushed = [], 0, flushed + 1
                    values = {number: [merge(parts)] for number, parts in values.items()}
            if held:
                yield from self._spill(spill, (place << 32) + flushed, path, held)
        for number, parts in values.items():
            yield beam.pvalue.TaggedOutput(VALUES, (number, merge(parts)))

    def _row_columns(self, columns: Columns, values: dict[int, list[Values]]) -> pa.RecordBatch:
        """Returns a batch's rows; adds to `values` what they are sliced by."""
        settings = self._scoring.settings
        user, request = owners(columns, settings.evaluation)
        found: dict[str, Any] = {USER: user}
        if request is not None:
            found[REQUEST] = request
        for number, features in enumerate(settings.slices):
            found[slice_column(number)], there = slice_values(columns, features)
            values.setdefault(number, []).append(there)
        for name in settings.outcomes():
            found[outcome_column(name)] = columns.numbers[name].astype(np.float32)
        item = settings.evaluation.item
        answers = self._models.answer(columns.serialized, item and columns.texts[item])
        for model, of_model in answers.items():
            found |= {answer_column(model, name): each for name, each in of_model.items()}
        if settings.truth is not None:
            found[IMPRESSION_ID] = pa.array(columns.texts[IMPRESSION_ID].numpy(), pa.binary())
        return pa.RecordBatch.from_pydict(found)

    def _spill(
        self, spill: Spill, place: int, path: str, held: Sequence[pa.RecordBatch]
    ) -> Iterator[tuple[int, Any]]:
        table = pa.Table.from_batches(held)
        settings = self._scoring.settings
        if settings.truth is not None:
            ids = table.column(IMPRESSION_ID).combine_chunks().cast(pa.string())
            table = table.drop_columns(IMPRESSION_ID)
            truth = true_answers(ids, truth_files(settings.truth, path), settings.heads)
            for name, each in truth.items():
                table = table.append_column(answer_column(TRUTH, name), pa.array(each))
        # Of a user's hash the fold takes the remainder, the partition what is left.
        partition = table.column(USER).to_numpy() // FOLDS % self._scoring.partitions
        order = np.argsort(partition, kind="stable")
        batch = table.take(pa.array(order)).combine_chunks().to_batches()[0]
        found, starts = np.unique(partition[order], return_index=True)
        ends = [*starts[1:].tolist(), len(order)]
        for number, start, end in zip(found.tolist(), starts.tolist(), ends, strict=True):
            yield number, spill.write(_LOG, place, [batch.slice(start, end - start)])

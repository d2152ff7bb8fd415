"""What the Evaluator is told: heads, columns, slices, and by what rows belong together."""

from typing import Self

import pydantic

from evaluation.populations import outcome_columns
from schemas.columns import Column
from schemas.evaluation import EvaluationConfig
from schemas.heads import Heads, Output, outputs
from schemas.logs import IMPRESSION_ID
from schemas.strict import Strict


class EvaluatorSettings(Strict):
    """Everything that decides what is measured, apart from examples and models.

    Attributes:
        heads: of the models.
        columns: of an example, as `schemas.columns.example_columns` returns them.
        slices: the columns by whose values, or crosses of values, figures are told.
        evaluation: user, request and item columns, and the k of NDCG@k.
        truth: a glob of Parquet files in which `{SPAN}` stands for the date of an impression,
            with impression_id and for each label of a rate `p_<label>`: its probability given
            that its parent's event happened. None where it is not known.
        code: a hash of the code that evaluates: changed code, other figures.
    """

    heads: Heads
    columns: tuple[Column, ...]
    slices: tuple[tuple[str, ...], ...] = ()
    evaluation: EvaluationConfig = EvaluationConfig()
    truth: str | None = None
    code: str = ""

    @pydantic.model_validator(mode="after")
    def _columns_are_there(self) -> Self:
        self.outcomes()
        there = {column.name for column in self.columns}
        given = self.evaluation
        by = [given.user, given.request, given.item]
        wanted = [name for features in self.slices for name in features]
        for name in (IMPRESSION_ID, *filter(None, by), *wanted):
            if name not in there:
                raise ValueError(
                    f"rows are grouped or sliced by {name}, which an example does not have. "
                    f"It has: {', '.join(sorted(there))}"
                )
        return self

    def outputs(self) -> tuple[Output, ...]:
        """Returns what the models answer."""
        return outputs(self.heads)

    def outcomes(self) -> tuple[str, ...]:
        """Returns the columns that say what happened and which rows count."""
        return outcome_columns(self.heads, [column.name for column in self.columns])

    def keys(self) -> tuple[str, ...]:
        """Returns the columns of text that say which rows belong together."""
        given = self.evaluation
        found = (IMPRESSION_ID, given.user, given.request, given.item)
        return tuple(dict.fromkeys(name for name in found if name is not None))

    def read(self) -> frozenset[str]:
        """Returns the columns that have to be read."""
        sliced = (name for features in self.slices for name in features)
        return frozenset((*self.outcomes(), *self.keys(), *sliced))

"""What Popularity is told."""

from typing import Self

import pydantic

from evaluation.populations import outcome_columns
from schemas.columns import Column
from schemas.heads import Heads
from schemas.strict import Strict


class PopularitySettings(Strict):
    """Everything that decides the rates, apart from the examples.

    Attributes:
        heads: what rates there are.
        columns: of an example, as `schemas.columns.example_columns` returns them.
        item: the column whose values have rates; None for one rate over all only.
        code: a hash of the code that counts: changed code, other rates.
    """

    heads: Heads
    columns: tuple[Column, ...]
    item: str | None = None
    code: str = ""

    @pydantic.model_validator(mode="after")
    def _columns_are_there(self) -> Self:
        self.outcomes()
        texts = [column.name for column in self.columns if column.type == "text"]
        if self.item is not None and self.item not in texts:
            raise ValueError(
                f"popularity is by the item's column, and {self.item} is no column of text of an "
                f"example. Those are: {', '.join(texts) or 'none'}"
            )
        return self

    def outcomes(self) -> tuple[str, ...]:
        """Returns the columns that say what happened and which rows count."""
        return outcome_columns(self.heads, [column.name for column in self.columns])

"""The log of what was served: the scores that a model answered, one row an impression."""

import pydantic

from schemas.logs import Log

# The column, where there is one, that says which version of the model answered.
MODEL_VERSION = "model_version"
_FORMAT = ".parquet"


class Served(Log):
    """The Parquet files of served scores, beside the three logs.

    A row has the columns of `id`, its time, a column for each output of the model that was
    answered (ctr, cvr, ctcvr), and maybe `model_version` and the raw features as they were asked
    with. `funnelrank score` writes such files.

    Attributes:
        path: the glob, relative to `logs.root`; `{SPAN}` is the date of the row's time.
        id: the column, or the columns together, that name an impression, in the order in which
            the impressions log has them.
        time: when the score was served.
    """

    @pydantic.field_validator("path")
    @classmethod
    def _is_parquet(cls, path: str) -> str:
        if not path.endswith(_FORMAT):
            raise ValueError(
                f"served scores are read from Parquet: a path ends in {_FORMAT}, as in "
                f"served/{{SPAN}}/*.parquet. Received: {path!r}"
            )
        return path

    @pydantic.model_validator(mode="after")
    def _has_scores_only(self) -> "Served":
        for name in ("event_id", "value"):
            if getattr(self, name) is not None:
                raise ValueError(f"`{name}` is for clicks and conversions: a served score has none")
        return self

    def check(self, impressions: Log) -> None:
        """Checks that its ids can be those of impressions.

        Raises:
            ValueError: if they have another number of columns.
        """
        if len(self.id) != len(impressions.id):
            raise ValueError(
                "the id of served scores must have as many columns as that of impressions, in "
                f"the same order. Received: {list(self.id)} and {list(impressions.id)}"
            )

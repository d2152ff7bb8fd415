"""What an evaluation needs to know of the logs beside heads and features."""

from typing import Annotated

import pydantic

from schemas.strict import Strict


class EvaluationConfig(Strict):
    """By which columns rows belong together when a model is judged.

    Attributes:
        user: the column that says whose impression it was: GAUC is by user, and intervals treat
            a user's rows as one. Without it there is no GAUC.
        request: the column that says which impressions were shown together: NDCG and session AUC
            are by request; `group` of the config if absent.
        item: the column whose past rates are the popularity that the model stands beside; without
            it there is no such model.
        at: the k of NDCG@k.
    """

    user: str | None = None
    request: str | None = None
    item: str | None = None
    at: tuple[Annotated[int, pydantic.Field(ge=1)], ...] = (10,)

"""The doors of a served model: their names, and which raw columns each of them takes how often."""

from collections.abc import Iterable

from schemas.columns import Column
from schemas.features import Features

SERVING_DEFAULT = "serving_default"
PREDICT_COLUMNS = "predict_columns"
RANK = "rank"
TRANSFORM_FEATURES = "transform_features"
# Those that answer probabilities.
DOORS = (SERVING_DEFAULT, PREDICT_COLUMNS, RANK)
# The input of `rank` that stands for the weights of the score. On `predict_columns` it would keep
# servers from merging requests: all their inputs must have as many rows.
SCORE_WEIGHTS = "score_weights"
# Among the answers, where the config has one.
SCORE = "score"


def shared_columns(columns: Iterable[Column], features: Features) -> tuple[Column, ...]:
    """Returns the columns that `rank` takes once: what the candidates of a request have in common.

    Args:
        columns: the inputs of a model.
        features: the model's.
    """
    return tuple(column for column in columns if _shared(column, features))


def item_columns(columns: Iterable[Column], features: Features) -> tuple[Column, ...]:
    """Returns the columns that `rank` takes for each candidate.

    A number that only the score reads (a price) is one of them.
    """
    return tuple(column for column in columns if not _shared(column, features))


def _shared(column: Column, features: Features) -> bool:
    return column.name in features and features[column.name].side in ("user", "context")

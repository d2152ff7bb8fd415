"""Columns whose values say who somebody is: reports and logs do not show them."""

from collections.abc import Iterable

from schemas.features import Categorical, Features
from schemas.logs import HashSplit, Logs, TimeSplit

# A vocabulary of more values on the user's side may be one of people.
MOST_KINDS = 1000


def naming_columns(
    logs: Logs, split: TimeSplit | HashSplit, groups: Iterable[str]
) -> frozenset[str]:
    """Returns the columns that the config itself says name a person, a request or an event.

    Args:
        logs: the logs, with their ids.
        split: whose key holds rows together.
        groups: the columns of users, of requests and of what is ranked together.
    """
    told = logs.present().values()
    ids = {column for log in told for column in (*log.id, *filter(None, [log.event_id]))}
    key = {split.key} if isinstance(split, HashSplit) else set()
    return frozenset({*ids, *key, *groups})


def private_features(features: Features, naming: Iterable[str]) -> tuple[str, ...]:
    """Returns the features whose values are not shown, in their order.

    They are those that name somebody, and those of the user's side with a table of hashes or of a
    vocabulary of more than MOST_KINDS values; with what shares their tables.

    Args:
        features: of a model.
        naming: the columns that name somebody.
    """
    owners = {name for name, feature in features.items() if _of_many(feature)} | set(naming)
    return tuple(
        name
        for name, feature in features.items()
        if name in owners or getattr(feature, "shares", None) in owners
    )


def _of_many(feature: object) -> bool:
    if not isinstance(feature, Categorical) or feature.side != "user":
        return False
    known = feature.vocabulary
    return feature.hash is not None or (known is not None and known.max_size > MOST_KINDS)

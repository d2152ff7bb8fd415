"""The requests that a served model is tried with, made of rows of the evaluation split."""

from collections.abc import Mapping, Sequence

from components.serving_check.alone import TIMED
from components.serving_check.requests import Asker, Request, repeated
from schemas.doors import DOORS, RANK, SERVING_DEFAULT

# Of the warm-up, rows a request: the most a batch has, one, and what lies between.
SIZES = (1, 8, 64, 512)
LARGEST = max(SIZES)
EMPTY, EXPANDED, WEIGHTED = "empty", "expanded", "weighted"
# Users whose candidates are few, beside the first, who has all.
_USERS, _CANDIDATES = 15, 32

Requests = Mapping[str, Request]


def warm_up_requests(asker: Asker, examples: Sequence[bytes]) -> dict[str, Request]:
    """Returns a request of each size to each door, by name, DOOR/SIZE.

    Each holds the first rows of the largest; `rank` is asked about the first row's user.
    """
    rows = repeated(examples, LARGEST)
    return {
        f"{request.door}/{size}": request
        for size in SIZES
        for request in asker.each_door(rows[0], rows[:size])
    }


def recorded(requests: Requests) -> list[Request]:
    """Returns, of all that a trial asks, the requests of the warm-up."""
    names = {f"{door}/{size}" for door in DOORS for size in SIZES}
    return [request for name, request in requests.items() if name in names]


def trying_requests(
    asker: Asker, examples: Sequence[bytes], items: int, weights: Sequence[float]
) -> dict[str, Request]:
    """Returns what only a trial asks, by name.

    Requests of `items` rows that are timed, and they first; none at all; candidates of several
    users; other weights of the score.

    Args:
        asker: makes the requests.
        examples: the rows, at least one.
        items: how many rows are timed.
        weights: of the score, other than in its expression; none if it has none.
    """
    rows = repeated(examples, LARGEST)
    found: dict[str, Request] = {}
    for which, asked in ((TIMED, repeated(examples, items)), (EMPTY, [])):
        each = asker.each_door(rows[0], asked)
        found |= {f"{request.door}/{which}": request for request in each}
    if RANK in asker.doors():
        found |= _several_users(asker, examples)
        if weights:
            found[f"{RANK}/{WEIGHTED}"] = asker.rank(rows[0], rows, weights)
    return found


def _several_users(asker: Asker, examples: Sequence[bytes]) -> dict[str, Request]:
    """Returns requests to `rank`, and as one to `serving_default` what they ask in turn.

    The first of them is that of the warm-up.
    """
    rows = repeated(examples, LARGEST)
    found: dict[str, Request] = {}
    expanded = asker.expanded(rows[0], rows)
    for number, user in enumerate(repeated(examples, _USERS + 1)[1:], 1):
        start = number * _CANDIDATES
        candidates = rows[start : start + _CANDIDATES]
        found[f"{RANK}/{EXPANDED}-{number}"] = asker.rank(user, candidates)
        expanded += asker.expanded(user, candidates)
    return found | {f"{SERVING_DEFAULT}/{EXPANDED}": asker.serving_default(expanded)}


def ranked(requests: Requests) -> list[str]:
    """Returns the names of the requests to `rank` whose rows, in turn, are EXPANDED."""
    return [f"{RANK}/{LARGEST}", *(name for name in requests if f"{RANK}/{EXPANDED}-" in name)]

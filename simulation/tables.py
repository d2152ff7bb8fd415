"""Tables: what a shop logs of a chunk, and beside it the truth, as Arrow tables."""

import dataclasses

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from schemas.logs import IMPRESSION_ID, VALUE
from simulation.history import Histories
from simulation.outcomes import Outcomes
from simulation.shop import BRANDS, CATEGORIES, DEVICES, SEGMENTS, Ints, Shop
from simulation.traffic import Impressions
from simulation.truth import Truth

TIMESTAMP = "timestamp"

IMPRESSIONS = pa.schema(
    [
        (IMPRESSION_ID, pa.string()),
        (TIMESTAMP, pa.int64()),
        ("request_id", pa.string()),
        ("user_id", pa.string()),
        ("item_id", pa.string()),
        ("category", pa.string()),
        ("brand", pa.string()),
        ("device", pa.string()),
        ("hour", pa.string()),
        ("position", pa.int64()),
        ("price", pa.float64()),
        ("user_age", pa.float64()),
        ("user_segment", pa.string()),
        ("item_age_days", pa.float64()),
        ("history", pa.list_(pa.string())),
    ]
)
CLICKS = pa.schema([(IMPRESSION_ID, pa.string()), (TIMESTAMP, pa.int64())])
CONVERSIONS = CLICKS.append(pa.field(VALUE, pa.float64()))
TRUTH = pa.schema(
    [(IMPRESSION_ID, pa.string()), ("p_click", pa.float64()), ("p_conversion", pa.float64())]
)


@dataclasses.dataclass(frozen=True)
class Names:
    """The ids and words that stand for indices in the logs."""

    users: pa.Array
    items: pa.Array

    @classmethod
    def of(cls, shop: Shop) -> "Names":
        """Returns the names of the users and items of a shop."""
        return cls(
            users=_ids("u", np.arange(len(shop.users.segment)), 8),
            items=_ids("p", np.arange(len(shop.items.category)), 6),
        )


def impressions_table(
    shop: Shop, names: Names, impressions: Impressions, histories: Histories, logged: Ints
) -> pa.Table:
    """Returns the impressions log of a chunk, a line for each of the rows `logged`."""
    user, item = impressions.user[logged], impressions.item[logged]
    lengths, clicked = histories.of(user)
    users, items = shop.users, shop.items
    columns = [
        impression_ids(impressions.number[logged]),
        pa.array(impressions.timestamp[logged]),
        # A request is a list shown at one moment: called by the number of its first impression.
        _ids("r", (impressions.number - impressions.position + 1)[logged], 10),
        names.users.take(pa.array(user)),
        names.items.take(pa.array(item)),
        _words(CATEGORIES, items.category[item]),
        _words(BRANDS, items.brand[item]),
        _words(DEVICES, impressions.device[logged]),
        _words(tuple(str(hour) for hour in range(24)), impressions.hour[logged]),
        pa.array(impressions.position[logged]),
        pa.array(impressions.price[logged]),
        pa.array(users.age[user], mask=~users.age_known[user]),
        _words(SEGMENTS, users.segment[user]),
        pa.array(impressions.item_age_days[logged]),
        pa.ListArray.from_arrays(
            pa.array(np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)),
            names.items.take(pa.array(clicked)),
        ),
    ]
    return pa.Table.from_arrays(columns, schema=IMPRESSIONS)


def clicks_table(impressions: Impressions, outcomes: Outcomes) -> pa.Table:
    """Returns the clicks log of a chunk, in order of time, repeated clicks among them."""
    row = np.concatenate([outcomes.clicked, outcomes.repeated])
    time = np.concatenate([outcomes.click_time, outcomes.repeat_time])
    order = np.argsort(time, kind="stable")
    return pa.Table.from_arrays(
        [impression_ids(impressions.number[row[order]]), pa.array(time[order])], schema=CLICKS
    )


def conversions_table(impressions: Impressions, outcomes: Outcomes) -> pa.Table:
    """Returns the conversions log of a chunk, in order of time; the value is the price paid."""
    order = np.argsort(outcomes.conversion_time, kind="stable")
    row = outcomes.converted[order]
    return pa.Table.from_arrays(
        [
            impression_ids(impressions.number[row]),
            pa.array(outcomes.conversion_time[order]),
            pa.array(impressions.price[row]),
        ],
        schema=CONVERSIONS,
    )


def truth_table(impressions: Impressions, truth: Truth) -> pa.Table:
    """Returns the true probabilities of a chunk, one row for each distinct impression."""
    return pa.Table.from_arrays(
        [
            impression_ids(impressions.number),
            pa.array(truth.click),
            pa.array(truth.conversion),
        ],
        schema=TRUTH,
    )


def impression_ids(number: Ints) -> pa.Array:
    """Returns the impression ids of running numbers, [N]."""
    return _ids("i", number, 10)


def _ids(letter: str, number: Ints, digits: int) -> pa.Array:
    padded = pc.utf8_lpad(pa.array(number).cast(pa.string()), digits, "0")
    return pc.binary_join_element_wise(letter, padded, "")


def _words(words: tuple[str, ...], index: npt.NDArray[np.int64]) -> pa.Array:
    return pa.array(words).take(pa.array(index))

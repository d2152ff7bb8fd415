"""The rows of the logs, a chunk at a time: impressions and the events that follow them.

A few impressions are there twice. 5 % are clicked, mostly in time, and 10 % of clicks convert; some
events are there twice, come too late or belong to no impression.
"""

import dataclasses
import datetime

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

FIRST_DAY = datetime.date(2024, 5, 1)
# 00:00 UTC of it, in seconds since 1970.
FIRST_SECOND = (FIRST_DAY - datetime.date(1970, 1, 1)).days * 86400
CLICK_WINDOW = 3600
CONVERSION_WINDOW = 3 * 86400

_SEED = 20240501
_DEVICES = ("phone", "tablet", "desktop", "tv")
_SYSTEMS = ("android", "ios", "windows", "macos", "linux")
_PLACES = ("home", "search", "category", "product", "cart", "mail")


@dataclasses.dataclass(frozen=True)
class Chunk:
    """Impressions and the events that follow them."""

    impressions: pa.Table
    clicks: pa.Table
    conversions: pa.Table


def chunk(start: int, size: int, rows_a_day: int) -> Chunk:
    """Returns the impressions number `start` to `start + size`, and their events.

    Args:
        start: number of the first one; the same chunk has the same rows.
        size: how many, repeated ones aside.
        rows_a_day: how many a day has, which says when each of them is.
    """
    rng = np.random.default_rng([_SEED, start])
    number = np.arange(start, start + size)
    time = FIRST_SECOND + number * 86400 // rows_a_day
    impressions = _impressions(rng, number, time)
    again = np.flatnonzero(rng.random(size) < 0.002)  # sent twice, some a second later
    repeated = impressions.take(again)
    late = pc.add(repeated["timestamp"], number[again] % 2)
    impressions = pa.concat_tables([impressions, repeated.set_column(1, "timestamp", late)])

    clicked = rng.random(size) < 0.05
    clicks = _follow(rng, number[clicked], time[clicked], seconds=300, late=CLICK_WINDOW)
    converted = rng.random(len(clicks.number)) < 0.1
    bought = clicks.number[converted], clicks.time[converted]
    conversions = _follow(rng, *bought, seconds=21_600, late=CONVERSION_WINDOW)
    cents = (conversions.number * 7919 + conversions.time) % 10_000  # the same if it is there twice
    return Chunk(
        impressions,
        pa.table({"impression_id": _ids(clicks.number), "timestamp": clicks.time}),
        pa.table(
            {
                "impression_id": _ids(conversions.number),
                "timestamp": conversions.time,
                "price": cents / 100,
            }
        ),
    )


@dataclasses.dataclass(frozen=True)
class _Events:
    number: np.ndarray
    time: np.ndarray


def _follow(
    rng: np.random.Generator, number: np.ndarray, time: np.ndarray, seconds: int, late: int
) -> _Events:
    """Returns what follows; 3 % each outside the window, again later, twice, and orphans."""
    size = len(number)
    when = time + rng.exponential(seconds, size).astype(np.int64)
    when = np.where(rng.random(size) < 0.03, time + late + 60, when)
    number = np.where(rng.random(size) < 0.03, number + 2**40, number)
    again, twice = (np.flatnonzero(rng.random(size) < 0.03) for _ in range(2))
    return _Events(
        np.concatenate([number, number[again], number[twice]]),
        np.concatenate([when, when[again] + 45, when[twice]]),
    )


def _ids(number: np.ndarray) -> pa.Array:
    """Returns 16 hexadecimal digits that look random, different for different numbers."""
    mixed = (number.astype(np.uint64) + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(31))) * np.uint64(0xBF58476D1CE4E5B9)
    return pa.array(np.frombuffer(mixed.astype(">u8").tobytes().hex().encode(), "S16")).cast("str")


def _impressions(rng: np.random.Generator, number: np.ndarray, time: np.ndarray) -> pa.Table:
    size = len(number)

    def skewed(count: int) -> np.ndarray:
        return (count * rng.random(size) ** 3).astype(np.int64)

    def among(words: list[str], missing: float = 0.0) -> pa.Array:
        codes = pa.array(skewed(len(words)), mask=rng.random(size) < missing)
        return pa.array(words).take(codes)

    def rounded(values: np.ndarray, digits: int, missing: float = 0.0) -> pa.Array:
        return pa.array(np.round(values, digits), mask=rng.random(size) < missing)

    item = skewed(50_000)
    return pa.table(
        {
            "impression_id": _ids(number),
            "timestamp": time,
            "user_id": 1_000_000 + skewed(200_000),
            "item_id": 10_000 + item,
            "seller_id": item % 997,
            "category": pa.array([f"category-{i}" for i in range(40)]).take(pa.array(item % 40)),
            "brand": among([f"brand-{i}" for i in range(2000)], missing=0.05),
            "city": among([f"city-{i}" for i in range(300)], missing=0.01),
            "device": among(list(_DEVICES)),
            "system": among(list(_SYSTEMS)),
            "app_version": among([f"{a}.{b}.{c}" for a in (7, 6) for b in range(9) for c in "03"]),
            "place": among(list(_PLACES)),
            "segment": among([f"segment-{i}" for i in range(12)], missing=0.1),
            "position": rng.integers(0, 40, size),
            "hour": time // 3600 % 24,
            "age": rounded(rng.normal(40, 12, size), 0, missing=0.1),
            "price": rounded(rng.lognormal(3, 1, size), 2),
            "discount": rounded(rng.random(size) * (rng.random(size) < 0.3), 2),
            "item_rate": rounded(rng.beta(2, 40, size), 5),
            "user_rate": rounded(rng.beta(2, 40, size), 5, missing=0.02),
            "distance": rounded(rng.exponential(30, size), 3),
            "history": _histories(rng, size),
        }
    )


def _histories(rng: np.random.Generator, size: int) -> pa.Array:
    """Returns lists of 10 items on average, some empty."""
    lengths = np.where(rng.random(size) < 0.05, 0, rng.integers(1, 21, size))
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)
    items = 10_000 + (50_000 * rng.random(offsets[-1]) ** 3).astype(np.int64)
    return pa.ListArray.from_arrays(offsets, items)

"""Impressions of the simulated shop, with the true rates, straight from its pieces in memory."""

import numpy as np

from benchmarks.ladders.rows import Rows
from benchmarks.learning.packing import pack
from schemas.features import Categorical, Features, Numeric, Vocabulary
from schemas.layout import make_layout
from simulation.outcomes import happen
from simulation.settings import Settings
from simulation.shop import Shop, open_shop
from simulation.traffic import Impressions, plan, visit
from simulation.truth import calibrate, reveal

TRAIN, TEST = 300_000, 100_000
DAYS = 8


def _categorical(side: str, most: int, width: int, least: int = 1) -> Categorical:
    vocabulary = Vocabulary(max_size=most, min_count=least)
    return Categorical(kind="categorical", side=side, vocabulary=vocabulary, width=width)


def features() -> Features:
    """Returns the inputs of configs/demo.yaml, but for the history."""
    return {
        "user_id": _categorical("user", 20_000, 8, 2),
        "user_segment": _categorical("user", 16, 8),
        "user_age": Numeric(
            kind="numeric", side="user", transform="quantiles", buckets=10, width=8
        ),
        "item_id": _categorical("item", 10_000, 8, 2),
        "category": _categorical("item", 32, 8),
        "brand": _categorical("item", 64, 8),
        "price": Numeric(kind="numeric", side="item", transform="log"),
        "item_age_days": Numeric(kind="numeric", side="item", transform="log"),
        "device": _categorical("context", 8, 8),
        "hour": _categorical("context", 24, 8),
        "position": _categorical("context", 16, 8),
    }


def simulated(seed: int) -> Rows:
    """Returns the impressions of one shop, the last quarter of them to be judged on."""
    settings = Settings(impressions=TRAIN + TEST, days=DAYS, seed=seed)
    shop = open_shop(settings)
    biases = calibrate(settings, shop)
    columns, labels, cvr = [], [], []
    for chunk in plan(settings):
        seen = visit(settings, shop, chunk)
        truth = reveal(shop, biases, seen)
        outcomes = happen(settings, chunk, seen, truth)
        happened = np.zeros((chunk.rows, 2), np.float32)
        happened[outcomes.clicked, 0] = 1
        happened[outcomes.converted, 1] = 1
        columns.append(logged(shop, seen))
        labels.append(happened)
        cvr.append(truth.conversion)
    joined = {name: np.concatenate([part[name] for part in columns]) for name in columns[0]}
    taught = np.arange(TRAIN + TEST) < TRAIN
    inputs = features()
    layout = make_layout(inputs)
    packed = pack(layout, inputs, joined, taught)
    return Rows(layout, packed, np.concatenate(labels), taught, ~taught, np.concatenate(cvr))


def logged(shop: Shop, seen: Impressions) -> dict[str, np.ndarray]:
    """Returns what the shop logs of a chunk, words as their numbers."""
    users, items = shop.users, shop.items
    return {
        "user_id": seen.user,
        "user_segment": users.segment[seen.user],
        "user_age": np.where(users.age_known[seen.user], users.age[seen.user], np.nan),
        "item_id": seen.item,
        "category": items.category[seen.item],
        "brand": items.brand[seen.item],
        "price": seen.price,
        "item_age_days": seen.item_age_days,
        "device": seen.device,
        "hour": seen.hour,
        "position": seen.position,
    }

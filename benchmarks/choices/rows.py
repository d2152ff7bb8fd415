"""Impressions of the simulated shop with the users' histories, grouped by user."""

import dataclasses

import numpy as np

from benchmarks.ladders.rows import Rows
from benchmarks.ladders.simulated import features, logged
from benchmarks.learning.packing import pack
from schemas.features import Sequence
from schemas.layout import GROUP, make_layout
from simulation.history import MAX_HISTORY, Histories
from simulation.outcomes import happen
from simulation.settings import Settings
from simulation.shop import open_shop
from simulation.traffic import plan, visit
from simulation.truth import calibrate, reveal

TRAIN, TEST = 240_000, 80_000
DAYS = 8


def impressions(seed: int) -> Rows:
    """Returns the impressions of one shop, the last quarter of them to be judged on."""
    settings = Settings(impressions=TRAIN + TEST, days=DAYS, seed=seed)
    shop, histories = open_shop(settings), Histories(settings.num_users)
    biases = calibrate(settings, shop)
    parts, labels, cvr = [], [], []
    for chunk in plan(settings):
        histories.advance(chunk.begin)
        seen = visit(settings, shop, chunk)
        truth = reveal(shop, biases, seen)
        outcomes = happen(settings, chunk, seen, truth)
        lengths, items = histories.of(seen.user)
        clicked = outcomes.clicked
        histories.tell(seen.user[clicked], seen.item[clicked], outcomes.click_time)
        happened = np.zeros((chunk.rows, 2), np.float32)
        happened[clicked, 0] = 1
        happened[outcomes.converted, 1] = 1
        history = np.empty(chunk.rows, object)
        history[:] = np.split(items, np.cumsum(lengths)[:-1])
        parts.append({**logged(shop, seen), "history": history})
        labels.append(happened)
        cvr.append(truth.conversion)
    joined = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    taught = np.arange(TRAIN + TEST) < TRAIN
    inputs = {
        **features(),
        "history": Sequence(kind="sequence", side="user", shares="item_id", max_length=MAX_HISTORY),
    }
    layout = dataclasses.replace(make_layout(inputs), group=True)
    packed = pack(layout, inputs, joined, taught)
    packed[GROUP] = joined["user_id"].astype(np.int64)[:, np.newaxis]
    return Rows(layout, packed, np.concatenate(labels), taught, ~taught, np.concatenate(cvr))

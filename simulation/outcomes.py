"""Outcomes: which impressions are clicked, which clicks convert, when, and the logs' blemishes."""

import dataclasses

import numpy as np

from simulation.randomness import Stream, generator
from simulation.settings import Settings
from simulation.shop import Floats, Ints
from simulation.traffic import Chunk, Impressions
from simulation.truth import Truth

MAX_CLICK_SECONDS = 3_600
MAX_CONVERSION_SECONDS = 3 * 86_400

_REPEAT_SECONDS = 60
_DUPLICATED = 0.005
_REPEATED = 0.01


@dataclasses.dataclass(frozen=True)
class Outcomes:
    """What became of a chunk of impressions; rows index into it.

    Attributes:
        logged: [N + duplicates] row of each line of the impressions log; a duplicate follows its
            original.
        clicked: [K] row of each clicked impression.
        click_time: [K] second of its first click, less than an hour after the impression.
        repeated: [R] row of each impression that is clicked again.
        repeat_time: [R] second of that second click, within the same hour.
        converted: [V] row of each converted impression.
        conversion_time: [V] second of its conversion, a minute to three days after its click.
    """

    logged: Ints
    clicked: Ints
    click_time: Ints
    repeated: Ints
    repeat_time: Ints
    converted: Ints
    conversion_time: Ints


def happen(settings: Settings, chunk: Chunk, impressions: Impressions, truth: Truth) -> Outcomes:
    """Returns what becomes of the impressions of a chunk, drawn from their true probabilities."""
    rng = generator(settings.seed, Stream.OUTCOMES, chunk.day, chunk.part)
    clicked = np.flatnonzero(rng.random(chunk.rows) < truth.click)
    click_time = impressions.timestamp[clicked] + click_seconds(rng, len(clicked))
    again = rng.random(len(clicked)) < _REPEATED
    pause = rng.integers(1, _REPEAT_SECONDS, int(again.sum()))
    buys = rng.random(len(clicked)) < truth.conversion[clicked]
    wait = conversion_seconds(rng, int(buys.sum()))
    lines = np.where(rng.random(chunk.rows) < _DUPLICATED, 2, 1)
    return Outcomes(
        logged=np.repeat(np.arange(chunk.rows), lines),
        clicked=clicked,
        click_time=click_time,
        repeated=clicked[again],
        repeat_time=click_time[again] + pause,
        converted=clicked[buys],
        conversion_time=click_time[buys] + wait,
    )


def click_seconds(rng: np.random.Generator, count: int) -> Ints:
    """Returns [count] delays from impression to click: 20 seconds in the middle, below an hour.

    They leave room for a second click within the hour.
    """
    longest = MAX_CLICK_SECONDS - _REPEAT_SECONDS - 1
    return np.clip(rng.lognormal(np.log(20), 1.2, count), 1, longest).astype(np.int64)


def conversion_seconds(rng: np.random.Generator, count: int) -> Ints:
    """Returns [count] delays from click to conversion: 3 hours in the middle, with a long tail.

    The tail is cut just below three days, by drawing later ones again, so that a window of three
    days loses no conversion.
    """
    delays = _long_tail(rng, count)
    while (late := delays >= MAX_CONVERSION_SECONDS).any():
        delays[late] = _long_tail(rng, int(late.sum()))
    return np.maximum(delays, 60).astype(np.int64)


def _long_tail(rng: np.random.Generator, count: int) -> Floats:
    return rng.lognormal(np.log(3 * 3600), 1.8, count)

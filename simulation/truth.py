"""The truth: P(click) and P(conversion | click) of every impression.

Both are logistic in a sum of effects. They share affinity, quality and part of the appetites, so
that clicked impressions are a biased sample of all impressions where conversions are concerned.
"""

import dataclasses

import numpy as np

from simulation.settings import Settings
from simulation.shop import Floats, Shop
from simulation.traffic import DAY_SECONDS, Chunk, Impressions, first_second, visit

_CLICK_DEVICE = (0.25, -0.3, 0.0)
_CONVERSION_DEVICE = (-0.4, 0.5, 0.1)
_SAMPLES = 8
_SAMPLE_ROWS = 65_536
_SAMPLE_PART = 2**31


@dataclasses.dataclass(frozen=True)
class Biases:
    """The constants of the two logits, which set the mean rates."""

    click: float
    conversion: float


@dataclasses.dataclass(frozen=True)
class Truth:
    """What no shop ever learns; each array is [N].

    Attributes:
        click: P(click).
        conversion: P(conversion | click), defined on every impression.
    """

    click: Floats
    conversion: Floats


def sigmoid(logit: Floats) -> Floats:
    """Returns 1 / (1 + exp(-logit)), without overflow."""
    return 0.5 * (1.0 + np.tanh(0.5 * logit))


def logits(shop: Shop, impressions: Impressions) -> tuple[Floats, Floats]:
    """Returns the logits of click and of conversion given click, [N] each, before their biases."""
    users, items = shop.users, shop.items
    user, item = impressions.user, impressions.item
    affinity = np.einsum("nk,nk->n", users.taste[user], items.taste[item])
    dearness = np.log(impressions.price / 30)
    evening = np.cos(2 * np.pi * (impressions.hour - 20) / 24)
    staleness = np.log1p(impressions.item_age_days / 30)
    click = (
        users.click_appetite[user]
        + items.click_appeal[item]
        + affinity
        + np.array(_CLICK_DEVICE)[impressions.device]
        + 0.3 * evening
        - 0.2 * dearness
        - 0.2 * staleness
        - 0.7 * np.log(impressions.position)
    )
    conversion = (
        users.conversion_appetite[user]
        + items.conversion_appeal[item]
        + 0.6 * affinity
        + np.array(_CONVERSION_DEVICE)[impressions.device]
        + 0.15 * evening
        - 0.6 * dearness
    )
    return click, conversion


def calibrate(settings: Settings, shop: Shop) -> Biases:
    """Returns the biases that bring the mean rates to `settings`.

    They are solved once, on a sample of traffic from all over the days that is in no log, so
    that every chunk of a simulation shares one truth.
    """
    samples = [logits(shop, visit(settings, shop, chunk)) for chunk in _sample_chunks(settings)]
    click, conversion = (np.concatenate(logit) for logit in zip(*samples, strict=True))
    click_bias = _solve(click, np.ones(len(click)), settings.click_rate)
    # The rate of conversions is one over clicks: weigh each impression by its chance of one.
    clicked = sigmoid(click + click_bias)
    return Biases(click_bias, _solve(conversion, clicked, settings.conversion_rate))


def reveal(shop: Shop, biases: Biases, impressions: Impressions) -> Truth:
    """Returns the true probabilities of impressions."""
    click, conversion = logits(shop, impressions)
    return Truth(sigmoid(click + biases.click), sigmoid(conversion + biases.conversion))


def _sample_chunks(settings: Settings) -> list[Chunk]:
    """Returns chunks of whole days, with part numbers (and so random streams) no plan has."""
    days = [sample * settings.days // _SAMPLES for sample in range(_SAMPLES)]
    begin = first_second(settings)
    return [
        Chunk(day, _SAMPLE_PART + sample, 0, _SAMPLE_ROWS, begin + day * DAY_SECONDS, 0.0, 1.0)
        for sample, day in enumerate(days)
    ]


def _solve(logit: Floats, weight: Floats, rate: float) -> float:
    """Returns the bias with which the weighted mean probability is `rate`, by bisection."""
    low, high = -50.0, 50.0
    for _ in range(50):
        middle = (low + high) / 2
        if np.average(sigmoid(logit + middle), weights=weight) < rate:
            low = middle
        else:
            high = middle
    return (low + high) / 2

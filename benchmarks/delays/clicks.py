"""Clicks of which the chance of a conversion and the law of its delay are known.

Campaigns and segments have conversion rates of their own. Those of the campaigns walk from day to
day, and every day some campaigns end and new ones begin, so that old labels teach less of tomorrow.
A conversion comes within minutes, hours or days; which of them is likely hangs on the campaign and
the segment, so that what has not come yet is not spread evenly.
"""

import dataclasses
from collections.abc import Mapping

import numpy as np

from schemas.features import Categorical, Features, Numeric
from schemas.layout import make_layout

DAY = 86_400
DAYS = 15  # of clicks before the cut-off
WINDOW = 5 * DAY  # a conversion counts until so long after its click
CLICKS = 10_000  # a day
JUDGED = 50_000  # clicks of the day after
CAMPAIGNS, SEGMENTS = 200, 30
LIFE = 25  # days of a campaign
MEANS = np.array([20 * 60, 10 * 3600, 3 * DAY])  # of the three exponentials, seconds

FEATURES: Features = {
    "campaign": Categorical(kind="categorical", side="item", hash=CAMPAIGNS, width=8),
    "segment": Categorical(kind="categorical", side="user", hash=SEGMENTS, width=8),
    "interest": Numeric(kind="numeric", side="user"),
    "haste": Numeric(kind="numeric", side="user"),
}
LAYOUT = make_layout(FEATURES)


@dataclasses.dataclass(frozen=True)
class Clicks:
    """Clicked rows, [N] each.

    Attributes:
        inputs: the packed tensors.
        age: seconds from the click to the cut-off; negative after it.
        delay: seconds from the click to the conversion; infinite if none comes in the window.
        rate: the true chance of a conversion in the window.
    """

    inputs: Mapping[str, np.ndarray]
    age: np.ndarray
    delay: np.ndarray
    rate: np.ndarray

    def take(self, rows: np.ndarray) -> "Clicks":
        """Returns some of the rows, bool [N]."""
        return Clicks(
            {name: values[rows] for name, values in self.inputs.items()},
            self.age[rows],
            self.delay[rows],
            self.rate[rows],
        )


def simulate(seed: int, clicks: int = CLICKS, judged: int = JUDGED) -> tuple[Clicks, Clicks]:
    """Returns the clicks of `DAYS` days before the cut-off, and those of the day after.

    Args:
        seed: of the world and of what happens in it.
        clicks: a day, before the cut-off.
        judged: clicks of the day after.
    """
    random = np.random.default_rng(seed)
    begins = random.uniform(-LIFE, DAYS, CAMPAIGNS)
    world = {
        "begins": begins,
        "campaign": random.normal(0, 0.8, CAMPAIGNS),
        "walk": np.cumsum(random.normal(0, 0.15, (CAMPAIGNS, DAYS + 1)), axis=1),
        "segment": random.normal(0, 0.6, SEGMENTS),
        "slow_campaign": random.normal(0, 0.8, CAMPAIGNS),
        "slow_segment": random.normal(0, 0.5, SEGMENTS),
    }
    before = _clicks(random, world, random.uniform(0, DAYS, clicks * DAYS))
    return before, _clicks(random, world, random.uniform(DAYS, DAYS + 1, judged))


def _clicks(
    random: np.random.Generator, world: Mapping[str, np.ndarray], day: np.ndarray
) -> Clicks:
    """Returns a click at each time, in days since the first one may come."""
    rows = len(day)
    # Campaigns run one beside the other: a random one of those that run that day.
    running = (world["begins"] <= np.arange(DAYS + 1)[:, None]) & (
        world["begins"] + LIFE > np.arange(DAYS + 1)[:, None]
    )  # [days, campaigns]
    order = np.argsort(~running, axis=1, kind="stable")
    whole = day.astype(int)
    campaign = order[whole, (random.random(rows) * running.sum(axis=1)[whole]).astype(int)]
    segment = random.integers(0, SEGMENTS, rows)
    interest, haste = random.normal(size=(2, rows))
    logit = -1.5 + world["campaign"][campaign] + world["walk"][campaign, whole]
    chance = _sigmoid(logit + world["segment"][segment] + 0.5 * interest)
    slow = world["slow_campaign"][campaign] + world["slow_segment"][segment] - 0.5 * haste
    law = _law(slow)
    kind = (random.random(rows)[:, None] > np.cumsum(law, axis=1)).sum(axis=1)
    delay = random.exponential(MEANS[np.minimum(kind, len(MEANS) - 1)])
    comes = (random.random(rows) < chance) & (delay <= WINDOW)
    offset = LAYOUT.tables["segment"].offset
    return Clicks(
        {
            LAYOUT.ids_name(8): np.stack([1 + campaign, offset + 1 + segment], axis=1),
            LAYOUT.dense_name(): np.stack([interest, haste], axis=1).astype(np.float32),
        },
        age=(DAYS - day) * DAY,
        delay=np.where(comes, delay, np.inf),
        rate=chance * (law * -np.expm1(-WINDOW / MEANS)).sum(axis=1),
    )


def _law(slow: np.ndarray) -> np.ndarray:
    """Returns the chances of minutes, hours and days, [N, 3]: the slower, the more days."""
    odds = np.exp(np.stack([np.zeros_like(slow), slow, 0.7 + 0.5 * slow], axis=1))
    return odds / odds.sum(axis=1, keepdims=True)


def _sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))

"""The shop: who visits it and what it sells, with the tastes that no log shows.

Most of what moves a shopper can be told from logged attributes (segment, category, brand, price)
and popular ids; a modest part is each user's and item's own, as it is in a real shop.
"""

import dataclasses

import numpy as np
import numpy.typing as npt

from simulation.randomness import Stream, choose, correlated_levels, generator, shuffled_levels
from simulation.settings import Settings

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

SEGMENTS = ("students", "families", "professionals", "retirees", "bargain", "luxury")
CATEGORIES = (
    *("books", "electronics", "fashion", "garden", "grocery"),
    *("health", "home", "sports", "toys", "travel"),
)
DEVICES = ("mobile", "desktop", "tablet")
BRANDS = tuple(f"brand_{number:02d}" for number in range(24))

_SEGMENT_SHARES = (0.2, 0.22, 0.2, 0.14, 0.14, 0.1)
_SEGMENT_AGES = (22.0, 39.0, 36.0, 68.0, 45.0, 50.0)
_DEVICE_SHARES = (0.6, 0.3, 0.1)
_TASTES = 3
_AFFINITY_DEVIATION = 0.4


@dataclasses.dataclass(frozen=True)
class Users:
    """Shoppers; each array holds one entry a user.

    Attributes:
        activity: running sum of how often they come; long-tailed.
        segment: index into `SEGMENTS`.
        device: index into `DEVICES`, of the one they mostly use.
        age: in years.
        age_known: whether the shop knows the age.
        taste: [U, 3] latent; its dot product with an item's is the affinity.
        click_appetite: logit that the user adds to every click.
        conversion_appetite: logit that the user adds to every conversion; correlated with the
            click appetite, not equal to it.
    """

    activity: Floats
    segment: Ints
    device: Ints
    age: Floats
    age_known: npt.NDArray[np.bool_]
    taste: npt.NDArray[np.float32]
    click_appetite: npt.NDArray[np.float32]
    conversion_appetite: npt.NDArray[np.float32]


@dataclasses.dataclass(frozen=True)
class Items:
    """Products; each array holds one entry an item.

    Attributes:
        popularity: running sum of how often they are shown; long-tailed.
        category: index into `CATEGORIES`.
        brand: index into `BRANDS`.
        price: without promotion.
        age_days: days on sale at the start of the simulation.
        taste: [I, 3] latent.
        click_appeal: logit that the item adds to every click.
        conversion_appeal: logit that the item adds to every conversion.
    """

    popularity: Floats
    category: Ints
    brand: Ints
    price: Floats
    age_days: Floats
    taste: npt.NDArray[np.float32]
    click_appeal: npt.NDArray[np.float32]
    conversion_appeal: npt.NDArray[np.float32]


@dataclasses.dataclass(frozen=True)
class Shop:
    """The users and the items."""

    users: Users
    items: Items


def open_shop(settings: Settings) -> Shop:
    """Returns the shop of `settings.seed` with its users and items."""
    rng = generator(settings.seed, Stream.SHOP)
    segment_taste, category_taste = _tastes(rng)
    return Shop(
        users=_users(rng, settings.num_users, segment_taste),
        items=_items(rng, settings.num_items, category_taste),
    )


def _tastes(rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Returns the tastes of segments and categories, scaled so that affinity has a known spread.

    Both are centred: appetites and appeals hold the main effects.
    """
    segments = rng.normal(size=(len(SEGMENTS), _TASTES))
    categories = rng.normal(size=(len(CATEGORIES), _TASTES))
    segments -= segments.mean(axis=0)
    categories -= categories.mean(axis=0)
    scale = np.sqrt(_AFFINITY_DEVIATION / (segments @ categories.T).std())
    return segments * scale, categories * scale


def _users(rng: np.random.Generator, count: int, segment_taste: Floats) -> Users:
    segment = choose(rng, np.cumsum(_SEGMENT_SHARES), count)
    age = np.clip(np.array(_SEGMENT_AGES)[segment] + rng.normal(0, 6, count), 16, 95).round()
    segment_click = shuffled_levels(rng, len(SEGMENTS), 0.4)
    segment_conversion = correlated_levels(rng, segment_click, 0.6, 0.45)
    own = rng.normal(size=(3, count))
    taste = segment_taste[segment] + rng.normal(0, 0.12, (count, _TASTES))
    return Users(
        activity=np.cumsum(rng.lognormal(0, 1, count)),
        segment=segment,
        device=choose(rng, np.cumsum(_DEVICE_SHARES), count),
        age=age,
        age_known=rng.random(count) >= 0.08,
        taste=taste.astype(np.float32),
        click_appetite=(segment_click[segment] + 0.08 * own[0] + 0.06 * own[1]).astype(np.float32),
        conversion_appetite=(
            segment_conversion[segment] + 0.08 * own[0] + 0.06 * own[2] + 0.004 * (age - 40)
        ).astype(np.float32),
    )


def _items(rng: np.random.Generator, count: int, category_taste: Floats) -> Items:
    category = choose(rng, np.cumsum(np.linspace(1.5, 0.5, len(CATEGORIES))), count)
    # Every category has its own few big brands.
    brands = np.stack([rng.permutation(len(BRANDS)) for _ in CATEGORIES])
    brand = brands[category, choose(rng, np.cumsum(1 / np.arange(1.0, len(BRANDS) + 1)), count)]
    quality = shuffled_levels(rng, len(BRANDS), 0.3)[brand] + rng.normal(0, 0.1, count)
    category_click = shuffled_levels(rng, len(CATEGORIES), 0.45)
    category_conversion = correlated_levels(rng, category_click, 0.5, 0.45)
    category_price = shuffled_levels(rng, len(CATEGORIES), 0.4)
    rank = rng.permutation(count)
    return Items(
        popularity=np.cumsum((rank + 10.0) ** -0.9 * np.exp(quality)),
        category=category,
        brand=brand,
        price=np.exp(np.log(30) + category_price[category] + rng.normal(0, 0.7, count)).round(2),
        age_days=rng.exponential(120, count),
        taste=(category_taste[category] + rng.normal(0, 0.08, (count, _TASTES))).astype(np.float32),
        click_appeal=(category_click[category] + quality).astype(np.float32),
        conversion_appeal=(category_conversion[category] + 0.8 * quality).astype(np.float32),
    )

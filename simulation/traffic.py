"""Traffic: which user is shown which item, when, where and at what price.

Days are cut into chunks, slices of time with equally many impressions. A chunk is all that is
ever in memory, and each has a random stream of its own.
"""

import dataclasses
from collections.abc import Iterator

import numpy as np

from simulation.randomness import Stream, choose, generator
from simulation.settings import Settings
from simulation.shop import DEVICES, Floats, Ints, Shop

DAY_SECONDS = 86_400
MAX_POSITION = 10

_MAX_CHUNK = 65_536
# Histories are brought up to date between chunks, so a quiet day has a few as well.
_MIN_CHUNKS_A_DAY = 8
_HOUR_SHARES = (
    *(0.25, 0.15, 0.1, 0.1, 0.1, 0.2, 0.4, 0.7, 0.9, 1.0, 1.0, 1.1),
    *(1.2, 1.1, 1.0, 1.0, 1.1, 1.2, 1.4, 1.6, 1.7, 1.5, 1.0, 0.5),
)
_WEEKDAY_SHARES = (1.0, 0.95, 0.95, 1.0, 1.05, 1.2, 1.25)


@dataclasses.dataclass(frozen=True)
class Chunk:
    """A slice of one day.

    Attributes:
        day: index of the day, from 0.
        part: index of the chunk in its day.
        first: number of its first impression; numbers run through the whole simulation.
        rows: its impressions.
        begin: second at which it begins, since 1970; no impression of it is earlier.
        low: share of the day's impressions that came before it.
        high: share of the day's impressions that came before its end.
    """

    day: int
    part: int
    first: int
    rows: int
    begin: int
    low: float
    high: float


@dataclasses.dataclass(frozen=True)
class Impressions:
    """The impressions of a chunk in order of time; each array is [N].

    Attributes:
        number: running number, unique over the simulation.
        timestamp: seconds since 1970, UTC.
        user: index of the user.
        item: index of the item.
        device: index into `DEVICES`.
        hour: hour of the day, 0 to 23.
        position: place in the list that the user was shown, from 1 to 10.
        price: with promotion.
        item_age_days: days since the item came on sale.
    """

    number: Ints
    timestamp: Ints
    user: Ints
    item: Ints
    device: Ints
    hour: Ints
    position: Ints
    price: Floats
    item_age_days: Floats


def day_sizes(settings: Settings) -> Ints:
    """Returns the impressions of each day, [days]; weekends are busier, none is empty."""
    weekdays = (settings.start.weekday() + np.arange(settings.days)) % 7
    share = np.cumsum(np.array(_WEEKDAY_SHARES)[weekdays])
    spare = settings.impressions - settings.days
    ends = np.floor(share / share[-1] * spare + 1e-9).astype(np.int64)
    sizes: Ints = np.diff(ends, prepend=0) + 1
    return sizes


def first_second(settings: Settings) -> int:
    """Returns the second since 1970 at which the first day begins, in UTC."""
    return (settings.start - type(settings.start)(1970, 1, 1)).days * DAY_SECONDS


def plan(settings: Settings) -> Iterator[Chunk]:
    """Yields the chunks of a simulation in order of time."""
    first = 0
    for day, size in enumerate(day_sizes(settings).tolist()):
        parts = min(max(_MIN_CHUNKS_A_DAY, -(-size // _MAX_CHUNK)), size)
        midnight = first_second(settings) + day * DAY_SECONDS
        edges = [size * part // parts for part in range(parts + 1)]
        for part in range(parts):
            low, high = edges[part] / size, edges[part + 1] / size
            begin = midnight + int(second_of_day(np.array([low]))[0])
            yield Chunk(day, part, first, edges[part + 1] - edges[part], begin, low, high)
            first += edges[part + 1] - edges[part]


def second_of_day(share: Floats) -> Floats:
    """Returns the second of the day by which each `share` of a day's impressions have happened."""
    reached = np.cumsum((0.0, *_HOUR_SHARES))
    seconds: Floats = np.interp(share, reached / reached[-1], np.arange(25) * 3600.0)
    return seconds


def visit(settings: Settings, shop: Shop, chunk: Chunk) -> Impressions:
    """Returns the impressions of a chunk."""
    rng = generator(settings.seed, Stream.TRAFFIC, chunk.day, chunk.part)
    midnight = first_second(settings) + chunk.day * DAY_SECONDS
    moment, user, device, position = _requests(rng, shop, chunk)
    item = choose(rng, shop.items.popularity, chunk.rows)
    return Impressions(
        number=chunk.first + np.arange(chunk.rows),
        timestamp=midnight + moment,
        user=user,
        item=item,
        device=device,
        hour=moment // 3600,
        position=position,
        price=_prices(settings, shop, chunk.day)[item],
        item_age_days=(shop.items.age_days[item] + chunk.day + moment / DAY_SECONDS).round(2),
    )


def _requests(rng: np.random.Generator, shop: Shop, chunk: Chunk) -> tuple[Ints, Ints, Ints, Ints]:
    """Returns second of the day, user, device and position of each impression.

    A request shows one user a list, of which 1 to 10 items are seen, at one moment.
    """
    ends = np.cumsum(rng.integers(1, MAX_POSITION + 1, chunk.rows))
    count = int(np.searchsorted(ends, chunk.rows)) + 1
    # The chunk's last list is cut short so that the count of impressions is exact.
    ends = np.minimum(ends[:count], chunk.rows)
    sizes = np.diff(ends, prepend=0)
    share = chunk.low + (chunk.high - chunk.low) * np.sort(rng.random(count))
    moment = np.minimum(second_of_day(share), DAY_SECONDS - 1).astype(np.int64)
    user = choose(rng, shop.users.activity, count)
    stray = rng.random(count) < 0.2
    device = np.where(stray, rng.integers(0, len(DEVICES), count), shop.users.device[user])
    position = np.arange(chunk.rows) - np.repeat(ends - sizes, sizes) + 1
    return (
        np.repeat(moment, sizes),
        np.repeat(user, sizes),
        np.repeat(device, sizes),
        position,
    )


def _prices(settings: Settings, shop: Shop, day: int) -> Floats:
    """Returns the price of every item on a day, when a tenth of them is a fifth cheaper."""
    rng = generator(settings.seed, Stream.PROMOTIONS, day)
    price = shop.items.price
    return np.where(rng.random(len(price)) < 0.1, 0.8 * price, price).round(2)

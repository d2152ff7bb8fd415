"""Where random numbers come from: one independent stream for each purpose, day and chunk."""

import enum

import numpy as np
import numpy.typing as npt


class Stream(enum.IntEnum):
    """A purpose of random numbers; drawing more for one never shifts another."""

    SHOP = 0
    PROMOTIONS = 1
    TRAFFIC = 2
    OUTCOMES = 3


def generator(seed: int, stream: Stream, *place: int) -> np.random.Generator:
    """Returns the generator of `stream` at `place`, such as a day and a chunk."""
    return np.random.default_rng([seed, int(stream), *place])


def shuffled_levels(
    rng: np.random.Generator, count: int, deviation: float
) -> npt.NDArray[np.float64]:
    """Returns [count] effects of mean 0 and standard deviation exactly `deviation`.

    They are evenly spaced and in random order: with few levels, drawing them freely would make
    the difficulty of the simulated problem hang on the seed.
    """
    if count == 1:
        return np.zeros(1)
    levels = np.linspace(-1.0, 1.0, count)
    effects: npt.NDArray[np.float64] = rng.permutation(levels) * (deviation / levels.std())
    return effects


def correlated_levels(
    rng: np.random.Generator,
    levels: npt.NDArray[np.float64],
    correlation: float,
    deviation: float,
) -> npt.NDArray[np.float64]:
    """Returns effects [count >= 3] with exactly this correlation with `levels` of mean 0.

    Their mean is 0 and their standard deviation exactly `deviation`.
    """
    # Not shuffled levels: their order could be that of `levels`, which leaves nothing of them.
    own = rng.normal(size=len(levels))
    own -= own.mean()
    own -= levels * (own @ levels) / (levels @ levels)
    shared = correlation * levels / levels.std()
    effects: npt.NDArray[np.float64] = shared + np.sqrt(1 - correlation**2) * own / own.std()
    return effects * deviation


def choose(
    rng: np.random.Generator, cumulative: npt.NDArray[np.float64], count: int
) -> npt.NDArray[np.int64]:
    """Returns [count] indices drawn with the weights whose running sum is `cumulative`."""
    drawn: npt.NDArray[np.int64] = np.searchsorted(
        cumulative, rng.random(count) * cumulative[-1], side="right"
    )
    # Rounding can carry the product of a number below 1 to the total itself.
    return np.minimum(drawn, len(cumulative) - 1)

"""Which rows an output is judged on, what its label is there, and how much each row counts."""

import dataclasses
from collections.abc import Collection, Mapping

import numpy as np
import numpy.typing as npt

from schemas.heads import Heads, Output, labels, path, target_columns
from schemas.logs import (
    CLICK,
    CLICK_MATURE,
    CONVERSION,
    CONVERSION_COUNT,
    CONVERSION_DELAY,
    CONVERSION_MATURE,
    EXAMPLE_WEIGHT,
    SETTLED,
    VALUE,
)

_OF_CONVERSIONS = (CONVERSION, CONVERSION_COUNT, CONVERSION_DELAY, VALUE)


@dataclasses.dataclass(frozen=True)
class Counted:
    """What of some rows is in the population of an output.

    Attributes:
        kept: bool [N], the rows that count.
        masked: bool [N], those of the population that do not: the label is absent or not mature,
            a mask says so, or the weight is absent.
        label: float64 [N]; anything where a row is not kept.
        weight: float64 [N], likewise.
    """

    kept: npt.NDArray[np.bool_]
    masked: npt.NDArray[np.bool_]
    label: npt.NDArray[np.float64]
    weight: npt.NDArray[np.float64]


def outcome_columns(heads: Heads, available: Collection[str]) -> tuple[str, ...]:
    """Returns the columns that `counted` reads.

    Args:
        heads: of the model.
        available: the columns that an example has.

    Raises:
        ValueError: if a label, mask or weight is not among them.
    """
    needed = target_columns(heads)
    if missing := [name for name in needed if name not in available]:
        raise ValueError(
            f"heads are judged by {', '.join(missing)}, which an example does not have. It has: "
            f"{', '.join(available) or 'no column'}"
        )
    beside = [CLICK_MATURE] if CLICK in labels(heads) else []
    if any(label in _OF_CONVERSIONS for label in labels(heads)):
        beside += [CONVERSION_MATURE, SETTLED]
    present = [name for name in (*beside, EXAMPLE_WEIGHT) if name in available]
    return tuple(dict.fromkeys((*needed, *present)))


def counted(
    output: Output, heads: Heads, columns: Mapping[str, npt.NDArray[np.floating]]
) -> Counted:
    """Returns the rows that an output is judged on.

    The label of a head is its event, that of a joint the product along its path: 0 where an event
    on the way did not happen, whatever came after it.

    Args:
        output: of the heads.
        heads: of the model.
        columns: [N] each, those of `outcome_columns`; NaN where a value is absent.
    """
    events = [np.asarray(columns[heads[name].label], np.float64) for name in output.heads]
    population = np.ones(len(events[0]), bool)
    if output.population is not None:
        population = columns[output.population] == 1
    label = events[-1]
    for event in reversed(events[:-1]):
        label = np.where(event == 0, 0.0, event * label)
    weight = np.ones(len(label))
    for name in (EXAMPLE_WEIGHT, heads[output.heads[-1]].weight):
        if name is not None and name in columns:
            weight = weight * columns[name]
    known = np.isfinite(label) & np.isfinite(weight)
    for name in path(heads, output.heads[-1]):
        mask = heads[name].mask
        if mask is not None:
            known &= columns[mask] == 1
    mature = maturity(output)
    if mature is not None and mature in columns:
        known &= columns[mature] == 1
    return Counted(population & known, population & ~known, label, weight)


def maturity(output: Output) -> str | None:
    """Returns the column that is 1 where no later event can change the label of an output.

    Of impressions without a click conversions are known within the hour, of those with one only
    when its window has closed. Where both are judged, a rate of conversions would at first be told
    of the former alone, and be 0: there an impression counts once it is settled, whatever came.
    """
    if output.label == CLICK:
        return CLICK_MATURE
    if output.label in _OF_CONVERSIONS:
        return CONVERSION_MATURE if output.population == CLICK else SETTLED
    return None

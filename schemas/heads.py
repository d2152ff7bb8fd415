"""Every head: which label it predicts, and given which other head.

Heads are a forest. A head without `given` is a rate over all impressions; one with `given` is a
rate over the impressions where its parent's event happened. The product along a path from a root
is a joint probability over all impressions: ctcvr = ctr * cvr.
"""

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Literal

from schemas.strict import Strict


class Head(Strict):
    """Something to learn of the label `label`, given the event of the head `given`.

    Attributes:
        label: an event, 0 or 1 in each row, or with another kind a number.
        given: the head whose event must have happened.
        joint: names the product along the path from the root; by default the parent's joint name,
            without a final r, and the head's: ctr and cvr give ctcvr.
        kind: `rate`, the probability of an event; `value`, the mean of a number, by least
            squares; `watch_time`, the mean of a duration that is 0 where nothing was watched, by
            weighted logistic regression.
        through: a head given the same parent, which leads to this event too: the rate is learnt
            as P(through) P(event | through) + (1 - P(through)) P(event | not through).
        mask: a column that is 1 in the rows where the label counts; all if absent.
        weight: a column by which a row counts in the head's loss; 1 if absent.
    """

    label: str
    given: str | None = None
    joint: str | None = None
    kind: Literal["rate", "value", "watch_time"] = "rate"
    through: str | None = None
    mask: str | None = None
    weight: str | None = None


Heads = Mapping[str, Head]


@dataclasses.dataclass(frozen=True)
class Output:
    """A number that a model answers: a probability, or the mean of a value.

    Attributes:
        name: head or joint name.
        label: the event whose probability this is, or the number whose mean.
        population: label that must be 1 for a row to count in metrics; None is every impression.
        heads: the heads whose product this is, root first; one for a head itself.
        kind: `rate`, a probability; otherwise the kind of the last head.
    """

    name: str
    label: str
    population: str | None
    heads: tuple[str, ...]
    kind: Literal["rate", "value", "watch_time"] = "rate"


def path(heads: Heads, name: str) -> tuple[str, ...]:
    """Returns the heads from the root to `name`.

    Raises:
        ValueError: if `name` or a `given` is no head, or the heads form a circle.
    """
    found: list[str] = []
    current: str | None = name
    while current is not None:
        if current in found:
            raise ValueError(
                f"heads must be a forest, but {' given '.join([*found, current])} is a circle"
            )
        if current not in heads:
            asked = f"head {found[-1]!r} is given {current!r}, which" if found else repr(current)
            raise ValueError(f"{asked} is no head. Heads are: {', '.join(heads)}")
        found.append(current)
        current = heads[current].given
    return tuple(reversed(found))


def outputs(heads: Heads) -> tuple[Output, ...]:
    """Returns what a model with these heads answers: the heads in order, then the joints.

    Raises:
        ValueError: if the heads are no forest, two outputs have one name, a head is given one
            that is no rate, or one leads through a head beside which it does not stand.
    """
    singles, joints = [], []
    joint_names: dict[str, str] = {}
    for name in sorted(heads, key=lambda head: len(path(heads, head))):
        head = heads[name]
        joint_names[name] = name
        if head.given is not None:
            joint_names[name] = head.joint or joint_names[head.given].removesuffix("r") + name
    _check_parents(heads)
    for name, head in heads.items():
        population = heads[head.given].label if head.given else None
        singles.append(Output(name, head.label, population, (name,), head.kind))
        if head.given is not None:
            joints.append(Output(joint_names[name], head.label, None, path(heads, name), head.kind))
    found = (*singles, *joints)
    names = [output.name for output in found]
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"two outputs are called {name!r}: rename a head or give a `joint`")
    return found


def _check_parents(heads: Heads) -> None:
    for name, head in heads.items():
        if head.given is not None and heads[head.given].kind != "rate":
            raise ValueError(
                f"head {name!r} is given {head.given!r}, which is no event but a "
                f"{heads[head.given].kind}. Only a rate can be given"
            )
        if head.through is None:
            continue
        beside = [
            other
            for other, head_beside in heads.items()
            if other != name
            and head_beside.given == head.given
            and head_beside.kind == "rate"
            and head_beside.through is None
        ]
        if head.kind != "rate" or head.through not in beside:
            raise ValueError(
                f"head {name!r} leads through {head.through!r}, which must be another rate given "
                f"the same head. Those are: {', '.join(beside) or 'none'}"
            )


def towers(heads: Heads) -> tuple[str, ...]:
    """Returns the towers that make the heads' logits: one per head, two for one with `through`."""
    found: list[str] = []
    for name, head in heads.items():
        found += [name, otherwise(name)] if head.through else [name]
    return tuple(found)


def otherwise(name: str) -> str:
    """Returns the tower of a head's rate where the event that it leads through did not happen."""
    return f"{name}_otherwise"


def target_columns(heads: Heads, outcomes: Iterable[str] = ()) -> tuple[str, ...]:
    """Returns the columns that teach the heads: labels, masks and weights, other outcomes."""
    beside = [column for head in heads.values() for column in (head.mask, head.weight) if column]
    return tuple(dict.fromkeys((*labels(heads), *beside, *outcomes)))


def labels(heads: Heads) -> tuple[str, ...]:
    """Returns the distinct labels of the heads, in order."""
    return tuple(dict.fromkeys(head.label for head in heads.values()))

"""Every head: which event it predicts, and given which other head.

Heads are a forest. A head without `given` is a rate over all impressions; one with `given` is a
rate over the impressions where its parent's event happened. The product along a path from a root
is a joint probability over all impressions: ctcvr = ctr * cvr.
"""

import dataclasses
from collections.abc import Mapping

from schemas.strict import Strict


class Head(Strict):
    """A rate to learn: of the event `label`, given the event of the head `given`.

    `joint` names the product along the path from the root; by default the parent's joint name,
    without a final r, and the head's: ctr and cvr give ctcvr.
    """

    label: str
    given: str | None = None
    joint: str | None = None


Heads = Mapping[str, Head]


@dataclasses.dataclass(frozen=True)
class Output:
    """A probability that a model answers.

    Attributes:
        name: head or joint name.
        label: the event whose probability this is.
        population: label that must be 1 for a row to count in metrics; None is every impression.
        heads: the heads whose product this is, root first; one for a head itself.
    """

    name: str
    label: str
    population: str | None
    heads: tuple[str, ...]


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
        ValueError: if the heads are no forest or two outputs have one name.
    """
    singles, joints = [], []
    joint_names: dict[str, str] = {}
    for name in sorted(heads, key=lambda head: len(path(heads, head))):
        head = heads[name]
        joint_names[name] = name
        if head.given is not None:
            joint_names[name] = head.joint or joint_names[head.given].removesuffix("r") + name
    for name, head in heads.items():
        population = heads[head.given].label if head.given else None
        singles.append(Output(name, head.label, population, (name,)))
        if head.given is not None:
            joints.append(Output(joint_names[name], head.label, None, path(heads, name)))
    found = (*singles, *joints)
    names = [output.name for output in found]
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"two outputs are called {name!r}: rename a head or give a `joint`")
    return found


def labels(heads: Heads) -> tuple[str, ...]:
    """Returns the distinct labels of the heads, in order."""
    return tuple(dict.fromkeys(head.label for head in heads.values()))

"""The options of interactions."""

from typing import Annotated, Literal

import pydantic

from models.options.kinds import KIND, NAMED, Count, Units
from schemas.layout import Layout
from schemas.strict import Strict


class InteractionOptions(Strict):
    """What is known of an interaction without TensorFlow."""

    def check(self, layout: Layout) -> None:
        """Checks that there is something in the layout that can meet.

        Raises:
            ValueError: the rule, the features there are, and the way out.
        """


class Mlp(InteractionOptions):
    """Vectors side by side.

    Use it first: the trunk's MLPs cross features well enough where there are few.
    """

    kind: Literal["mlp"] = "mlp"


class DeepFm(InteractionOptions):
    """A factorization machine beside the trunk.

    Use it where pairs of rare ids matter, such as user and item, and MLPs miss them.
    """

    kind: Literal["deepfm"] = "deepfm"


class Dcn(InteractionOptions):
    """Cross layers: how many, and the rank of their matrices (None is full rank).

    Use it by default with many features; a `rank` of a quarter of the width saves time.
    """

    kind: Literal["dcn"] = "dcn"
    layers: Count = 2
    rank: Count | None = None


class Dot(InteractionOptions):
    """Dot products of all pairs of vectors.

    Use it with many categorical features of one width and a latency budget.
    """

    kind: Literal["dot"] = "dot"

    def check(self, layout: Layout) -> None:
        """Checks that there are two vectors; all numbers together are one.

        Raises:
            ValueError: if there are fewer.
        """
        vectors = sum(map(len, layout.lookups.values())) + len(layout.sequences)
        if vectors + bool(layout.dense) < 2:
            raise ValueError(
                "interaction: dot multiplies pairs of vectors, and all numbers together are one "
                f"vector. Features are: {_names(layout)}. Add a categorical feature, or use "
                "another interaction"
            )


class Din(InteractionOptions):
    """Target attention: the hidden layers of the attention unit.

    Use it where there is a history and an item to compare it with.
    """

    kind: Literal["din"] = "din"
    units: Annotated[Units, pydantic.Field(min_length=1)] = (36,)

    def check(self, layout: Layout) -> None:
        """Checks that there is a history to attend to.

        Raises:
            ValueError: if there is none.
        """
        if not layout.sequences:
            raise ValueError(
                "interaction: din attends to histories, and no feature is of the kind sequence. "
                f"Features are: {_names(layout)}. Add a sequence, or use another interaction"
            )


def _names(layout: Layout) -> str:
    lookups = [name for slots in layout.lookups.values() for name, _ in slots]
    return ", ".join([*lookups, *layout.sequences, *layout.dense])


Interaction = Annotated[Mlp | DeepFm | Dcn | Dot | Din, KIND, NAMED]

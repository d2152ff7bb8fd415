"""The options of trunks."""

from typing import Annotated, Literal

from models.options.kinds import KIND, NAMED, Count, NotNegative
from schemas.strict import Strict


class Separate(Strict):
    """Nothing shared above the embedding.

    Use it for ESMM as published, or with `share_embeddings: false` for single tasks.
    """

    kind: Literal["separate"] = "separate"


class SharedBottom(Strict):
    """Everything shared below the towers.

    Use it where heads are close relatives and serving must be cheap.
    """

    kind: Literal["shared_bottom"] = "shared_bottom"


class SoftSharing(Strict):
    """A network per head; the loss grows by penalty / 2 times their squared distances.

    Use it for few heads with little data that should be alike, but need not be.
    """

    kind: Literal["soft_sharing"] = "soft_sharing"
    penalty: NotNegative = 0.01


class CrossStitch(Strict):
    """A network per head; every layer takes a learnt mixture of all heads' layers below.

    Use it for a few heads where you want to read from the matrices what is shared.
    """

    kind: Literal["cross_stitch"] = "cross_stitch"


class Moe(Strict):
    """Experts mixed by one gate for all heads.

    Use it to tell what the gates of `mmoe` bring; seldom else.
    """

    kind: Literal["moe"] = "moe"
    experts: Count = 4


class Mmoe(Strict):
    """Experts mixed by a gate per head.

    Use it by default: heads that pull apart get experts of their own by themselves.
    """

    kind: Literal["mmoe"] = "mmoe"
    experts: Count = 4


class Ple(Strict):
    """Levels of experts, so many of each head's own and so many shared.

    Every expert on every level is an MLP of all the model's `units`.

    Use it where `mmoe` see-saws: one head gains what another loses.
    """

    kind: Literal["ple"] = "ple"
    levels: Count = 2
    experts: Count = 1
    shared: Count = 2


Trunk = Annotated[
    Separate | SharedBottom | SoftSharing | CrossStitch | Moe | Mmoe | Ple, KIND, NAMED
]

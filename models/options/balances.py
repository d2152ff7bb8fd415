"""The options of balances."""

from collections.abc import Mapping
from typing import Annotated, Literal

from models.options.kinds import KIND, NAMED, Count, NotNegative, Positive
from schemas.strict import Strict


class Fixed(Strict):
    """What each loss term is multiplied by, 1 where nothing is said.

    Use it first, with weights of 1, and whenever you know what a term is worth.
    """

    kind: Literal["fixed"] = "fixed"
    weights: Mapping[str, NotNegative] = {}


class Uncertainty(Strict):
    """Weights learnt from how uncertain each term is.

    Use it where terms differ in scale, as log losses of rare and frequent events do.
    """

    kind: Literal["uncertainty"] = "uncertainty"


class GradNorm(Strict):
    """Gradients of like size: `alpha` pulls terms that learn slowly; Adam's rate of the weights.

    Use it where one head's gradient drowns the others in the shared layers.
    """

    kind: Literal["gradnorm"] = "gradnorm"
    alpha: NotNegative = 0.12
    learning_rate: Positive = 0.025


class Dwa(Strict):
    """Terms that fall slowly weigh more: softmax temperature, and the steps of one average.

    Use it where heads learn at different speeds over a long training.
    """

    kind: Literal["dwa"] = "dwa"
    temperature: Positive = 2.0
    period: Count = 100


class PcGrad(Strict):
    """Each term's gradient loses what opposes another's.

    Use it where diagnostics show gradients that oppose each other; each term costs a pass.
    """

    kind: Literal["pcgrad"] = "pcgrad"


Balance = Annotated[Fixed | Uncertainty | GradNorm | Dwa | PcGrad, KIND, NAMED]

"""The options of every method, under the name that a YAML calls it by; no TensorFlow.

A method without options, or with all of them at their defaults, is its name alone:

    trunk: mmoe
    trunk: {kind: ple, levels: 2, experts: 2, shared: 2}
"""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

import pydantic

from schemas.duration import Seconds
from schemas.heads import Heads, outputs
from schemas.layout import Layout
from schemas.logs import CONVERSION, CONVERSION_DELAY, CONVERSION_MATURE, LABEL_AGE
from schemas.share import UpToAll
from schemas.strict import Strict

Count = Annotated[int, pydantic.Field(ge=1)]
Units = tuple[Count, ...]
Positive = Annotated[float, pydantic.Field(gt=0, allow_inf_nan=False)]
NotNegative = Annotated[float, pydantic.Field(ge=0, allow_inf_nan=False)]
Probability = Annotated[float, pydantic.Field(gt=0, le=1)]


class InteractionOptions(Strict):
    """What is known of an interaction without TensorFlow."""

    def check(self, layout: Layout) -> None:
        """Checks that there is something in the layout that can meet.

        Raises:
            ValueError: the rule, the features there are, and the way out.
        """


class Mlp(InteractionOptions):
    """Vectors side by side."""

    kind: Literal["mlp"] = "mlp"


class DeepFm(InteractionOptions):
    """A factorization machine beside the trunk."""

    kind: Literal["deepfm"] = "deepfm"


class Dcn(InteractionOptions):
    """Cross layers: how many, and the rank of their matrices (None is full rank)."""

    kind: Literal["dcn"] = "dcn"
    layers: Count = 2
    rank: Count | None = None


class Dot(InteractionOptions):
    """Dot products of all pairs of vectors."""

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
    """Target attention: the hidden layers of the attention unit."""

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


class Separate(Strict):
    """Nothing shared above the embedding."""

    kind: Literal["separate"] = "separate"


class SharedBottom(Strict):
    """Everything shared below the towers."""

    kind: Literal["shared_bottom"] = "shared_bottom"


class SoftSharing(Strict):
    """A network per head; the loss grows by penalty / 2 times their squared distances."""

    kind: Literal["soft_sharing"] = "soft_sharing"
    penalty: NotNegative = 0.01


class CrossStitch(Strict):
    """A network per head; every layer takes a learnt mixture of all heads' layers below."""

    kind: Literal["cross_stitch"] = "cross_stitch"


class Moe(Strict):
    """Experts mixed by one gate for all heads."""

    kind: Literal["moe"] = "moe"
    experts: Count = 4


class Mmoe(Strict):
    """Experts mixed by a gate per head."""

    kind: Literal["mmoe"] = "mmoe"
    experts: Count = 4


class Ple(Strict):
    """Levels of experts, so many of each head's own and so many shared.

    Every expert on every level is an MLP of all the model's `units`.
    """

    kind: Literal["ple"] = "ple"
    levels: Count = 2
    experts: Count = 1
    shared: Count = 2


class ObjectiveOptions(Strict):
    """What is known of an objective without TensorFlow.

    Attributes:
        outcomes: columns that the join makes and that its loss needs, beside the labels.
        grouped: whether its loss compares the rows of a group.
        correctable: whether answers can be corrected where unclicked impressions were left out:
            all that it learns of them is that there was no click, and no weight hangs on the rate.
    """

    outcomes: ClassVar[tuple[str, ...]] = ()
    grouped: ClassVar[bool] = False
    correctable: ClassVar[bool] = True

    def added_terms(self, heads: Heads) -> tuple[str, ...]:
        """Returns the names of its loss terms that are no outputs of `heads`."""
        return ()


class EntireSpace(ObjectiveOptions):
    """ESMM: every probability over all impressions."""

    kind: Literal["entire_space"] = "entire_space"


class ClickedOnly(ObjectiveOptions):
    """BASE: each head where its parent's event happened."""

    kind: Literal["clicked_only"] = "clicked_only"


class Division(ObjectiveOptions):
    """ctr and ctcvr learnt apart; cvr is their quotient."""

    kind: Literal["division"] = "division"


class Aman(ObjectiveOptions):
    """Rows without the parent's event are negatives; `share` is how many of them are taken."""

    kind: Literal["aman"] = "aman"
    share: UpToAll = 0.1
    correctable: ClassVar[bool] = False


class Oversampling(ObjectiveOptions):
    """BASE, where each positive of a head with a parent counts as so many copies."""

    kind: Literal["oversampling"] = "oversampling"
    copies: Count = 3


class Unbias(ObjectiveOptions):
    """Clicked rows weigh 1 / pCTR, with pCTR not taken below `floor`."""

    kind: Literal["unbias"] = "unbias"
    floor: Probability = 0.01
    correctable: ClassVar[bool] = False


class InversePropensity(ObjectiveOptions):
    """ESCM2-IPS; a propensity is not taken below `floor`."""

    kind: Literal["inverse_propensity"] = "inverse_propensity"
    floor: Probability = 0.01
    correctable: ClassVar[bool] = False


class DoublyRobust(ObjectiveOptions):
    """ESCM2-DR; a propensity is not taken below `floor`."""

    kind: Literal["doubly_robust"] = "doubly_robust"
    floor: Probability = 0.01
    correctable: ClassVar[bool] = False

    def added_terms(self, heads: Heads) -> tuple[str, ...]:
        """Returns the imputation error of each head with a parent."""
        return tuple(f"{name}_error" for name in _with_parent(heads))


class Independent(ObjectiveOptions):
    """Every head over all impressions, whatever the other labels are."""

    kind: Literal["independent"] = "independent"


class WeightedSample(ObjectiveOptions):
    """One tower for all heads: `click` and `conversion` are what their positives weigh.

    A row weighs what its deepest event does, or with `copies` the sum over its events.
    """

    kind: Literal["weighted_sample"] = "weighted_sample"
    click: Positive = 0.2
    conversion: Positive = 1.0
    copies: bool = False
    correctable: ClassVar[bool] = False

    def added_terms(self, heads: Heads) -> tuple[str, ...]:
        """Returns the one term there is."""
        return ("event",)


class Pairwise(ObjectiveOptions):
    """ESMM, and an order within groups: a row meets the next `pairs` rows of its group.

    No group weighs more than so many pairs in a batch.
    """

    kind: Literal["pairwise"] = "pairwise"
    pairs: Count = 8

    grouped: ClassVar[bool] = True

    def added_terms(self, heads: Heads) -> tuple[str, ...]:
        """Returns the order of each probability over all impressions."""
        return tuple(
            f"{output.name}_order"
            for output in outputs(heads)
            if output.population is None and output.kind == "rate"
        )


class Jrc(ObjectiveOptions):
    """Calibration times `alpha`, and order within each group times 1 - `alpha`."""

    kind: Literal["jrc"] = "jrc"
    alpha: Annotated[float, pydantic.Field(ge=0, le=1)] = 0.5

    grouped: ClassVar[bool] = True

    def added_terms(self, heads: Heads) -> tuple[str, ...]:
        """Returns the order of each rate in its own population."""
        if self.alpha == 1:
            return ()
        return tuple(f"{name}_order" for name, head in heads.items() if head.kind == "rate")


class DelayedOptions(ObjectiveOptions):
    """Samples that a stream brought: `stream` is how long before the cut-off it begins.

    With clicks of the last N days, and conversions that come within C days, a stream of N - C days
    has lost nothing at either end; without `stream` it begins with the first click.
    """

    stream: Seconds | None = None

    outcomes: ClassVar[tuple[str, ...]] = (LABEL_AGE, CONVERSION_DELAY, CONVERSION_MATURE)


class Fnw(DelayedOptions):
    """Fake negative weighting: each conversion was first seen as a negative."""

    kind: Literal["fnw"] = "fnw"


class EsDfm(DelayedOptions):
    """Elapsed-time sampling: a label is first taken `elapsed` after the click."""

    kind: Literal["es_dfm"] = "es_dfm"
    elapsed: Seconds

    def added_terms(self, heads: Heads) -> tuple[str, ...]:
        """Returns what the two helpers of each head whose conversions are delayed learn."""
        return tuple(
            f"{name}_{part}" for name in delayed(heads) for part in ("delayed", "negative")
        )


class Defer(DelayedOptions):
    """Real negatives: a label is first taken `elapsed` after the click, then once it is mature."""

    kind: Literal["defer"] = "defer"
    elapsed: Seconds

    def added_terms(self, heads: Heads) -> tuple[str, ...]:
        """Returns what the helper of each head whose conversions are delayed learns."""
        return tuple(f"{name}_delayed" for name in delayed(heads))


class Fixed(Strict):
    """What each loss term is multiplied by, 1 where nothing is said."""

    kind: Literal["fixed"] = "fixed"
    weights: Mapping[str, NotNegative] = {}


class Uncertainty(Strict):
    """Weights learnt from how uncertain each term is."""

    kind: Literal["uncertainty"] = "uncertainty"


class GradNorm(Strict):
    """Gradients of like size: `alpha` pulls terms that learn slowly; Adam's rate of the weights."""

    kind: Literal["gradnorm"] = "gradnorm"
    alpha: NotNegative = 0.12
    learning_rate: Positive = 0.025


class Dwa(Strict):
    """Terms that fall slowly weigh more: softmax temperature, and the steps of one average."""

    kind: Literal["dwa"] = "dwa"
    temperature: Positive = 2.0
    period: Count = 100


class PcGrad(Strict):
    """Each term's gradient loses what opposes another's."""

    kind: Literal["pcgrad"] = "pcgrad"


def _names(layout: Layout) -> str:
    lookups = [name for slots in layout.lookups.values() for name, _ in slots]
    return ", ".join([*lookups, *layout.sequences, *layout.dense])


def delayed(heads: Heads) -> tuple[str, ...]:
    """Returns the rates whose event may come long after their parent's: those of `conversion`.

    The logs say when a conversion came, and of no other event.
    """
    return tuple(name for name in _with_parent(heads) if heads[name].label == CONVERSION)


def _with_parent(heads: Heads) -> tuple[str, ...]:
    return tuple(
        name for name, head in heads.items() if head.given is not None and head.kind == "rate"
    )


def _by_name(given: Any) -> Any:
    return {"kind": given} if isinstance(given, str) else given


_Named = pydantic.BeforeValidator(_by_name)
_Kind = pydantic.Field(discriminator="kind")

Interaction = Annotated[Mlp | DeepFm | Dcn | Dot | Din, _Kind, _Named]
Trunk = Annotated[
    Separate | SharedBottom | SoftSharing | CrossStitch | Moe | Mmoe | Ple, _Kind, _Named
]
Objective = Annotated[
    EntireSpace
    | ClickedOnly
    | Division
    | Aman
    | Oversampling
    | Unbias
    | InversePropensity
    | DoublyRobust
    | Independent
    | WeightedSample
    | Pairwise
    | Jrc
    | Fnw
    | EsDfm
    | Defer,
    _Kind,
    _Named,
]
Balance = Annotated[Fixed | Uncertainty | GradNorm | Dwa | PcGrad, _Kind, _Named]

"""The options of objectives."""

from typing import Annotated, ClassVar, Literal

import pydantic

from models.options.kinds import KIND, NAMED, Count, Positive, Probability
from schemas.duration import Seconds
from schemas.heads import Heads, outputs
from schemas.logs import CONVERSION, CONVERSION_DELAY, CONVERSION_MATURE, LABEL_AGE
from schemas.share import UpToAll
from schemas.strict import Strict


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
    """ESMM: every probability over all impressions.

    Use it by default for a funnel: there are no clicks to pick by when a model is asked.
    """

    kind: Literal["entire_space"] = "entire_space"


class ClickedOnly(ObjectiveOptions):
    """BASE: each head where its parent's event happened.

    Use it as the baseline, or where only clicked rows will ever be ranked.
    """

    kind: Literal["clicked_only"] = "clicked_only"


class Division(ObjectiveOptions):
    """ctr and ctcvr learnt apart; cvr is their quotient.

    Use it to compare; where ctr is small its quotient is unsteady.
    """

    kind: Literal["division"] = "division"


class Aman(ObjectiveOptions):
    """Rows without the parent's event are negatives; `share` is how many of them are taken.

    Use it to compare: what it answers for cvr is too low by as much as rows were added.
    """

    kind: Literal["aman"] = "aman"
    share: UpToAll = 0.1
    correctable: ClassVar[bool] = False


class Oversampling(ObjectiveOptions):
    """BASE, where each positive of a head with a parent counts as so many copies.

    Use it where conversions are so rare that batches lack them; mind the calibration.
    """

    kind: Literal["oversampling"] = "oversampling"
    copies: Count = 3


class Unbias(ObjectiveOptions):
    """Clicked rows weigh 1 / pCTR, with pCTR not taken below `floor`.

    Use it where ctr is well known and clicked rows differ much from the others.
    """

    kind: Literal["unbias"] = "unbias"
    floor: Probability = 0.01
    correctable: ClassVar[bool] = False


class InversePropensity(ObjectiveOptions):
    """ESCM2-IPS; a propensity is not taken below `floor`.

    Use it where the entire-space loss underestimates cvr of rows rarely clicked.
    """

    kind: Literal["inverse_propensity"] = "inverse_propensity"
    floor: Probability = 0.01
    correctable: ClassVar[bool] = False


class DoublyRobust(ObjectiveOptions):
    """ESCM2-DR; a propensity is not taken below `floor`.

    Use it instead of `inverse_propensity` where some propensities are tiny.
    """

    kind: Literal["doubly_robust"] = "doubly_robust"
    floor: Probability = 0.01
    correctable: ClassVar[bool] = False

    def added_terms(self, heads: Heads) -> tuple[str, ...]:
        """Returns the imputation error of each head with a parent."""
        return tuple(f"{name}_error" for name in _with_parent(heads))


class Independent(ObjectiveOptions):
    """Every head over all impressions, whatever the other labels are.

    Use it for heads that are no funnel: several labels of the same row.
    """

    kind: Literal["independent"] = "independent"


class WeightedSample(ObjectiveOptions):
    """One tower for all heads: `click` and `conversion` are what their positives weigh.

    A row weighs what its deepest event does, or with `copies` the sum over its events.

    Use it as the one-task baseline that many rankers start from.
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

    Use it where only the order within a request or user counts; name the `group`.
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
    """Calibration times `alpha`, and order within each group times 1 - `alpha`.

    Use it where both the order within a session and the probability count, as in auctions.
    """

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
    """Fake negative weighting: each conversion was first seen as a negative.

    Use it where labels cannot wait at all, and conversions come late.
    """

    kind: Literal["fnw"] = "fnw"


class EsDfm(DelayedOptions):
    """Elapsed-time sampling: a label is first taken `elapsed` after the click.

    Use it where labels can wait a little (`elapsed`), and many conversions come later.
    """

    kind: Literal["es_dfm"] = "es_dfm"
    elapsed: Seconds

    def added_terms(self, heads: Heads) -> tuple[str, ...]:
        """Returns what the two helpers of each head whose conversions are delayed learn."""
        return tuple(
            f"{name}_{part}" for name in delayed(heads) for part in ("delayed", "negative")
        )


class Defer(DelayedOptions):
    """Real negatives: a label is first taken `elapsed` after the click, then once it is mature.

    Use it like `es_dfm` where true labels, once mature, should count as well.
    """

    kind: Literal["defer"] = "defer"
    elapsed: Seconds

    def added_terms(self, heads: Heads) -> tuple[str, ...]:
        """Returns what the helper of each head whose conversions are delayed learns."""
        return tuple(f"{name}_delayed" for name in delayed(heads))


def delayed(heads: Heads) -> tuple[str, ...]:
    """Returns the rates whose event may come long after their parent's: those of `conversion`.

    The logs say when a conversion came, and of no other event.
    """
    return tuple(name for name in _with_parent(heads) if heads[name].label == CONVERSION)


def _with_parent(heads: Heads) -> tuple[str, ...]:
    return tuple(
        name for name, head in heads.items() if head.given is not None and head.kind == "rate"
    )


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
    KIND,
    NAMED,
]

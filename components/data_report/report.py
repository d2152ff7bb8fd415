"""data_report.json: how the newest span differs, and what is objected to."""

from typing import Literal

from schemas.strict import Strict

REPORT_FILE = "data_report.json"
L_INFINITY: Literal["L-infinity"] = "L-infinity"
JENSEN_SHANNON: Literal["Jensen-Shannon"] = "Jensen-Shannon"


class Distance(Strict):
    """How far a feature's values are from others, as TFDV measures it.

    Attributes:
        measure: of texts, the greatest difference of a value's shares; of numbers, the divergence
            of the shares of ranges, in bits.
        distance: from 0, the same, to 1.
        limit: None where the check is off.
        value: the value, or the range of numbers, whose share differs most.
        share: of that value now.
        other_share: of that value in what the feature is compared with.
        sure: whether these shares differ by more than chance.
    """

    measure: Literal["L-infinity", "Jensen-Shannon"]
    distance: float
    limit: float | None = None
    value: str
    share: float
    other_share: float
    sure: bool

    @property
    def too_far(self) -> bool:
        """Whether it is above its limit."""
        return self.limit is not None and self.distance > self.limit and self.sure


# Of a feature whose values say who somebody is.
_UNTOLD = "one value, which is not shown,"


class FeatureFindings(Strict):
    """What was found of a feature; None where there was nothing to compare with.

    Attributes:
        kind: categorical, sequence or numeric.
        coverage: the share of the newest span's rows that have a value.
        coverage_before: likewise of the spans before it.
        drift: from the spans before it.
        skew: from what was served.
        unseen: the share of its values that a vocabulary of the spans before it does not know.
        unseen_before: the same, one span earlier.
    """

    kind: Literal["categorical", "sequence", "numeric"]
    coverage: float
    coverage_before: float | None = None
    drift: Distance | None = None
    skew: Distance | None = None
    unseen: float | None = None
    unseen_before: float | None = None

    def without_values(self) -> "FeatureFindings":
        """Returns what was found, but not of which value."""
        shown = {
            name: None if found is None else found.model_copy(update={"value": _UNTOLD})
            for name, found in (("drift", self.drift), ("skew", self.skew))
        }
        return self.model_copy(update=shown)


class RateFindings(Strict):
    """What was found of the rate of a label.

    Attributes:
        span: the newest span most of whose labels are mature.
        rows: that count in it.
        rate: in that span.
        before: in the spans before it; None if there are none.
        limit: the factor by which it may change; None where the check is off.
    """

    span: str
    rows: int
    rate: float
    before: float | None = None
    limit: float | None = None


class Spans(Strict):
    """Which spans were compared: ISO dates."""

    newest: str
    before: tuple[str, ...] = ()


class Findings(Strict):
    """All that was found.

    Attributes:
        features: by name.
        rates: by label.
        objections: a sentence each, without its final stop; none if a run may go on.
        spans: that were compared.
    """

    features: dict[str, FeatureFindings]
    rates: dict[str, RateFindings]
    objections: tuple[str, ...]
    spans: Spans

"""What a report shows of rows, features and data."""

from collections.abc import Mapping

from components.run_report.fact import Fact, Number


class Funnel(Fact):
    """What became of the rows of the logs.

    Attributes:
        logs: by log, how many rows met which fate; `read` is all of them.
        rejected: by log, how many were refused for which reason.
        rows: examples by split.
        positives: by split and label.
        moments: by split, the first and the last impression in microseconds since 1970.
    """

    logs: Mapping[str, Mapping[str, int]]
    rejected: Mapping[str, Mapping[str, int]] = {}
    rows: Mapping[str, int]
    positives: Mapping[str, Mapping[str, int]] = {}
    moments: Mapping[str, tuple[int, int]] = {}


class Distance(Fact):
    """How far two distributions of a feature lie apart, and how far they may."""

    measure: str
    distance: Number
    limit: float | None = None


class Importance(Fact):
    """What an output's figure loses when a feature's values are shuffled between rows."""

    drop: Number
    error: float | None = None


class FeatureFacts(Fact):
    """What is known of a feature.

    Attributes:
        kind: categorical, numeric or sequence.
        side: user, item, context or position.
        coverage: share of the rows that have a value.
        coverage_before: in the spans before the newest.
        drift: of the newest span from those before it.
        skew: of what was trained on from what was served.
        unseen: by split, share of the values that the vocabulary does not know.
        importance: by output.
    """

    kind: str
    side: str = ""
    coverage: float | None = None
    coverage_before: float | None = None
    drift: Distance | None = None
    skew: Distance | None = None
    unseen: Mapping[str, float | None] = {}
    importance: Mapping[str, Importance] = {}


class Rate(Fact):
    """How often a label was 1 in the newest span and before, and by which factor it may change."""

    rate: float | None = None
    before: float | None = None
    limit: float | None = None


class Data(Fact):
    """What is known of the data beside the features.

    Attributes:
        anomalies: sentences, as TFDV found them by split and feature.
        objections: sentences of the data gates.
        rates: by label.
        newest: the span that is compared, a date.
        before: the spans that it is compared with.
    """

    anomalies: tuple[str, ...] = ()
    objections: tuple[str, ...] = ()
    rates: Mapping[str, Rate] = {}
    newest: str | None = None
    before: tuple[str, ...] = ()

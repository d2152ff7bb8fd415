"""The artifact that says what the examples of each span hold."""

from tfx.types import artifact


class SpanSummary(artifact.Artifact):
    """Figures of spans in spans.json, and samples as Parquet: see `summary`."""

    TYPE_NAME = "components.SpanSummary"

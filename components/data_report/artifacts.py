"""The artifact that says how the data of a span differs from what was known."""

from tfx.types import artifact


class DataFindings(artifact.Artifact):
    """What was found, in data_report.json: see `report`."""

    TYPE_NAME = "components.DataFindings"

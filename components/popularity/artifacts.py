"""The artifact that holds past rates."""

from tfx.types import artifact


class ItemRates(artifact.Artifact):
    """Rates of the training split by item and over all, in the files that `rates` names."""

    TYPE_NAME = "components.ItemRates"

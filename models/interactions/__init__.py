"""Interactions: how the embedded features meet below the trunk.

An interaction is a layer made from `(layout, options, towers)`; it turns an `Embedded` into
[B, D], and may have logits to add past the trunk.
"""

from models.interactions.dcn import CrossNetwork
from models.interactions.deepfm import DeepFM
from models.interactions.din import TargetAttention
from models.interactions.dot import DotProducts
from models.interactions.interaction import Interaction
from models.interactions.mlp import SideBySide

INTERACTIONS: dict[str, type[Interaction]] = {
    "mlp": SideBySide,
    "deepfm": DeepFM,
    "dcn": CrossNetwork,
    "dot": DotProducts,
    "din": TargetAttention,
}

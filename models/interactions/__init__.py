"""Interactions: how the embedded features meet below the trunk.

An interaction is a layer made from `(layout, config)`; it turns an `Embedded` into [B, D].
"""

from models.interactions.dcn import CrossNetwork
from models.interactions.mlp import SideBySide

INTERACTIONS = {"mlp": SideBySide, "dcn": CrossNetwork}

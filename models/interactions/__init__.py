"""Interactions: how the embedded features meet below the trunk.

An interaction is a layer made from `(layout, config)`; it turns an `Embedded` into [B, D].
"""

import tensorflow as tf

from models.interactions.dcn import CrossNetwork
from models.interactions.mlp import SideBySide

INTERACTIONS: dict[str, type[tf.keras.layers.Layer]] = {"mlp": SideBySide, "dcn": CrossNetwork}

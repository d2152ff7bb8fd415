"""Trunks: how the heads share representation.

A trunk is a layer made from `(num_heads, config)`; it turns [B, D] into one [B, U] per head.
"""

import tensorflow as tf

from models.trunks.mmoe import MMoE
from models.trunks.separate import Separate
from models.trunks.shared_bottom import SharedBottom

TRUNKS: dict[str, type[tf.keras.layers.Layer]] = {
    "separate": Separate,
    "shared_bottom": SharedBottom,
    "mmoe": MMoE,
}

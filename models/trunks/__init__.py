"""Trunks: how the heads share representation.

A trunk is a layer made from `(num_heads, units, options)`; it turns an [B, D] per head into a
[B, U] per head.
"""

from models.trunks.cross_stitch import CrossStitch
from models.trunks.mmoe import MMoE
from models.trunks.moe import MoE
from models.trunks.ple import PLE
from models.trunks.separate import Separate
from models.trunks.shared_bottom import SharedBottom
from models.trunks.soft_sharing import SoftSharing
from models.trunks.trunk import Trunk

TRUNKS: dict[str, type[Trunk]] = {
    "separate": Separate,
    "shared_bottom": SharedBottom,
    "soft_sharing": SoftSharing,
    "cross_stitch": CrossStitch,
    "moe": MoE,
    "mmoe": MMoE,
    "ple": PLE,
}

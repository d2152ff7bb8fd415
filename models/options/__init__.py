"""The options of every method, under the name that a YAML calls it by; no TensorFlow.

A method without options, or with all of them at their defaults, is its name alone:

    trunk: mmoe
    trunk: {kind: ple, levels: 2, experts: 2, shared: 2}

What a class says of itself is what `docs/methods.md` and an editor say of the method.
"""

from models.options.balances import Balance, Dwa, Fixed, GradNorm, PcGrad, Uncertainty
from models.options.interactions import Dcn, DeepFm, Din, Dot, Interaction, Mlp
from models.options.kinds import Count, NotNegative, Positive, Units
from models.options.objectives import (
    Aman,
    ClickedOnly,
    Defer,
    DelayedOptions,
    Division,
    DoublyRobust,
    EntireSpace,
    EsDfm,
    Fnw,
    Independent,
    InversePropensity,
    Jrc,
    Objective,
    Oversampling,
    Pairwise,
    Unbias,
    WeightedSample,
    delayed,
)
from models.options.trunks import (
    CrossStitch,
    Mmoe,
    Moe,
    Ple,
    Separate,
    SharedBottom,
    SoftSharing,
    Trunk,
)

__all__ = [
    "Aman",
    "Balance",
    "ClickedOnly",
    "Count",
    "CrossStitch",
    "Dcn",
    "DeepFm",
    "Defer",
    "DelayedOptions",
    "Din",
    "Division",
    "Dot",
    "DoublyRobust",
    "Dwa",
    "EntireSpace",
    "EsDfm",
    "Fixed",
    "Fnw",
    "GradNorm",
    "Independent",
    "Interaction",
    "InversePropensity",
    "Jrc",
    "Mlp",
    "Mmoe",
    "Moe",
    "NotNegative",
    "Objective",
    "Oversampling",
    "Pairwise",
    "PcGrad",
    "Ple",
    "Positive",
    "Separate",
    "SharedBottom",
    "SoftSharing",
    "Trunk",
    "Unbias",
    "Uncertainty",
    "Units",
    "WeightedSample",
    "delayed",
]

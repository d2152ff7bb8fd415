"""Objectives: in which space each probability is learnt."""

from models.objectives.aman import Aman
from models.objectives.clicked_only import ClickedOnly
from models.objectives.defer import Defer
from models.objectives.division import Division
from models.objectives.doubly_robust import DoublyRobust
from models.objectives.entire_space import EntireSpace
from models.objectives.es_dfm import EsDfm
from models.objectives.fnw import Fnw
from models.objectives.independent import Independent
from models.objectives.inverse_propensity import InversePropensity
from models.objectives.jrc import Jrc
from models.objectives.objective import Objective
from models.objectives.oversampling import Oversampling
from models.objectives.pairwise import Pairwise
from models.objectives.unbias import Unbias
from models.objectives.weighted_sample import WeightedSample

OBJECTIVES: dict[str, type[Objective]] = {
    "entire_space": EntireSpace,
    "clicked_only": ClickedOnly,
    "division": Division,
    "aman": Aman,
    "oversampling": Oversampling,
    "unbias": Unbias,
    "inverse_propensity": InversePropensity,
    "doubly_robust": DoublyRobust,
    "independent": Independent,
    "weighted_sample": WeightedSample,
    "pairwise": Pairwise,
    "jrc": Jrc,
    "fnw": Fnw,
    "es_dfm": EsDfm,
    "defer": Defer,
}

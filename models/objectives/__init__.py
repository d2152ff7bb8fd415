"""Objectives: in which space each probability is learnt."""

from models.objectives.clicked_only import ClickedOnly
from models.objectives.entire_space import EntireSpace
from models.objectives.independent import Independent
from models.objectives.objective import Objective

OBJECTIVES: dict[str, type[Objective]] = {
    "entire_space": EntireSpace,
    "clicked_only": ClickedOnly,
    "independent": Independent,
}

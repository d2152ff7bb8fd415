"""Objectives: in which space each probability is learnt."""

from models.objectives.clicked_only import ClickedOnly
from models.objectives.entire_space import EntireSpace
from models.objectives.independent import Independent

OBJECTIVES = {
    "entire_space": EntireSpace,
    "clicked_only": ClickedOnly,
    "independent": Independent,
}

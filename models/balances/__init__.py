"""Balances: how the loss terms are weighed."""

from models.balances.fixed import Fixed
from models.balances.uncertainty import Uncertainty

BALANCES = {"fixed": Fixed, "uncertainty": Uncertainty}

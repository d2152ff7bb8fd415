"""Balances: how the loss terms are weighed."""

from models.balances.balance import Balance
from models.balances.fixed import Fixed
from models.balances.uncertainty import Uncertainty

BALANCES: dict[str, type[Balance]] = {"fixed": Fixed, "uncertainty": Uncertainty}

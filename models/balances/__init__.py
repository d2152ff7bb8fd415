"""Balances: how the loss terms are weighed."""

from models.balances.balance import Balance
from models.balances.dwa import Dwa
from models.balances.fixed import Fixed
from models.balances.gradnorm import GradNorm
from models.balances.pcgrad import PcGrad
from models.balances.uncertainty import Uncertainty

BALANCES: dict[str, type[Balance]] = {
    "fixed": Fixed,
    "uncertainty": Uncertainty,
    "gradnorm": GradNorm,
    "dwa": Dwa,
    "pcgrad": PcGrad,
}

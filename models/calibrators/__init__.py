"""Calibrators: how a head's logit is corrected once the model is trained."""

from models.calibrators.isotonic import Isotonic
from models.calibrators.platt import Platt

CALIBRATORS: dict[str, type[Platt] | type[Isotonic]] = {"platt": Platt, "isotonic": Isotonic}

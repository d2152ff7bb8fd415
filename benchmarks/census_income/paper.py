"""Tables 1 and 2 of the MMoE paper (Ma et al., KDD 2018, https://doi.org/10.1145/3219819.3220007).

AUC on Census-Income over 400 runs, without deviations: `best` is the run with the best AUC of the
main head, and the AUC of the auxiliary head in that run. Tensor factorization is left out, which
is not among our trunks; PLE came later. The order of the two auxiliary columns is as read from the
text of the PDF, whose headers are split.
"""

from typing import NamedTuple


class Published(NamedTuple):
    """One line of a table, under our name of the method."""

    main_best: float
    main_mean: float
    auxiliary_best: float
    auxiliary_mean: float

    def mean(self, auxiliary: bool) -> float:
        """Returns the mean AUC of one of the two heads."""
        return self.auxiliary_mean if auxiliary else self.main_mean


TABLES = {
    "group_1": {
        "single_task": Published(0.9398, 0.9337, 0.9933, 0.9922),
        "shared_bottom": Published(0.9361, 0.9295, 0.9915, 0.9921),
        "soft_sharing": Published(0.9389, 0.9359, 0.9922, 0.9918),
        "cross_stitch": Published(0.9406, 0.9361, 0.9917, 0.9922),
        "moe": Published(0.9387, 0.9319, 0.9928, 0.9923),
        "mmoe": Published(0.9410, 0.9359, 0.9926, 0.9927),
    },
    "group_2": {
        "single_task": Published(0.8843, 0.8792, 0.9933, 0.9922),
        "shared_bottom": Published(0.8836, 0.8813, 0.9927, 0.9917),
        "soft_sharing": Published(0.8855, 0.8823, 0.9923, 0.9918),
        "cross_stitch": Published(0.8855, 0.8819, 0.9919, 0.9921),
        "moe": Published(0.8852, 0.8813, 0.9915, 0.9912),
        "mmoe": Published(0.8860, 0.8826, 0.9932, 0.9924),
    },
}
# What the mean of MMoE over our seeds must reach: the paper's best income and mean marital AUC.
BARS = {"income_over_50k": 0.9410, "never_married": 0.9927}

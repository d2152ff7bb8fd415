"""What is compared, and how long each model may learn; no TensorFlow."""

from typing import Any

# The paper's sizes: 8 experts of one layer of 16, towers of 8, and a shared bottom with as many
# weights as the experts and the first layer of the towers above them: 13056 = 113 (100 + 16) or so.
TRUNKS: dict[str, dict[str, Any]] = {
    "shared_bottom": {"trunk": "shared_bottom", "units": (113,)},
    "moe": {"trunk": {"kind": "moe", "experts": 8}, "units": (16,)},
    "mmoe": {"trunk": {"kind": "mmoe", "experts": 8}, "units": (16,)},
}
TOWER = (8,)
CORRELATIONS = (0.5, 0.9, 1.0)
# Of Adam, constant; those of the paper. Each model takes the best on runs that count for nothing:
# enough of them, as the loss of a run hangs more on its tasks than on the rate.
RATES = (1e-2, 1e-3, 1e-4)
TUNING_SEEDS = (1000, 1001, 1002, 1003, 1004, 1005)
BATCH_SIZE = 256
STEPS = 2000
# Losses of a run that are noted, evenly over its steps, each on so many rows held out.
POINTS = 20
HELD_OUT = 4096


def setup() -> dict[str, Any]:
    """Returns what all runs have in common."""
    return {
        "trunks": TRUNKS,
        "batch_size": BATCH_SIZE,
        "steps": STEPS,
        "points": POINTS,
        "correlations": CORRELATIONS,
        "tuning_seeds": TUNING_SEEDS,
    }

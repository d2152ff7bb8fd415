"""How far the answers of a door lie from training's, and where most."""

from collections.abc import Sequence

import numpy as np

from evaluation.gaps import scaled_gaps
from pipeline.parity.found import Gap, Place
from pipeline.parity.training_path import Arrays

# Of the score, which is computed with 32 bits in two ways: powers and exponentials differ by more.
SCORE_TOLERANCE = 1e-5


class Gaps:
    """The largest gap of each output of a door, over batches.

    Attributes:
        largest: by output.
    """

    def __init__(self) -> None:
        self.largest: dict[str, Gap] = {}

    def add(
        self, answered: Arrays, trained: Arrays, places: Sequence[Place], tolerance: float
    ) -> None:
        """Looks at some outputs of the rows of a batch.

        Args:
            answered: by the door, [N] by output.
            trained: what it should have answered, [N] by output.
            places: of the rows, N of them.
            tolerance: what a gap may be.
        """
        for output, wanted in trained.items():
            found = answered[output]
            gaps = scaled_gaps(found, wanted)
            row = int(np.argmax(gaps))
            before = self.largest.get(output)
            if before is None or gaps[row] > before.gap:
                self.largest[output] = Gap(
                    output,
                    float(gaps[row]),
                    tolerance,
                    places[row],
                    float(found[row]),
                    float(wanted[row]),
                )

import numpy as np
import pytest

from pipeline.parity.found import Gap, Place
from pipeline.parity.gaps import Gaps

PLACES = [Place("log.csv", "a"), Place("log.csv", "b")]


def floats(*values: float) -> np.ndarray:
    return np.array(values, np.float32)


def test_the_largest_gap_of_each_output_is_kept_over_batches():
    gaps = Gaps()
    gaps.add({"ctr": floats(0.5, 0.5)}, {"ctr": floats(0.5, 0.25)}, PLACES, 1e-6)
    gaps.add({"ctr": floats(0.5, 0.5)}, {"ctr": floats(0.375, 0.5)}, PLACES, 1e-6)
    gaps.add({"cvr": floats(1, 1)}, {"cvr": floats(1, 1)}, PLACES, 1e-6)
    assert list(gaps.largest.values()) == [
        Gap("ctr", 0.25, 1e-6, PLACES[1], 0.5, 0.25),
        Gap("cvr", 0.0, 1e-6, PLACES[0], 1.0, 1.0),
    ]


@pytest.mark.parametrize(
    ("gap", "is_open"), [(0.0, False), (1e-6, False), (1.1e-6, True), (float("inf"), True)]
)
def test_a_gap_is_open_beyond_what_it_may_be(gap, is_open):
    assert Gap("ctr", gap, 1e-6, PLACES[0], 0.0, 0.0).open is is_open

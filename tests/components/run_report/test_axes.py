import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.run_report.axes import Scale, around, path, round_step, thinned, tick_label

finite = st.floats(-1e6, 1e6)


def test_a_number_lies_on_its_share_of_the_scale_and_what_is_outside_at_the_end():
    scale = Scale(-1.0, 3.0)
    assert [scale.at(value) for value in (-1, 0, 3, 7, -9)] == [0, 0.25, 1, 1, 0]


def test_on_a_logarithmic_scale_equal_ratios_are_equal_lengths():
    scale = Scale(0.01, 100, log=True)
    assert [round(scale.at(value), 9) for value in (0.01, 0.1, 1, 100, 0)] == [0, 0.25, 0.5, 1, 0]


def test_ticks_are_round_numbers_within_the_scale():
    assert [tick.label for tick in Scale(0, 1).ticks()] == ["0", "0.2", "0.4", "0.6", "0.8", "1"]
    assert [tick.label for tick in Scale(-0.021, 0.012).ticks(3)] == ["−0.02", "0"]
    assert [tick.label for tick in Scale(0, 0.1).ticks(percent=True)][:2] == ["0%", "2%"]


def test_a_scale_that_one_round_step_fits_once_takes_smaller_steps():
    assert [tick.label for tick in Scale(0.61, 0.78).ticks(3)] == ["0.65", "0.7", "0.75"]


def test_ticks_of_a_logarithmic_scale_are_powers_and_parts_of_them():
    labels = [tick.label for tick in Scale(0.008, 0.4, log=True).ticks()]
    assert labels == ["0.01", "0.02", "0.05", "0.1", "0.2"]
    wide = [tick.label for tick in Scale(0.0009, 0.4, log=True).ticks()]
    assert wide == ["0.001", "0.003", "0.01", "0.03", "0.1", "0.3"]


@given(finite, st.floats(1e-6, 1e6))
def test_every_scale_has_two_to_seven_ticks_in_order(low, room):
    ticks = Scale(low, low + room).ticks()
    places = [tick.at for tick in ticks]
    assert 2 <= len(ticks) <= 7
    assert places == sorted(places)
    assert all(0 <= place <= 1 for place in places)


@given(st.lists(finite, min_size=1))
def test_all_numbers_are_on_the_scale_around_them(values):
    scale = around(values)
    assert scale.low < scale.high
    assert all(scale.low <= value <= scale.high for value in values)


def test_a_scale_around_nothing_is_that_from_0_to_1():
    assert around([math.nan, math.inf]) == Scale(0, 1)


def test_a_scale_starts_at_zero_where_it_must_have_it():
    assert around([0.2, 0.4], zero=True).low == 0
    assert around([-0.2, 0.4], zero=True).low < -0.2


def test_numbers_far_apart_are_told_by_their_logarithms_if_that_is_allowed():
    assert around([0.001, 1], log=True).log
    assert not around([0.5, 1], log=True).log
    assert not around([0, 1], log=True).log


@pytest.mark.parametrize(("step", "rounded"), [(0.3, 0.5), (0.21, 0.25), (1, 1), (7, 10)])
def test_a_step_is_the_next_round_number(step, rounded):
    assert round_step(step) == pytest.approx(rounded)


@pytest.mark.parametrize(
    ("value", "label"), [(0, "0"), (0.3, "0.3"), (-2, "−2"), (20_000, "20k"), (0.00001, "1e−05")]
)
def test_a_tick_is_told_as_short_as_it_can_be(value, label):
    assert tick_label(value) == label


def test_a_line_breaks_where_a_point_is_not_finite():
    assert path([(0, 1), (2, 3), (math.nan, 1), (4, 5)]) == "M0.0 1.0L2.0 3.0M4.0 5.0"


def test_a_thinned_line_keeps_its_ends_and_spreads_its_points_evenly():
    line = [(place / 1000, place / 1000) for place in range(1001)]
    kept = thinned(line, 11)
    assert (kept[0], kept[-1], len(kept)) == (line[0], line[-1], 11)
    gaps = [b[0] - a[0] for a, b in itertools.pairwise(kept)]
    assert max(gaps) < 0.16


def test_a_short_line_stays_as_it_is():
    assert thinned([(0, 0), (1, 1)], 5) == ((0, 0), (1, 1))

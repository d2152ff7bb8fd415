import numpy as np
import pytest
from scipy import stats

from components.model_gate.contrast import Contrast, alone, contrast
from evaluation.figures import Figure

FOLDS = 20


def jackknifed(pseudo):
    """The figure whose jackknife pseudo-values these are: their mean, and its error."""
    error = float(np.std(pseudo, ddof=1) / np.sqrt(len(pseudo)))
    return Figure(value=float(np.mean(pseudo)), error=error, freedom=len(pseudo) - 1)


@pytest.mark.parametrize("factor", [1.0, -1.0, 0.5, 1.01, 2.0])
def test_the_error_of_any_multiple_is_that_of_its_paired_differences(factor):
    rng = np.random.default_rng(1)
    shared = rng.normal(size=FOLDS)
    ours, theirs = 3 + shared + rng.normal(size=FOLDS), 2 + shared + rng.normal(size=FOLDS)
    found = contrast(jackknifed(ours), jackknifed(theirs), jackknifed(ours - theirs), factor)
    expected = jackknifed(ours - factor * theirs)
    assert (found.value, found.error) == pytest.approx((expected.value, expected.error), rel=1e-12)
    assert found.freedom == FOLDS - 1


def test_the_bounds_are_those_of_students_t():
    pseudo = np.random.default_rng(2).normal(5, 2, FOLDS)
    found = alone(jackknifed(pseudo))
    two_sided = stats.ttest_1samp(pseudo, 0).confidence_interval(0.95)
    assert found.interval == pytest.approx(tuple(two_sided))
    assert found.least == pytest.approx(
        stats.ttest_1samp(pseudo, 0, alternative="greater").confidence_interval(0.95).low
    )
    assert found.most == pytest.approx(
        stats.ttest_1samp(pseudo, 0, alternative="less").confidence_interval(0.95).high
    )


def test_models_that_go_up_and_down_together_differ_for_sure():
    shared = np.random.default_rng(3).normal(size=FOLDS)
    ours, theirs = shared + 0.01, shared
    found = contrast(jackknifed(ours), jackknifed(theirs), jackknifed(ours - theirs), 1.0)
    assert found.least == pytest.approx(0.01)
    assert alone(jackknifed(ours)).least < 0


def test_a_variance_that_rounds_below_nothing_is_nothing():
    same = Figure(value=1.0, error=0.1, freedom=19)
    none = Figure(value=0.0, error=0.0, freedom=19)
    assert contrast(same, same, none, 1.0 + 1e-17) == Contrast(0.0, 0.0, 19)
    tilted = Figure(value=1.0, error=0.3, freedom=19)
    assert contrast(same, same, tilted, -1.0).error == 0.0


def test_the_fewest_degrees_of_freedom_count():
    ours, theirs = (Figure(value=1.0, error=0.1, freedom=freedom) for freedom in (19, 9))
    assert contrast(ours, theirs, ours, 2.0).freedom == 9


SURE = Figure(value=0.5, error=0.1, freedom=19)
UNSURE = Figure(value=0.5)


@pytest.mark.parametrize("figure", [UNSURE, Figure(value=0.5, error=float("nan"), freedom=19)])
def test_without_an_error_nothing_is_sure(figure):
    assert alone(figure) is None
    assert contrast(SURE, SURE, figure, 1.0) is None
    assert contrast(figure, SURE, SURE, 2.0) is None
    assert contrast(SURE, figure, SURE, 2.0) is None


def test_a_plain_difference_needs_the_paired_error_alone():
    assert contrast(UNSURE, UNSURE, SURE, 1.0) == Contrast(0.0, 0.1, 19)

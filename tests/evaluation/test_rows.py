"""Rows hold together, or say what does not."""

import numpy as np
import pytest

from evaluation.rows import FOLDS, Rows, concatenate, summed


def rows(**changed):
    columns = {
        "label": np.array([0.0, 1.0, 1.0]),
        "weight": np.array([1.0, 2.0, 0.5]),
        "predictions": {"candidate": np.array([0.1, 0.2, 0.3])},
        "fold": np.array([0, 5, 19]),
        "user": np.array([7, 8, 9]),
    }
    return Rows(**{**columns, **changed})


def test_rows_are_kept_and_joined_in_order():
    kept = rows().where(np.array([True, False, True]))
    both = concatenate(kept, rows())
    assert both.size == 5
    assert both.label.tolist() == [0, 1, 0, 1, 1]
    assert both.weight.tolist() == [1, 0.5, 1, 2, 0.5]
    assert both.predictions["candidate"].tolist() == [0.1, 0.3, 0.1, 0.2, 0.3]
    assert both.fold.tolist() == [0, 19, 0, 5, 19]
    assert both.user.tolist() == [7, 9, 7, 8, 9]
    assert both.request is None


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"weight": np.ones(2)}, r"of one length. Received: .*'weight': \(2,\)"),
        ({"predictions": {"other": np.ones(4)}}, r"'prediction of other': \(4,\)"),
        ({"user": np.ones(1, int)}, r"'user': \(1,\)"),
        ({"label": np.array([0.0, 1.0, np.nan])}, "leave rows without a label out"),
        ({"weight": np.array([1.0, -1.0, 1.0])}, "at least 0. Received: -1.0"),
        ({"weight": np.array([1.0, np.nan, 1.0])}, "weights must be at least 0"),
        ({"fold": np.array([0, 1, FOLDS])}, "from 0 to 19. Received: 0 to 20"),
        ({"fold": np.array([0, -1, 3])}, "from 0 to 19. Received: -1 to 3"),
    ],
)
def test_what_does_not_hold_together_is_refused(changed, sentence):
    with pytest.raises(ValueError, match=sentence):
        rows(**changed)


def test_predictions_may_be_anything_as_the_model_is_judged_by_them():
    assert rows(predictions={"candidate": np.array([np.nan, np.inf, -1.0])}).size == 3


def test_sums_by_place():
    assert summed(np.array([1.0, 2.0, 3.0]), np.array([2, 0, 2]), 4).tolist() == [2, 0, 4, 0]

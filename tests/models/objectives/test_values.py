import numpy as np
import pytest
import tensorflow as tf
from scipy import optimize

from models import options
from models.objectives.independent import Independent
from models.objectives.values import value_term
from schemas.heads import Head

NAN = float("nan")


def column(*values):
    return tf.constant(values, tf.float32)


def test_a_value_is_learnt_by_least_squares():
    loss = value_term("value", column(1, 2, -3), column(0, 2, 1), None, None)
    assert float(loss) == pytest.approx((1 + 0 + 16) / 3)


def test_a_watch_time_is_a_positive_of_so_much_weight_and_a_negative():
    x, seconds = np.array([0.5, -1.0, 2.0]), np.array([30.0, 0.0, 7.0])
    loss = value_term("watch_time", column(*x), column(*seconds), None, None)
    expected = seconds * np.log1p(np.exp(-x)) + np.log1p(np.exp(x))
    assert float(loss) == pytest.approx(expected.mean(), rel=1e-5)


@pytest.mark.parametrize("seconds", [[30.0, 0.0, 0.0, 10.0], [0.5, 0.0], [100.0, 50.0]])
def test_the_best_constant_is_the_mean_whose_log_it_is(seconds):
    def loss(x):
        return float(value_term("watch_time", tf.fill([len(seconds)], float(x)),
                                column(*seconds), None, None))  # fmt: skip

    best = optimize.minimize_scalar(loss, bounds=(-10, 10), method="bounded").x
    assert np.exp(best) == pytest.approx(np.mean(seconds), rel=0.01)


def test_the_papers_negatives_are_watched_rows_too_so_odds_are_the_mean_itself():
    """With unwatched rows as the only negatives the odds are sum T / (N - k): 40 / 2, not 10."""
    watched = np.array([30.0, 0.0, 0.0, 10.0])
    assert watched.sum() / np.sum(watched == 0) == 20.0
    assert watched.mean() == 10.0


@pytest.mark.parametrize("kind", ["value", "watch_time"])
def test_only_known_rows_of_the_population_count_and_by_their_weight(kind):
    x, y = column(1, 2, 3, 4), column(5, NAN, 7, 8)
    population = tf.constant([True, True, False, True])
    weight = column(1, 9, 9, 3)
    with tf.GradientTape() as tape:
        tape.watch(x)
        loss = value_term(kind, x, y, population, weight)
    alone = [float(value_term(kind, x[i : i + 1], y[i : i + 1], None, None)) for i in (0, 3)]
    assert float(loss) == pytest.approx((alone[0] + 3 * alone[1]) / 4, rel=1e-6)
    gradient = tape.gradient(loss, x).numpy()
    assert gradient[[1, 2]].tolist() == [0, 0] and np.isfinite(gradient).all()


@pytest.mark.parametrize("kind", ["value", "watch_time"])
def test_no_rows_cost_nothing(kind):
    assert float(value_term(kind, column(1), column(NAN), None, None)) == 0


@pytest.mark.parametrize("logit", [-40.0, 40.0])
def test_gradients_of_a_watch_time_stay_finite(logit):
    x = column(logit)
    with tf.GradientTape() as tape:
        tape.watch(x)
        loss = value_term("watch_time", x, column(30.0), None, None)
    assert np.isfinite(tape.gradient(loss, x)).all()


def test_a_value_given_a_click_is_learnt_of_clicked_rows_under_any_objective(targets_of):
    heads = {
        "ctr": Head(label="click"),
        "spend": Head(label="paid", given="ctr", kind="value"),
    }
    columns = {"click": column(1, 0, 1), "paid": column(3, 100, 5)}
    logits = {"ctr": column(0, 0, 0), "spend": column(4, 4, 4)}
    terms = Independent(heads, options.Independent()).terms(logits, targets_of(heads, columns))
    assert list(terms) == ["ctr", "spend"]
    assert float(terms["spend"]) == pytest.approx(1.0)

import numpy as np
import pytest
import tensorflow as tf

from models import options
from models.objectives.clicked_only import ClickedOnly
from models.objectives.delayed_feedback import DelayedFeedback
from models.objectives.fnw import Fnw
from schemas.heads import Head

HEADS = {"ctr": Head(label="click"), "cvr": Head(label="conversion", given="ctr")}
NAN = float("nan")
# Rows that were clicked 100 s before the cut-off, after so many seconds bought, and whether mature.
ROWS = [(0.0, 1), (10.0, 1), (11.0, 1), (99.0, 0), (NAN, 1), (NAN, 0)]


def columns(rows=ROWS, age=100.0):
    delay = np.array([delay for delay, _ in rows], np.float32)
    found = {
        "click": np.ones(len(rows)),
        "conversion": ~np.isnan(delay),
        "label_age": np.full(len(rows), age),
        "conversion_delay": delay,
        "conversion_mature": np.array([mature for _, mature in rows]),
    }
    return {name: tf.constant(values.astype(np.float32)) for name, values in found.items()}


def told(targets, elapsed=10, stream=None):
    found = Fnw(HEADS, options.Fnw(stream=stream)).told("cvr", targets, elapsed)
    return {name: values.numpy().astype(int).tolist() for name, values in found._asdict().items()}


def test_a_row_is_what_the_logs_had_told_of_it(targets_of):
    assert told(targets_of(HEADS, columns())) == {
        "early": [1, 1, 0, 0, 0, 0],
        "late": [0, 0, 1, 1, 0, 0],
        "mature": [1, 1, 1, 0, 1, 0],
        "taken": [1, 1, 1, 1, 1, 1],
        "arrived": [1, 1, 1, 1, 0, 0],
    }


@pytest.mark.parametrize(("age", "taken"), [(9.0, 0), (10.0, 1), (11.0, 1)])
def test_a_row_younger_than_the_elapsed_time_has_not_been_taken(targets_of, age, taken):
    assert told(targets_of(HEADS, columns([(NAN, 0)], age)))["taken"] == [taken]


def test_a_stream_brought_only_what_came_since_it_began(targets_of):
    found = told(targets_of(HEADS, columns()), stream="89s")
    assert found["taken"] == [0, 0, 0, 0, 0, 0]  # 90 s before the cut-off
    assert found["arrived"] == [0, 0, 1, 1, 0, 0]
    assert told(targets_of(HEADS, columns()), stream="90s")["taken"] == [1, 1, 1, 1, 1, 1]


def test_a_conversion_of_an_earlier_click_than_the_last_has_come_nevertheless(targets_of):
    found = told(targets_of(HEADS, columns([(70.0, 0)], age=20.0)))
    assert (found["late"], found["arrived"]) == ([1], [1]) and found["taken"] == [1]


def test_of_a_row_without_a_label_nothing_is_known(targets_of):
    unknown = {**columns(), "conversion": tf.fill([len(ROWS)], NAN)}
    found = told(targets_of(HEADS, unknown))
    assert not any([*found["early"], *found["late"], *found["arrived"]])
    targets = targets_of(HEADS, unknown)
    logits = {name: tf.zeros(len(ROWS)) for name in HEADS}
    assert float(Fnw(HEADS, options.Fnw()).terms(logits, targets)["cvr"]) == 0


def test_only_conversions_given_another_event_are_delayed(targets_of):
    heads = {
        **HEADS,
        "cart": Head(label="cart", given="ctr"),
        "keep": Head(label="kept", given="cvr"),
        "bought": Head(label="conversion"),
        "worth": Head(label="conversion", given="ctr", kind="value"),
    }
    random = np.random.default_rng(0)
    rows = [(random.choice([5.0, NAN]), 1) for _ in range(50)]
    given = columns(rows)
    for name in ("click", "cart", "kept"):
        given[name] = tf.constant(random.integers(0, 2, 50), tf.float32)
    logits = {name: tf.constant(random.normal(size=50), tf.float32) for name in heads}
    targets = targets_of(heads, given)
    terms = Fnw(heads, options.Fnw()).terms(logits, targets)
    plain = ClickedOnly(heads, options.ClickedOnly()).terms(logits, targets)
    differ = {name for name in heads if not np.isclose(terms[name], plain[name], rtol=1e-6)}
    assert set(terms) == set(plain) and differ == {"cvr"}


def test_masks_and_weights_say_how_much_a_row_counts(targets_of):
    heads = {**HEADS, "cvr": Head(label="conversion", given="ctr", mask="known", weight="times")}
    objective = Fnw(heads, options.Fnw())
    given = columns()
    x = tf.constant([0.1, -0.4, 0.3, 0.7, -1.0, 0.2])
    logits = {"ctr": x, "cvr": x}
    times = np.array([1.0, 3.0, 0.0, 2.0, 1.0, 5.0], np.float32)
    known = np.array([1.0, 1.0, 1.0, 0.0, 1.0, 1.0], np.float32)
    given |= {"known": tf.constant(known), "times": tf.constant(times)}
    term = objective.terms(logits, targets_of(heads, given))["cvr"]
    repeated = np.repeat(np.arange(6), (times * known).astype(int))
    rows = {name: tf.gather(column, repeated) for name, column in given.items()}
    rows |= {"known": tf.ones(len(repeated)), "times": tf.ones(len(repeated))}
    logits = {name: tf.gather(x, repeated) for name in HEADS}
    again = objective.terms(logits, targets_of(heads, rows))["cvr"]
    np.testing.assert_allclose(term, again, rtol=1e-6)


def test_an_objective_must_say_what_it_learns_of_a_stream(targets_of):
    objective = DelayedFeedback(HEADS, options.Fnw())
    with pytest.raises(NotImplementedError):
        objective.terms({name: tf.zeros(6) for name in HEADS}, targets_of(HEADS, columns()))

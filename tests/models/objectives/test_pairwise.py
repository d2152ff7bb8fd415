import itertools

import numpy as np
import pytest
import tensorflow as tf

from models import options
from models.objectives.entire_space import EntireSpace
from models.objectives.pairwise import Pairwise, order_term
from schemas.heads import Head

HEADS = {"ctr": Head(label="click"), "cvr": Head(label="conversion", given="ctr")}
NAN = float("nan")


def ranked(heads=HEADS, pairs=64):
    return Pairwise(heads, options.Pairwise(pairs=pairs))


def term(scores, event, groups, pairs=64, weight=None):
    return order_term(
        tf.constant(scores, tf.float32),
        tf.constant(event, tf.float32),
        None if groups is None else tf.constant(groups, tf.int64),
        pairs,
        None if weight is None else tf.constant(weight, tf.float32),
    )


def dense(gradient):
    return tf.convert_to_tensor(gradient).numpy()


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def ranknet(scores, event, groups, cap=np.inf, weight=None):
    """Every pair of every group, one after the other, and no group above `cap`."""
    weight = np.ones(len(scores)) if weight is None else weight
    losses, weights = [], []
    for group in {int(g) for g in groups if g >= 0}:
        rows = [i for i in range(len(scores)) if groups[i] == group]
        pairs = [(i, j) for i in rows for j in rows if event[i] == 1 and event[j] == 0]
        total = sum(weight[i] * weight[j] for i, j in pairs)
        for i, j in pairs:
            losses.append(np.log1p(np.exp(-(scores[i] - scores[j]))))
            weights.append(weight[i] * weight[j] * min(1, cap / total))
    return np.average(losses, weights=weights)


def rows(seed=0, size=40, groups=6):
    random = np.random.default_rng(seed)
    click = random.integers(0, 2, size).astype("float32")
    conversion = click * random.integers(0, 2, size).astype("float32")
    a, b = random.normal(size=(2, size))
    return a, b, click, conversion, random.integers(-1, groups, size)


@pytest.mark.parametrize("seed", range(5))
def test_the_terms_are_those_of_esmm_and_the_order_of_each_probability(targets_of, seed):
    a, b, click, conversion, groups = rows(seed)
    logits = {"ctr": tf.constant(a, tf.float32), "cvr": tf.constant(b, tf.float32)}
    targets = targets_of(HEADS, {"click": click, "conversion": conversion}, groups)
    terms = ranked(pairs=64).terms(logits, targets)
    assert list(terms) == ["ctr", "ctcvr", "ctr_order", "ctcvr_order"]
    for name, value in EntireSpace(HEADS, options.EntireSpace()).terms(logits, targets).items():
        assert terms[name] == value
    p = sigmoid(a) * sigmoid(b)
    np.testing.assert_allclose(terms["ctr_order"], ranknet(a, click, groups, 64), rtol=1e-5)
    odds = np.log(p / (1 - p))
    np.testing.assert_allclose(terms["ctcvr_order"], ranknet(odds, conversion, groups, 64), 1e-5)


def test_a_conversion_goes_above_a_click_and_a_click_above_nothing(targets_of):
    logits = {name: tf.zeros(3) for name in HEADS}
    events = {"click": tf.constant([1.0, 1.0, 0.0]), "conversion": tf.constant([1.0, 0.0, 0.0])}
    objective = ranked()
    for _ in range(20):
        with tf.GradientTape() as tape:
            tape.watch(logits)
            terms = objective.terms(logits, targets_of(HEADS, events, [5, 5, 5]))
            loss = terms["ctr_order"] + terms["ctcvr_order"]  # and none of ESMM's
        gradients = tape.gradient(loss, logits)
        logits = {name: logits[name] - 2 * gradients[name] for name in logits}
    ctr, cvr = (sigmoid(logit.numpy()) for logit in logits.values())
    joint = ctr * cvr
    assert min(ctr[0], ctr[1]) > 2 * ctr[2]
    assert joint[0] > 2 * joint[1] > 4 * joint[2]


def test_the_gradient_is_ranknets_lambda():
    scores = tf.constant([0.3, -0.9])
    with tf.GradientTape() as tape:
        tape.watch(scores)
        loss = order_term(scores, tf.constant([0.0, 1.0]), tf.constant([4, 4], tf.int64), 1)
    lost = 1 / (1 + np.exp(-0.9 - 0.3))
    np.testing.assert_allclose(dense(tape.gradient(loss, scores)), [lost, -lost], rtol=1e-6)


def test_a_constant_for_a_whole_group_changes_nothing():
    a, _, click, _, groups = rows()
    shifted = a + np.array([3.0, -7, 11, 2, 5, 0, 1])[groups]
    np.testing.assert_allclose(term(shifted, click, groups), term(a, click, groups), rtol=1e-5)


def test_only_rows_of_one_group_meet():
    assert term([0.0, 1.0], [1, 0], [3, 4]) == 0
    assert term([0.0, 1.0], [1, 0], [-1, -1]) == 0
    assert term([0.0, 1.0], [1, 0], None) == 0
    np.testing.assert_allclose(term([0.0, 1.0], [1, 0], [3, 3]), np.log1p(np.e), rtol=1e-6)


def test_rows_with_unknown_labels_and_without_weight_meet_none():
    a, _, click, _, groups = rows()
    expected = term(a, click, groups)
    more = np.concatenate([a, a]), np.concatenate([groups, groups])
    unknown = np.concatenate([click, np.full(40, NAN)])
    np.testing.assert_allclose(term(more[0], unknown, more[1]), expected, rtol=1e-5)
    for none in (0.0, NAN):
        weight = np.concatenate([np.ones(40), np.full(40, none)])
        both = np.concatenate([click, 1 - click])
        np.testing.assert_allclose(term(more[0], both, more[1], 64, weight), expected, rtol=1e-5)


def test_without_a_pair_the_term_and_its_gradient_are_exactly_zero():
    for event in ([1.0, 1.0], [0.0, 0.0], [NAN, 1.0]):
        scores = tf.constant([40.0, -40.0])
        with tf.GradientTape() as tape:
            tape.watch(scores)
            loss = order_term(scores, tf.constant(event), tf.constant([1, 1], tf.int64), 8)
        assert float(loss) == 0
        assert np.array_equal(dense(tape.gradient(loss, scores)), [0.0, 0.0])


def test_a_click_that_failed_settles_an_unknown_conversion(targets_of):
    logits = {name: tf.constant([0.5, -0.5, 0.0]) for name in HEADS}
    events = {"click": tf.constant([1.0, 0.0, 1.0]), "conversion": tf.constant([1.0, NAN, NAN])}
    found = ranked().terms(logits, targets_of(HEADS, events, [1, 1, 1]))["ctcvr_order"]
    odds = [np.log(p / (1 - p)) for p in (sigmoid(0.5) ** 2, sigmoid(-0.5) ** 2)]
    np.testing.assert_allclose(found, np.log1p(np.exp(odds[1] - odds[0])), rtol=1e-5)


def test_a_weight_is_so_many_rows():
    a, _, click, _, groups = rows(size=12, groups=2)
    weight = np.random.default_rng(1).integers(1, 4, 12)
    copies = [np.repeat(x, weight) for x in (a, click, groups)]
    np.testing.assert_allclose(term(a, click, groups, 1000, weight), term(*copies, 1000), rtol=1e-5)
    np.testing.assert_allclose(
        term(a, click, groups, 1000, weight), ranknet(a, click, groups, weight=weight), rtol=1e-5
    )


def test_the_weight_of_an_order_is_that_of_its_last_head(targets_of):
    heads = {**HEADS, "cvr": Head(label="conversion", given="ctr", weight="price")}
    a, b, click, conversion, groups = rows()
    price = np.random.default_rng(2).uniform(0, 3, 40).astype("float32")
    logits = {"ctr": tf.constant(a, tf.float32), "cvr": tf.constant(b, tf.float32)}
    columns = {"click": click, "conversion": conversion, "price": price}
    terms = ranked(heads, pairs=1000).terms(logits, targets_of(heads, columns, groups))
    p = sigmoid(a) * sigmoid(b)
    expected = ranknet(np.log(p / (1 - p)), conversion, groups, weight=price)
    np.testing.assert_allclose(terms["ctcvr_order"], expected, rtol=1e-5)
    np.testing.assert_allclose(terms["ctr_order"], ranknet(a, click, groups), rtol=1e-5)


def test_a_group_weighs_at_most_so_many_pairs():
    # The heavy user has 30 x 30 pairs, the others one each, all of a loss of their own.
    heavy = [0.0] * 30 + [2.0] * 30
    scores = [*heavy, 1.0, 0.0, 1.0, 0.0]
    event = [1] * 30 + [0] * 30 + [1, 0, 1, 0]
    groups = [9] * 60 + [1, 1, 2, 2]
    lost, won = np.log1p(np.exp(2.0)), np.log1p(np.exp(-1.0))
    for pairs in (4, 8, 100):
        expected = (pairs * lost + 2 * won) / (pairs + 2)
        np.testing.assert_allclose(term(scores, event, groups, pairs), expected, rtol=1e-5)


def test_each_row_meets_the_next_rows_of_its_group_and_no_other():
    # With all scores in one chain, the gradient of a row counts the pairs that it is in.
    size, pairs = 200, 3
    event = np.arange(size) % 2
    scores = tf.zeros(size)
    with tf.GradientTape() as tape:
        tape.watch(scores)
        loss = order_term(scores, tf.constant(event, tf.float32), tf.zeros(size, tf.int64), pairs)
    counts = np.abs(dense(tape.gradient(loss, scores))) / 0.5
    counts *= 1 / counts[counts > 0].min()  # whole numbers of pairs
    met = np.rint(counts)
    np.testing.assert_allclose(counts, met, atol=1e-3)
    assert met.max() <= 2 * pairs
    assert 0.7 < met.sum() / 2 / (size * pairs / 2) < 1.3  # half of the pairs are decided
    # Rows as they come alternate: the next one always differs. A random order does not.
    assert len(set(met.tolist())) > 3


def test_the_same_batch_has_the_same_pairs_in_every_call():
    a, _, click, _, _ = rows(size=400)
    groups = np.zeros(400)
    tf.random.set_seed(1)
    first = float(term(a, click, groups, 2))
    tf.random.set_seed(2)
    assert float(term(a, click, groups, 2)) == first
    compiled = tf.function(order_term)
    again = compiled(tf.constant(a, tf.float32), tf.constant(click), tf.zeros(400, tf.int64), 2)
    np.testing.assert_allclose(again, first, rtol=1e-6)


def test_values_and_gradients_are_finite_at_logits_of_forty(targets_of):
    corners = np.array(list(itertools.product([-40.0, 0.0, 40.0], repeat=2))).repeat(3, 0)
    click = np.tile([1.0, 1.0, 0.0], 9)
    conversion = np.tile([1.0, 0.0, 0.0], 9)
    a, b = tf.constant(corners[:, 0], tf.float32), tf.constant(corners[:, 1], tf.float32)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch([a, b])
        targets = targets_of(HEADS, {"click": click, "conversion": conversion}, [0] * 27)
        terms = ranked().terms({"ctr": a, "cvr": b}, targets)
    for name in ("ctr_order", "ctcvr_order"):
        assert np.isfinite(terms[name])
        assert np.isfinite(tape.gradient(terms[name], a)).all()
    # A wrong pair at the corner still pulls with its full force.
    scores = tf.constant([-40.0, 40.0])
    with tf.GradientTape() as tape:
        tape.watch(scores)
        loss = order_term(scores, tf.constant([1.0, 0.0]), tf.constant([1, 1], tf.int64), 1)
    np.testing.assert_allclose(loss, 80.0, rtol=1e-6)
    np.testing.assert_allclose(dense(tape.gradient(loss, scores)), [-1, 1], rtol=1e-6)


def test_the_true_probabilities_minimise_the_order_however_groups_are_capped():
    # Three rows of rates 0.2, 0.5, 0.9 in one group: over all outcomes, by hand.
    rates = np.array([0.2, 0.5, 0.9])
    truth = np.log(rates / (1 - rates))

    def slope(pairs):
        scores = tf.constant(truth, tf.float32)
        with tf.GradientTape() as tape:
            tape.watch(scores)
            total = 0.0
            for events in itertools.product([0.0, 1.0], repeat=3):
                chance = np.prod(np.where(events, rates, 1 - rates))
                decided = sum(events) * (3 - sum(events))
                loss = order_term(scores, tf.constant(events), tf.zeros(3, tf.int64), pairs)
                total += chance * min(decided, pairs) * loss  # the mean's denominator put back
        return dense(tape.gradient(total, scores))

    for pairs in (2, 64):
        np.testing.assert_allclose(slope(pairs), np.zeros(3), atol=1e-6)


def test_added_terms_are_those_there_are(targets_of):
    heads = {**HEADS, "like": Head(label="like"), "price": Head(label="paid", kind="value")}
    columns = {name: tf.zeros(4) for name in ("click", "conversion", "like", "paid")}
    logits = {name: tf.zeros(4) for name in heads}
    terms = ranked(heads).terms(logits, targets_of(heads, columns, [1, 1, 2, 2]))
    added = set(options.Pairwise().added_terms(heads))
    assert added == {"ctr_order", "ctcvr_order", "like_order"}
    assert added == {name for name in terms if name.endswith("_order")}

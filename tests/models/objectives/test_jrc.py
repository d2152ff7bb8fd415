import itertools

import numpy as np
import pytest
import tensorflow as tf

from models import options
from models.objectives.clicked_only import ClickedOnly
from models.objectives.jrc import Jrc, absent
from schemas.heads import Head

HEADS = {"ctr": Head(label="click"), "cvr": Head(label="conversion", given="ctr")}
TOWERS = ("ctr", "cvr", "ctr_absent", "cvr_absent")
NAN = float("nan")


def jrc(alpha=0.5, heads=HEADS):
    return Jrc(heads, options.Jrc(alpha=alpha))


def rows(seed=0, size=40, groups=6):
    random = np.random.default_rng(seed)
    logits = dict(zip(TOWERS, random.normal(size=(4, size)).astype("float32"), strict=True))
    click = random.integers(0, 2, size).astype("float32")
    conversion = click * random.integers(0, 2, size).astype("float32")
    events = {"click": click, "conversion": conversion}
    return logits, events, random.integers(-1, groups, size)


def tensors(arrays):
    return {name: tf.constant(array, tf.float32) for name, array in arrays.items()}


def generative(f1, f0, label, groups, counts, weight=None):
    """-log of exp f_{y_i}(x_i) over the sum of its group, row by row, and their mean."""
    weight = np.ones(len(label)) if weight is None else weight
    losses, weights = [], []
    for i in range(len(label)):
        if groups[i] < 0 or not counts[i] or np.isnan(label[i]):
            continue
        f = f1 if label[i] == 1 else f0
        total = 0.0
        for j in range(len(label)):
            if groups[j] == groups[i] and counts[j] and not np.isnan(label[j]):
                total += weight[j] * np.exp(f[j])
        losses.append(-np.log(weight[i] * np.exp(f[i]) / total))
        weights.append(weight[i])
    return np.average(losses, weights=weights)


@pytest.mark.parametrize("alpha", [0.3, 0.5])
@pytest.mark.parametrize("seed", range(3))
def test_the_terms_are_calibration_and_order_in_each_heads_population(targets_of, seed, alpha):
    logits, events, groups = rows(seed)
    terms = jrc(alpha).terms(tensors(logits), targets_of(HEADS, events, groups))
    assert list(terms) == ["ctr", "ctr_order", "cvr", "cvr_order"]
    everywhere, clicked = np.full(40, True), events["click"] == 1
    for name, counts in (("ctr", everywhere), ("cvr", clicked)):
        f1, f0 = logits[name].astype(float), logits[absent(name)].astype(float)
        label = events[HEADS[name].label]
        p = np.exp(np.where(label == 1, f1, f0)) / (np.exp(f1) + np.exp(f0))
        np.testing.assert_allclose(terms[name], alpha * -np.log(p[counts]).mean(), rtol=1e-5)
        order = (1 - alpha) * generative(f1, f0, label, groups, counts)
        np.testing.assert_allclose(terms[f"{name}_order"], order, rtol=1e-5)


def test_with_alpha_one_it_is_the_pointwise_log_loss_and_nothing_else(targets_of):
    logits, events, groups = rows()
    targets = targets_of(HEADS, events, groups)
    terms = jrc(1.0).terms(tensors(logits), targets)
    plain = ClickedOnly(HEADS, options.ClickedOnly()).terms(
        tensors({name: logits[name] - logits[absent(name)] for name in HEADS}), targets
    )
    assert list(terms) == list(plain) == ["ctr", "cvr"]
    for name in HEADS:
        np.testing.assert_allclose(terms[name], plain[name], rtol=1e-6)


def test_with_alpha_zero_only_the_order_is_left(targets_of):
    logits, events, groups = rows()
    terms = jrc(0.0).terms(tensors(logits), targets_of(HEADS, events, groups))
    half = jrc(0.5).terms(tensors(logits), targets_of(HEADS, events, groups))
    assert list(terms) == ["ctr_order", "cvr_order"]
    np.testing.assert_allclose(terms["ctr_order"], 2 * half["ctr_order"], rtol=1e-6)


def test_the_same_added_to_both_logits_leaves_the_answer(targets_of):
    logits, *_ = rows()
    more = {name: logit + 3.0 for name, logit in logits.items()}
    before, after = jrc().head_logits(tensors(logits)), jrc().head_logits(tensors(more))
    assert list(before) == ["ctr", "cvr"]
    for name in HEADS:
        np.testing.assert_allclose(before[name], logits[name] - logits[absent(name)], atol=1e-6)
        np.testing.assert_allclose(after[name], before[name], atol=1e-6)


def test_a_constant_per_group_and_class_leaves_the_order(targets_of):
    logits, events, groups = rows()
    random = np.random.default_rng(1)
    lifted = {name: logit + random.normal(size=7)[groups] for name, logit in logits.items()}
    targets = targets_of(HEADS, events, groups)
    before, after = (jrc().terms(tensors(each), targets) for each in (logits, lifted))
    for name in HEADS:
        np.testing.assert_allclose(after[f"{name}_order"], before[f"{name}_order"], rtol=1e-5)
        assert not np.isclose(after[name], before[name], rtol=1e-3)


def test_rows_of_other_groups_and_of_none_do_not_matter(targets_of):
    logits, events, groups = rows()

    def order(moved):
        targets = targets_of(HEADS, events, groups)
        return jrc().terms(tensors(moved), targets)["ctr_order"]

    towers = tensors(logits)
    with tf.GradientTape() as tape:
        tape.watch(towers)
        only = targets_of(HEADS, events, np.where(groups == 2, 2, -1))
        loss = jrc().terms(towers, only)["ctr_order"]
    gradients = tape.gradient(loss, towers)
    for name in ("ctr", "ctr_absent"):
        assert np.array_equal(gradients[name].numpy() != 0, groups == 2)
    alone = {name: logit + np.where(groups < 0, 5.0, 0.0) for name, logit in logits.items()}
    np.testing.assert_allclose(order(alone), order(logits), rtol=1e-6)


def test_no_groups_no_order(targets_of):
    logits, events, _ = rows()
    for groups in (None, [-1] * 40):
        terms = jrc().terms(tensors(logits), targets_of(HEADS, events, groups))
        assert terms["ctr_order"] == 0
        assert terms["cvr_order"] == 0
        assert terms["ctr"] > 0


def test_a_row_alone_in_its_group_has_no_order(targets_of):
    logits, events, _ = rows()
    terms = jrc().terms(tensors(logits), targets_of(HEADS, events, range(40)))
    np.testing.assert_allclose([terms["ctr_order"], terms["cvr_order"]], [0, 0], atol=1e-6)


def test_rows_with_unknown_labels_take_no_part(targets_of):
    logits, events, groups = rows()
    expected = jrc().terms(tensors(logits), targets_of(HEADS, events, groups))
    unknown = np.full(40, NAN, "float32")
    found = jrc().terms(
        tensors({name: np.concatenate([logit, logit + 1]) for name, logit in logits.items()}),
        targets_of(
            HEADS,
            {name: np.concatenate([event, unknown]) for name, event in events.items()},
            np.concatenate([groups, groups]),
        ),
    )
    for name, value in expected.items():
        np.testing.assert_allclose(found[name], value, rtol=1e-5)


def test_a_weight_is_so_many_rows(targets_of):
    heads = {"ctr": Head(label="click", weight="times")}
    logits, events, groups = rows(size=20, groups=3)
    times = np.random.default_rng(3).integers(0, 4, 20)
    arrays = {name: logits[name] for name in ("ctr", "ctr_absent")}
    columns = {"click": events["click"], "times": times.astype("float32")}

    def gradients(arrays, columns, groups):
        towers = tensors(arrays)
        with tf.GradientTape() as tape:
            tape.watch(towers)
            terms = jrc(heads=heads).terms(towers, targets_of(heads, columns, groups))
            loss = terms["ctr"] + terms["ctr_order"]
        found = tape.gradient(loss, towers)
        return terms["ctr_order"], {name: found[name].numpy() for name in arrays}

    order, weighed = gradients(arrays, columns, groups)
    label = events["click"]
    expected = generative(
        arrays["ctr"], arrays["ctr_absent"], label, groups, times > 0, np.maximum(times, 1e-9)
    )
    np.testing.assert_allclose(order, 0.5 * expected, rtol=1e-5)
    owner = np.repeat(np.arange(20), times)
    _, copied = gradients(
        {name: array[owner] for name, array in arrays.items()},
        {"click": label[owner], "times": np.ones(len(owner), "float32")},
        groups[owner],
    )
    for name in arrays:
        summed = np.bincount(owner, copied[name], minlength=20)
        np.testing.assert_allclose(weighed[name], summed, atol=1e-6)


def test_the_order_pulls_positives_up_by_one_tower_and_negatives_by_the_other(targets_of):
    towers = {name: tf.zeros(3) for name in ("ctr", "ctr_absent")}
    heads = {"ctr": HEADS["ctr"]}
    targets = targets_of(heads, {"click": tf.constant([1.0, 0.0, 0.0])}, [4, 4, 4])
    with tf.GradientTape() as tape:
        tape.watch(towers)
        loss = jrc(heads=heads).terms(towers, targets)["ctr_order"]
    gradients = tape.gradient(loss, towers)
    # (1 - alpha) / rows * (share - own), for one positive and for two negatives.
    np.testing.assert_allclose(gradients["ctr"], np.array([-2, 1, 1]) / 18, rtol=1e-5)
    np.testing.assert_allclose(gradients["ctr_absent"], np.array([2, -1, -1]) / 18, rtol=1e-5)


def test_a_head_that_leads_through_another_mixes_and_still_has_both_logits(targets_of):
    heads = {
        "ctr": Head(label="click"),
        "cart": Head(label="cart", given="ctr"),
        "buy": Head(label="conversion", given="ctr", through="cart"),
    }
    objective = jrc(heads=heads)
    assert objective.towers() == (
        "ctr", "cart", "buy", "buy_otherwise", "ctr_absent", "cart_absent", "buy_absent",
    )  # fmt: skip
    random = np.random.default_rng(5)
    f = dict(zip(objective.towers(), random.normal(size=(7, 30)), strict=True))

    def rate(for_, against):
        return np.exp(for_) / (np.exp(for_) + np.exp(against))

    cart = rate(f["cart"], f["cart_absent"])
    inside, outside = (rate(f[name], f["buy_absent"]) for name in ("buy", "buy_otherwise"))
    p = cart * inside + (1 - cart) * outside
    logits = objective.head_logits(tensors(f))
    assert list(logits) == list(heads)
    np.testing.assert_allclose(logits["buy"], np.log(p / (1 - p)), rtol=1e-4, atol=1e-5)
    click = random.integers(0, 2, 30).astype("float32")
    events = {
        "click": click,
        "cart": click * random.integers(0, 2, 30),
        "conversion": click * random.integers(0, 2, 30),
    }
    groups = random.integers(0, 4, 30)
    terms = objective.terms(tensors(f), targets_of(heads, events, groups))
    f1 = f["buy_absent"] + np.log(p / (1 - p))
    expected = generative(f1, f["buy_absent"], events["conversion"], groups, click == 1)
    np.testing.assert_allclose(terms["buy_order"], 0.5 * expected, rtol=1e-4)
    # Where all went through, f1 is the tower inside; where none did, the one outside.
    for sure, tower in ((60.0, "buy"), (-60.0, "buy_otherwise")):
        ends = objective.head_logits(tensors({**f, "cart": f["cart"] + sure}))
        np.testing.assert_allclose(ends["buy"], f[tower] - f["buy_absent"], rtol=1e-4, atol=1e-4)


def test_a_position_acts_on_the_logit_for_the_event_of_heads_without_a_parent():
    assert jrc().exposed() == ("ctr",)
    assert jrc().towers() == TOWERS


def test_heads_that_are_no_rates_have_one_tower_and_no_order(targets_of):
    heads = {**HEADS, "paid": Head(label="paid", given="ctr", kind="value")}
    objective = jrc(heads=heads)
    assert objective.towers() == ("ctr", "cvr", "paid", "ctr_absent", "cvr_absent")
    columns = {name: tf.ones(2) for name in ("click", "conversion", "paid")}
    logits = {name: tf.zeros(2) for name in objective.towers()}
    terms = objective.terms(logits, targets_of(heads, columns, [1, 1]))
    assert set(terms) == {"ctr", "cvr", "paid", *options.Jrc().added_terms(heads)}
    assert terms["paid"] == 1


def test_values_and_gradients_are_finite_at_logits_of_forty(targets_of):
    corners = np.array(list(itertools.product([-40.0, 0.0, 40.0], repeat=4)), "float32")
    towers = tensors(dict(zip(TOWERS, corners.T, strict=True)))
    for click, conversion in ((1, 1), (1, 0), (0, 0)):
        ones = np.ones(len(corners), "float32")
        targets = targets_of(
            HEADS, {"click": click * ones, "conversion": conversion * ones}, [0] * len(corners)
        )
        with tf.GradientTape() as tape:
            tape.watch(towers)
            terms = jrc().terms(towers, targets)
            loss = tf.add_n(list(terms.values()))
        assert np.isfinite(loss)
        for gradient in tape.gradient(loss, towers).values():
            assert np.isfinite(gradient).all()

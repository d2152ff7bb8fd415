"""GAUC, session AUC and NDCG: equal to loops over users and requests with scikit-learn."""

import math

import numpy as np
import pytest
from sklearn.metrics import ndcg_score, roc_auc_score

from evaluation.grouped import sums_by_group
from evaluation.rows import FOLDS, Rows


def drawn(rows, users, seed=0, digits=1, weighted=True):
    """Rows with ties, and a score by which rows are not sorted."""
    random = np.random.default_rng(seed)
    user = random.integers(0, users, rows)
    request = user * 10 + random.integers(0, 3, rows)
    prediction = np.round(random.beta(1, 3, rows), digits)
    label = (random.random(rows) < 0.2 + 0.5 * prediction).astype(float)
    weight = random.integers(1, 4, rows).astype(float) if weighted else np.ones(rows)
    hashes = random.integers(-(2**62), 2**62, users * 10)
    return Rows(
        label, weight, {"candidate": prediction}, user % FOLDS, hashes[user], hashes[request]
    )


def told(rows, at=()):
    found = sums_by_group(rows, list(rows.predictions.values()), at)
    return {name: sums.told[0].sum() / sums.weight.sum() for name, sums in found.items()}, found


def loop_auc(rows, group):
    """Mean of groups' AUCs by weight; how many; how many of one class."""
    total = weights = measured = skipped = 0
    for one in np.unique(group):
        of = group == one
        if len(set(rows.label[of])) < 2:
            skipped += 1
            continue
        measured += 1
        weight = rows.weight[of]
        own = roc_auc_score(rows.label[of], rows.predictions["candidate"][of], sample_weight=weight)
        total, weights = total + weight.sum() * own, weights + weight.sum()
    return total / weights, measured, skipped


def loop_ndcg(rows, k):
    total = weights = measured = skipped = 0
    for one in np.unique(rows.request):
        of = rows.request == one
        label, prediction = rows.label[of], rows.predictions["candidate"][of]
        if not label.any():
            skipped += 1
            continue
        measured += 1
        # scikit-learn refuses a list of one.
        own = 1.0 if len(label) == 1 else ndcg_score([label], [prediction], k=k)
        weight = rows.weight[of].mean()
        total, weights = total + weight * own, weights + weight
    return total / weights, measured, skipped


@pytest.mark.parametrize("seed", range(4))
def test_aucs_by_group_are_those_of_a_loop_with_scikit_learn(seed):
    rows = drawn(600, 90, seed, digits=1 + seed % 3, weighted=seed > 0)
    means, sums = told(rows)
    for name, group in (("gauc", rows.user), ("session_auc", rows.request)):
        mean, measured, skipped = loop_auc(rows, group)
        assert means[name] == pytest.approx(mean, abs=1e-12)
        assert (sums[name].groups, sums[name].skipped) == (measured, skipped)
        assert skipped > 0


@pytest.mark.parametrize("seed", range(4))
def test_ndcg_is_that_of_a_loop_with_scikit_learn_where_ties_are_averaged(seed):
    rows = drawn(500, 40, seed, digits=1 + seed % 3, weighted=seed > 0)
    means, sums = told(rows, at=(1, 3, 1000))
    for k in (1, 3, 1000):
        mean, measured, skipped = loop_ndcg(rows, k)
        assert means[f"ndcg@{k}"] == pytest.approx(mean, abs=1e-12)
        assert (sums[f"ndcg@{k}"].groups, sums[f"ndcg@{k}"].skipped) == (measured, skipped)
        assert skipped > 0


def test_sums_are_by_the_fold_of_the_user():
    rows = drawn(800, 60)
    _, sums = told(rows, at=(2,))
    for fold in range(FOLDS):
        alone, _ = told(rows.where(rows.fold == fold), at=(2,))
        for name in ("gauc", "session_auc", "ndcg@2"):
            own = sums[name].told[0, fold] / sums[name].weight[fold]
            assert own == pytest.approx(alone[name], abs=1e-12)


def test_sums_of_parts_add_up():
    rows = drawn(800, 60)
    _, whole = told(rows, at=(2,))
    _, one = told(rows.where(rows.fold < 7), at=(2,))
    _, other = told(rows.where(rows.fold >= 7), at=(2,))
    for name, sums in whole.items():
        added = one[name] + other[name]
        np.testing.assert_allclose(added.told, sums.told, atol=1e-9)
        np.testing.assert_allclose(added.weight, sums.weight)
        assert (added.groups, added.skipped) == (sums.groups, sums.skipped)


def test_a_hand_made_request():
    # Best first: 0, 1, then a tie of 1 and 0; one user sees all, in two requests.
    rows = Rows(
        label=np.array([1.0, 0.0, 1.0, 0.0, 0.0]),
        weight=np.ones(5),
        predictions={"candidate": np.array([0.2, 0.9, 0.5, 0.2, 0.7])},
        fold=np.zeros(5, int),
        user=np.array([1, 1, 1, 1, 1]),
        request=np.array([4, 4, 4, 4, 6]),
    )
    means, sums = told(rows, at=(10, 2))
    assert means["session_auc"] == pytest.approx((1 + 0.5) / 4)  # of four pairs
    assert means["gauc"] == pytest.approx((1 + 0.5) / 6)
    third = (1 / math.log2(4) + 1 / math.log2(5)) / 2
    assert means["ndcg@10"] == pytest.approx((1 / math.log2(3) + third) / (1 + 1 / math.log2(3)))
    assert means["ndcg@2"] == pytest.approx(1 / math.log2(3) / (1 + 1 / math.log2(3)))
    assert (sums["session_auc"].groups, sums["session_auc"].skipped) == (1, 1)


def test_where_every_group_is_of_one_class_nothing_is_measured():
    rows = drawn(100, 30)
    rows = rows.where(rows.label == 0)
    sums = sums_by_group(rows, list(rows.predictions.values()), (3,))
    assert list(sums) == ["gauc", "session_auc", "ndcg@3"]
    for found in sums.values():
        assert found.groups == 0
        assert found.skipped > 0
        assert found.weight.sum() == 0


def test_without_users_and_requests_there_is_nothing_by_group():
    rows = drawn(10, 3)
    alone = Rows(rows.label, rows.weight, rows.predictions, rows.fold)
    assert sums_by_group(alone, list(alone.predictions.values()), (5,)) == {}

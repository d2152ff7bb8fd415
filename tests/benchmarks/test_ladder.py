import numpy as np
import pytest

from benchmarks.ladders.figures import auc, figures, summary
from benchmarks.ladders.methods import BASE, METHODS, model
from benchmarks.learning.packing import pack
from schemas.features import Categorical, Numeric, Sequence, Vocabulary
from schemas.layout import make_layout

RANDOM = np.random.default_rng(0)
TRUTH = RANDOM.beta(2, 8, 400)
CTR = RANDOM.beta(2, 4, 400)
CLICK = RANDOM.random(400) < CTR
LABELS = np.stack([CLICK, CLICK & (RANDOM.random(400) < TRUTH)], axis=1).astype(float)


def test_the_truth_has_no_divergence_from_itself_and_no_bias():
    found = figures(TRUTH, CTR * TRUTH, CTR, LABELS, TRUTH)
    entropy = -np.mean(TRUTH * np.log(TRUTH) + (1 - TRUTH) * np.log(1 - TRUTH))
    assert found["entire_kl"] == found["entire_bias"] == 0
    assert found["entire_log_loss"] == pytest.approx(entropy, rel=1e-9)
    assert found["ctcvr_auc"] == found["ctcvr_auc_own"]


def test_kl_and_bias_of_a_constant():
    found = figures(np.full(400, 0.3), CTR * 0.3, CTR, LABELS, np.full(400, 0.2))
    assert found["entire_kl"] == pytest.approx(0.2 * np.log(2 / 3) + 0.8 * np.log(8 / 7), rel=1e-6)
    assert found["entire_bias"] == pytest.approx(0.1)
    assert found["cvr_auc"] == 0.5
    assert np.isnan(figures(TRUTH, TRUTH, CTR, LABELS, np.ones(400))["entire_auc"])


def test_cvr_is_judged_on_clicks_alone_and_ctcvr_with_the_ctr_of_another_network():
    guess = np.where(CLICK, TRUTH, RANDOM.random(400))
    found = figures(guess, RANDOM.random(400), CTR, LABELS, None)
    assert set(found) == {"cvr_auc", "ctcvr_auc", "ctcvr_auc_own"}
    assert found["cvr_auc"] == auc(TRUTH[CLICK], LABELS[CLICK, 1])
    assert found["ctcvr_auc"] == auc(CTR * guess, LABELS[:, 1])


def test_the_expected_auc_is_the_mean_over_draws_of_labels():
    draws = RANDOM.random((3000, 400)) < TRUTH
    guess = TRUTH + RANDOM.normal(0, 0.1, 400)
    pairs = [(guess[draw][:, None] > guess[~draw][None]).mean() for draw in draws]
    assert auc(guess, TRUTH) == pytest.approx(np.mean(pairs), abs=0.003)


def test_the_interval_is_that_of_the_paired_t_test():
    runs = {"BASE": [{"x": 1.0}, {"x": 3.0}, {"x": 2.0}], "B": [{"x": 2.0}, {"x": 3.5}, {"x": 3.0}]}
    found = summary(runs, "BASE")["B"]["x"]
    differences = np.array([1.0, 0.5, 1.0])
    reach = 4.302652729911275 * differences.std(ddof=1) / np.sqrt(3)  # t of 2 degrees, 97.5 %
    assert found["difference"] == pytest.approx(differences.mean())
    assert (found["low"], found["high"]) == pytest.approx(
        (differences.mean() - reach, differences.mean() + reach)
    )
    assert found["mean"] == pytest.approx(8.5 / 3)
    assert summary(runs, "BASE")["BASE"]["x"]["high"] == 0


def test_the_papers_baselines_share_nothing_and_every_objective_can_be_read():
    for method, (shared, objectives) in METHODS.items():
        for objective in objectives:
            assert model(method, objective).share_embeddings is shared
    assert not METHODS[BASE][0] and METHODS["ESMM"][0] and not METHODS["ESMM-NS"][0]


def test_columns_are_packed_as_the_layout_says():
    vocabulary = Vocabulary(max_size=2, min_count=2, oov=1)
    features = {
        "item": Categorical(kind="categorical", side="item", vocabulary=vocabulary, width=4),
        "age": Numeric(kind="numeric", side="user", transform="quantiles", buckets=2, width=4),
        "price": Numeric(kind="numeric", side="item", transform="log"),
        "seen": Sequence(kind="sequence", side="user", shares="item", max_length=2),
    }
    columns = {
        "item": np.array(["b", "a", "b", "a", "b", "c", None, "c"], object),
        "age": np.array([1.0, 2.0, 3.0, 4.0, np.nan, 9.0, 0.0, 2.0]),
        "price": np.expm1([1.0, 3.0, 1.0, 3.0, np.nan, 2.0, 5.0, 2.0]),
        "seen": np.array([["a", "b", "c"], [], None, ["c"], ["b"], [""], ["a"], ["b"]], object),
    }
    packed = pack(make_layout(features), features, columns, np.arange(8) < 6)
    # 0 nothing, 1 unknown, 2 the most frequent; the buckets' table begins at 4.
    assert packed["ids_4"][:, 0].tolist() == [2, 3, 2, 3, 2, 1, 0, 1]
    assert packed["ids_4"][:, 1].tolist() == [5, 5, 6, 6, 4, 6, 5, 5]
    assert packed["sequence_seen"].tolist()[:5] == [[3, 2], [0, 0], [0, 0], [1, 0], [2, 0]]
    spread = np.std([1, 3, 1, 3, 2])
    np.testing.assert_allclose(
        packed["dense"][:, 0] * spread, [-1, 1, -1, 1, 0, 0, 3, 0], atol=1e-6
    )

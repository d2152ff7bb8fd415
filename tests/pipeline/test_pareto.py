import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from sklearn.metrics import roc_auc_score

from pipeline.errors import Misuse
from pipeline.pareto import Ranking, candidates, front, judged, kept, tune
from schemas.score_weights import weights

NAN = float("nan")
CLICK = np.array([1, 0, 1, 0, 1, 0, 0, 0], np.float32)


def test_the_auc_of_each_label_is_scikit_learns_ties_included():
    random = np.random.default_rng(0)
    gains = {name: random.integers(0, 2, 500).astype(float) for name in ("click", "buy")}
    score = random.integers(0, 20, 500) + gains["click"]
    found = Ranking(gains).aucs(score.astype(np.float32))
    expected = {name: roc_auc_score(gain, score) for name, gain in gains.items()}
    assert found == pytest.approx(expected, abs=1e-12)


def test_a_pair_weighs_what_its_row_gains():
    worth = np.where(np.arange(100) < 30, np.arange(100) % 7 + 1.0, 0.0)
    score = np.random.default_rng(0).normal(size=100) + worth / 4
    expected = roc_auc_score(worth > 0, score, sample_weight=np.where(worth > 0, worth, 1))
    assert Ranking({"value": worth}).aucs(score)["value"] == pytest.approx(expected, abs=1e-12)


def test_rows_whose_label_is_not_known_make_no_pair():
    score = np.arange(8.0)
    known = np.where(np.arange(8) < 6, CLICK, NAN)
    assert Ranking({"click": known}).aucs(score) == {
        "click": pytest.approx(roc_auc_score(CLICK[:6], score[:6]))
    }


@settings(deadline=None, max_examples=50)
@given(
    st.lists(
        st.tuples(st.integers(0, 2), st.integers(0, 1), st.sampled_from([0.1, 0.2, 0.3])),
        min_size=1,
        max_size=20,
    )
)
def test_within_groups_only_pairs_of_one_group_count(rows):
    groups, label, score = (np.array(column) for column in zip(*rows, strict=True))
    ordered = [
        0.5 * (score[i] == score[j]) + (score[i] > score[j])
        for i in range(len(rows))
        for j in range(len(rows))
        if groups[i] == groups[j] and label[i] == 1 and label[j] == 0
    ]
    ranking = Ranking({"click": label.astype(float)}, groups.astype(np.int64))
    assert ranking.labels == (("click",) if ordered else ())
    if ordered:
        assert ranking.aucs(score)["click"] == pytest.approx(np.mean(ordered))


def test_a_label_without_a_pair_is_left_out_and_still_counted():
    ranking = Ranking({"click": CLICK, "like": np.zeros(8)})
    assert ranking.labels == ("click",)
    assert ranking.positives() == {"click": 3, "like": 0}
    assert ranking.rows == 8


def test_candidates_are_the_present_one_each_weight_alone_and_sobol_points():
    found = candidates("ctr ** 1.0 * cvr ** 2", 16, seed=3)
    assert found[:3] == [
        "ctr ** 1.0 * cvr ** 2", "ctr ** 1.0 * cvr ** 0.0", "ctr ** 0.0 * cvr ** 2.0",
    ]  # fmt: skip
    assert len(found) == 19
    assert found == candidates("ctr ** 1.0 * cvr ** 2", 16, seed=3)
    assert found != candidates("ctr ** 1.0 * cvr ** 2", 16, seed=4)
    points = np.array([[w.value for w in weights(text)] for text in found[-16:]])
    assert (points >= 0).all() and (points <= [2, 4]).all()
    quarters = np.floor(points / [0.5, 1]).astype(int)
    assert len({tuple(place) for place in quarters}) == 16  # one in each of 4 x 4 fields


@pytest.mark.parametrize("count", [1, 2, 3, 5, 100])
def test_as_many_sobol_points_as_asked(count):
    assert len(candidates("ctr ** 1.0 * cvr ** 1.0", count, seed=0)) == 1 + 2 + count


def test_the_front_is_what_no_other_beats():
    aucs = np.array([[0.6, 0.6], [0.7, 0.5], [0.5, 0.7], [0.65, 0.55], [0.6, 0.5], [0.6, 0.6]])
    assert front(aucs) == [1, 3, 0, 2]


@settings(deadline=None, max_examples=50)
@given(npst.arrays(np.float64, (12, 3), elements=st.sampled_from([0.4, 0.5, 0.6, 0.7])))
def test_every_row_is_matched_or_beaten_by_one_of_the_front_and_none_of_those_by_another(aucs):
    best = front(aucs)
    for row in aucs:
        assert any((aucs[i] >= row).all() for i in best)
    for i in best:
        assert not any((aucs[j] >= aucs[i]).all() for j in best if j != i)
    assert best == sorted(best, key=lambda i: -aucs[i, 0])
    assert kept(aucs)[best].max() == kept(aucs).max()


def test_what_is_kept_is_the_mean_share_of_the_best_auc_above_a_half():
    aucs = np.array([[0.7, 0.9, 0.4], [0.6, 0.8, 0.5], [0.5, 0.5, 0.45]])
    np.testing.assert_allclose(kept(aucs), [1.0, (0.5 + 0.75) / 2, 0.0])
    np.testing.assert_array_equal(kept(aucs - 0.5), [0, 0, 0])


def test_a_trial_evaluates_the_expression_in_32_bits():
    values = {"ctr": np.array([0.1, 0.2], np.float32), "cvr": np.array([0.3, 0.1], np.float32)}
    ranking = Ranking({"click": np.array([0.0, 1.0])})
    assert judged("log(ctr) - 2 * max(cvr, 0, 0.2)", values, ranking).aucs == {"click": 1.0}
    assert judged("ctr ** 80 * 0.1", values, ranking).aucs == {"click": 0.5}  # both are 0


def tuned(expression, values, gains, **options):
    progress = []
    found = tune(
        expression, values, Ranking(gains), options.get("count", 64), 0,
        lambda *where: progress.append(where),
    )  # fmt: skip
    assert [done for done, _ in progress] == list(range(1, progress[-1][1] + 1))
    return found


def test_weights_that_ruin_a_label_are_moved():
    random = np.random.default_rng(0)
    ctr, noise = random.uniform(0.01, 0.9, (2, 4000)).astype(np.float32)
    click = (random.random(4000) < ctr).astype(float)
    found = tuned("ctr ** 0.1 * noise ** 1.0", {"ctr": ctr, "noise": noise}, {"click": click})
    assert found.trials[0].expression == "ctr ** 0.1 * noise ** 1.0"
    best = found.trials[found.recommended]
    exponents = [weight.value for weight in weights(best.expression)]
    assert exponents[1] < exponents[0] / 5
    assert best.aucs["click"] > found.trials[0].aucs["click"] + 0.1
    assert found.recommended in found.front
    assert found.kept[found.recommended] == 1.0


def test_the_present_weights_are_recommended_where_others_do_no_better():
    ctr = np.linspace(0.1, 0.9, 8, dtype=np.float32)
    found = tuned("ctr ** 1.0", {"ctr": ctr}, {"click": np.arange(8) > 5.0})
    assert found.recommended == 0
    assert found.front == [0]


def test_a_trial_that_is_no_number_somewhere_is_dropped():
    values = {"a": np.array([0.5, 0.9, 0.7], np.float32)}
    found = tuned("(a - 0.6) ** 2", values, {"click": np.array([0.0, 1.0, 1.0])}, count=8)
    assert found.trials[0].expression == "(a - 0.6) ** 2"
    assert all(trial.ranks for trial in found.trials)
    assert len(found.trials) < 8


def test_a_present_score_that_is_no_number_somewhere_is_refused():
    values = {"price": np.array([-1.0, 2.0], np.float32)}
    with pytest.raises(Misuse, match="is not a number on some held-back rows"):
        tuned("price ** 0.5", values, {"click": np.array([0.0, 1.0])})


def test_nothing_to_part_is_refused_with_the_counts():
    with pytest.raises(Misuse) as refused:
        tuned("ctr ** 1.0", {"ctr": CLICK}, {"click": np.zeros(8), "buy": np.zeros(8)})
    assert str(refused.value).startswith(
        "of the 8 held-back rows there are 0 with click, 0 with buy: no label has rows with it "
    )

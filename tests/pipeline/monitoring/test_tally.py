"""Sums by hour, version and output, of rows that a test writes out."""

import dataclasses

import numpy as np
import pytest

from pipeline.monitoring.tally import Scores, Sums, Tally, hours_of
from schemas.heads import Head

FUNNEL = {"ctr": Head(label="click", weight="w"), "cvr": Head(label="conversion", given="ctr")}
NAN = float("nan")


def scores(hour, heads=("ctr", "cvr", "ctcvr"), version=None, shown=None, **columns):
    count = len(hour)
    told = {name: np.array(columns.pop(name), float) for name in heads}
    return Scores(
        hour=np.array(hour),
        version=np.array(version or [0] * count),
        shown=np.array(shown or [True] * count),
        scores=told,
        outcomes={name: np.array(values, float) for name, values in columns.items()},
    )


def summed(tally, *key):
    sums = tally.sums[key]
    return {f.name: getattr(sums, f.name) for f in dataclasses.fields(sums)[:-1]}


@pytest.fixture
def funnel():
    """Four impressions of two hours: bought, clicked, clicked but too new to tell, ignored."""
    return scores(
        [5, 5, 5, 6],
        ctr=[0.5, 0.25, 0.25, 0.125],
        cvr=[0.5, 0.5, 0.75, 0.5],
        ctcvr=[0.25, 0.125, 0.1875, 0.0625],
        click=[1, 1, 1, 0],
        conversion=[1, 0, 0, 0],
        click_mature=[1, 1, 1, 1],
        conversion_mature=[1, 1, 0, 1],
        settled=[1, 1, 0, 0],
        w=[9, 9, 9, 9],  # how much a row taught is nothing to how often events came
    )


def test_each_output_counts_its_own_population_and_what_is_mature(funnel):
    tally = Tally(FUNNEL)
    tally.add(funnel)
    everything = {"unusable": 0, "immature": 0, "squares": 2.0}
    assert summed(tally, 5, 0, "ctr") == {
        **everything, "rows": 3, "positives": 3, "label": 3.0, "squares": 3.0, "predicted": 1.0,
    }  # fmt: skip
    assert summed(tally, 5, 0, "cvr") == {
        **everything, "immature": 1, "rows": 2, "positives": 1, "label": 1.0, "squares": 1.0,
        "predicted": 1.0,
    }  # fmt: skip
    assert summed(tally, 5, 0, "ctcvr") == {
        **everything, "immature": 1, "rows": 2, "positives": 1, "label": 1.0, "squares": 1.0,
        "predicted": 0.375,
    }  # fmt: skip
    # Mature alone, it would say that of what was shown at 6 nothing is bought.
    assert summed(tally, 6, 0, "ctcvr")["immature"] == 1
    assert summed(tally, 6, 0, "ctcvr")["rows"] == 0
    assert tally.volumes[5, 0].rows == 3


def test_parts_add_up_to_the_whole(funnel):
    whole, parts = Tally(FUNNEL), Tally(FUNNEL)
    whole.add(funnel)
    for rows in ([0, 3], [1], [2]):
        parts.add(
            Scores(
                funnel.hour[rows],
                funnel.version[rows],
                funnel.shown[rows],
                {name: values[rows] for name, values in funnel.scores.items()},
                {name: values[rows] for name, values in funnel.outcomes.items()},
            )
        )
    for key in whole.sums:
        assert summed(parts, *key) == summed(whole, *key)
        for mine, other in zip(
            parts.sums[key].histogram.table(1), whole.sums[key].histogram.table(1), strict=True
        ):
            assert np.array_equal(mine, other)


def test_versions_are_kept_apart_and_what_is_not_shown_is_not_judged(funnel):
    rows = dataclasses.replace(
        funnel,
        version=np.array([0, 1, 1, 0]),
        shown=np.array([True, True, False, True]),
        outcomes={
            name: np.where([True, True, False, True], values, NAN)
            for name, values in funnel.outcomes.items()
        },
    )
    tally = Tally(FUNNEL)
    tally.add(rows)
    assert {key: (v.rows, v.unshown) for key, v in tally.volumes.items()} == {
        (5, 0): (1, 0), (5, 1): (2, 1), (6, 0): (1, 0),
    }  # fmt: skip
    assert summed(tally, 5, 1, "ctr")["rows"] == 1
    assert summed(tally, 5, 1, "ctcvr")["immature"] == 0


def test_a_mask_says_which_rows_count_and_an_absent_label_counts_nowhere():
    heads = {"like": Head(label="liked", mask="asked")}
    tally = Tally(heads)
    tally.add(
        scores(
            [5] * 4, ["like"], like=[0.5] * 4, liked=[1, 0, NAN, 1], asked=[1, 1, 1, NAN],
            settled=[0] * 4,
        )
    )  # fmt: skip
    assert summed(tally, 5, 0, "like") == {
        "unusable": 0, "immature": 0, "rows": 2, "positives": 1, "label": 1.0, "squares": 1.0,
        "predicted": 1.0,
    }  # fmt: skip


def test_values_may_be_of_any_size_and_wait_for_the_conversions_that_make_them():
    heads = {"spend": Head(label="value", kind="value")}
    tally = Tally(heads)
    tally.add(
        scores(
            [5] * 3, ["spend"], spend=[20.0, -1.0, 3.0], value=[30, 0, 5],
            click_mature=[1, 1, 1], conversion_mature=[1, 1, 1], settled=[1, 1, 0],
        )
    )  # fmt: skip
    assert summed(tally, 5, 0, "spend") == {
        "unusable": 0, "immature": 1, "rows": 2, "positives": 1, "label": 30.0, "squares": 900.0,
        "predicted": 19.0,
    }  # fmt: skip


@pytest.mark.parametrize("score", [NAN, np.inf, -np.inf, -1e-9, 1 + 1e-9])
def test_what_is_no_probability_cannot_be_used(score):
    tally = Tally({"ctr": Head(label="click")})
    tally.add(scores([5, 5], ["ctr"], ctr=[score, 0.5], click=[1, 1], settled=[1, 1]))
    assert (summed(tally, 5, 0, "ctr")["unusable"], summed(tally, 5, 0, "ctr")["rows"]) == (1, 1)


def test_0_and_1_are_probabilities():
    tally = Tally({"ctr": Head(label="click")})
    tally.add(scores([5, 5], ["ctr"], ctr=[0, 1], click=[0, 1], settled=[1, 1]))
    _, [negatives, positives] = tally.sums[5, 0, "ctr"].histogram.table(1)
    assert (negatives.tolist(), positives.tolist()) == ([[1, 0]], [[0, 1]])


def test_an_hour_takes_little_memory_however_many_scores_it_has():
    rng = np.random.default_rng(0)
    tally = Tally({"ctr": Head(label="click")})
    score = rng.random(50_000)
    tally.add(
        scores([5] * 50_000, ["ctr"], ctr=score, click=rng.random(50_000) < score, settled=[1])
    )
    assert tally.sums[5, 0, "ctr"].histogram.bins <= 2048
    assert isinstance(tally.sums[5, 0, "ctr"], Sums)


def test_an_hour_has_3600_seconds():
    times = np.array([0, 3_599_999_999, 3_600_000_000, 7_200_000_000])
    assert hours_of(times).tolist() == [0, 0, 1, 2]

import json
import math

import numpy as np
import pyarrow as pa
import pytest
import tensorflow as tf

from components.log_example_gen.decode import hashes
from components.popularity.counting import ITEM, SHOWN, SUMS, Counts, column
from components.popularity.rates import Rates, read_overall, smoothed, write_rates
from schemas.heads import Head

HEADS = {"ctr": Head(label="click"), "cvr": Head(label="conversion", given="ctr")}


def clicks(shown, rate, seed=0):
    """Sums of items with these rows and true rates."""
    shown = np.asarray(shown, float)
    events = np.random.default_rng(seed).binomial(shown.astype(int), rate).astype(float)
    return [shown, shown, events, events]


def test_items_that_differ_by_luck_alone_have_the_overall_rate():
    over = []
    for seed in range(40):
        sums = clicks(np.full(500, 20), 0.1, seed)
        rates, k = smoothed(sums, 0.1)
        assert math.isinf(k) or np.abs(rates - 0.1).max() < 0.1
        over.append(math.isinf(k) or k > 100)
    assert sum(over) >= 36


def test_items_that_differ_are_drawn_to_the_mean_of_their_posterior():
    # Rates of a beta(2, 18): its strength is 20, and of n rows the posterior's mean is
    # (events + 2) / (n + 20).
    draw = np.random.default_rng(1)
    shown = draw.integers(1, 200, 20_000)
    sums = clicks(shown, draw.beta(2, 18, 20_000), 2)
    rates, k = smoothed(sums, sums[2].sum() / sums[0].sum())
    assert k == pytest.approx(20, rel=0.1)
    assert np.abs(rates - (sums[2] + 2) / (shown + 20)).max() < 0.01


def test_smoothed_rates_are_closer_to_the_truth_than_the_items_own():
    draw = np.random.default_rng(3)
    true, shown = draw.beta(2, 18, 5_000), draw.integers(1, 60, 5_000)
    sums = clicks(shown, true, 4)
    rates, _ = smoothed(sums, 0.1)
    own, overall = sums[2] / shown, 0.1
    error = np.mean((rates - true) ** 2)
    assert error < 0.7 * np.mean((own - true) ** 2)
    assert error < 0.7 * np.mean((overall - true) ** 2)


def test_by_hand():
    # Two items of four rows, events 3 and 1: within 2 * (3 - 9 / 4) = 1.5 over 6 rows = 1 / 4;
    # between (4 / 16 * 2 - 1 / 4) / (8 - 4) = 1 / 16: k = 4, half the own rate and half 1 / 2.
    rates, k = smoothed([np.array(v, float) for v in ((4, 4), (4, 4), (3, 1), (3, 1))], 0.5)
    assert k == pytest.approx(4.0)
    assert rates.tolist() == pytest.approx([0.625, 0.375])


@pytest.mark.parametrize("sums", [[[]] * 4, [[1.0], [1.0], [1.0], [1.0]], [[0.0, 5.0]] * 4])
def test_nothing_to_tell_luck_from_gives_the_overall_rate(sums):
    rates, k = smoothed([np.array(each, float) for each in sums], 0.25)
    assert math.isinf(k) and (rates == 0.25).all()


@pytest.fixture
def counts():
    """Item a: 3 of 4 clicked, none of 3 bought; b: 1 of 4, and it was bought."""
    told = {"ctr": ((4, 4), (4, 4), (3, 1), (3, 1)), "cvr": ((3, 1), (3, 1), (0, 1), (0, 1))}
    table = {ITEM: pa.array([b"a", b"b"], pa.large_binary()), SHOWN: [4, 4]}
    for head, sums in told.items():
        table |= {column(head, s): np.array(v, float) for s, v in zip(SUMS, sums, strict=True)}
    overall = np.array([[sum(of) for of in sums] for sums in told.values()], float)
    return Counts(overall, pa.table(table))


def test_what_is_written_is_looked_up_by_item(counts, tmp_path):
    write_rates(counts, HEADS, str(tmp_path))
    found = Rates.read(str(tmp_path))
    assert found.overall == {"ctr": 0.5, "cvr": 0.25, "ctcvr": 0.125} == read_overall(str(tmp_path))
    answered = found.of(hashes(tf.constant(["b", "a", "new", ""])))
    assert answered["ctr"].tolist() == pytest.approx([0.375, 0.625, 0.5, 0.5])
    assert answered["cvr"][2:].tolist() == [0.25, 0.25]
    joint = answered["ctr"] * answered["cvr"]
    np.testing.assert_allclose(answered["ctcvr"], joint, rtol=1e-6)
    assert answered["ctr"].dtype == np.float32
    told = json.loads((tmp_path / "overall.json").read_text())
    assert told["rows"] == {"ctr": 8, "cvr": 4} and told["items"] == 2
    assert told["strengths"]["ctr"] == pytest.approx(4.0)


@pytest.mark.parametrize("counted", ["nothing", "no items"])
def test_without_rows_or_items_there_are_rates_all_the_same(counts, counted, tmp_path):
    given = None if counted == "nothing" else Counts(counts.overall, counts.items.slice(0, 0))
    write_rates(given, HEADS, str(tmp_path))
    found = Rates.read(str(tmp_path)).of(hashes(tf.constant(["a"])))
    expected = [math.nan] * 3 if given is None else [0.5, 0.25, 0.125]
    assert [found[o][0] for o in ("ctr", "cvr", "ctcvr")] == pytest.approx(expected, nan_ok=True)

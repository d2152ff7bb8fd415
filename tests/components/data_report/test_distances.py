import numpy as np
import pyarrow as pa
import pytest
from scipy.spatial.distance import jensenshannon

from components.data_report.distances import distances, numbers
from schemas.columns import Column

TEXT, LIST, NUMBER = Column("t", "text"), Column("l", "text", repeated=True), Column("n", "float")
TEXTS = pa.large_list(pa.large_binary())
FLOATS = pa.large_list(pa.float32())


def texts(values):
    return pa.table({"t": pa.array([None if v is None else [v.encode()] for v in values], TEXTS)})


def floats(values):
    return pa.table({"n": pa.array([None if v is None else [v] for v in values], FLOATS)})


def drift(now, before, column):
    return distances(now, before, [column], "drift").get(column.name)


def test_texts_are_as_far_apart_as_the_share_that_changed_most():
    found = drift(texts("aaab" * 50), texts("ab" * 100), TEXT)
    assert (found.measure, found.distance) == ("L-infinity", pytest.approx(0.25))
    assert (found.value, found.share, found.other_share, found.sure) == ("'a'", 0.75, 0.5, True)
    assert not drift(texts("aaab"), texts("ab"), TEXT).sure


def test_a_missing_value_is_no_value():
    found = drift(texts(["a", None, "b", None]), texts(["a", "b"]), TEXT)
    assert found.distance == 0


def test_every_value_counts_of_a_feature_with_many():
    rng = np.random.default_rng(0)
    now, before = (rng.integers(low, low + 5000, 20_000) for low in (0, 1000))
    found = drift(texts(map(str, now)), texts(map(str, before)), TEXT)
    shares = [np.bincount(values, minlength=6000) / 20_000 for values in (now, before)]
    assert found.distance == pytest.approx(np.abs(shares[0] - shares[1]).max(), abs=1e-9)


def test_values_of_lists_count_one_by_one():
    now = pa.table({"l": pa.array([[b"a", b"b"], None, [b"a"]], TEXTS)})
    before = pa.table({"l": pa.array([[b"b"], [b"b", b"b"]], TEXTS)})
    assert drift(now, before, LIST).distance == pytest.approx(2 / 3)


def test_numbers_are_as_far_apart_as_their_shares_of_the_ranges_of_what_was_before():
    rng = np.random.default_rng(0)
    before, now = rng.normal(size=20_000), rng.normal(0.7, size=20_000)
    found = drift(floats(now), floats(before), NUMBER)
    bounds = np.quantile(before.astype(np.float32), np.linspace(0, 1, 11))
    bounds[0], bounds[-1] = bounds[0] - 1e-6, bounds[-1] + 1e-6
    edges = [-np.inf, *bounds, np.inf]
    shares = [np.histogram(values, edges)[0] / 20_000 for values in (now, before)]
    assert found.measure == "Jensen-Shannon"
    assert found.distance == pytest.approx(jensenshannon(*shares, base=2) ** 2, abs=1e-3)
    assert float(found.value.split(" to ")[0]) == pytest.approx(np.quantile(before, 0.9), abs=1e-3)


LONG_TAILED = {
    "lognormal": lambda rng: np.exp(2 * rng.normal(size=20_000)),
    "cauchy": lambda rng: rng.standard_cauchy(20_000),
    "counts": lambda rng: rng.poisson(3, 20_000).astype(float),
    "mostly zero": lambda rng: np.where(rng.random(20_000) < 0.9, 0, rng.exponential(size=20_000)),
    "constant": lambda rng: np.full(20_000, 7.0),
    "an outlier": lambda rng: np.append(rng.normal(size=19_999), 10 ** rng.uniform(3, 9)),
}


@pytest.mark.parametrize("name", LONG_TAILED)
def test_two_samples_of_one_distribution_are_close_whatever_its_tail(name):
    rng = np.random.default_rng(3)
    now, before = (floats(LONG_TAILED[name](rng)) for _ in range(2))
    assert drift(now, before, NUMBER).distance < 0.003


def test_numbers_that_became_a_default_are_far_apart():
    before = np.random.default_rng(0).lognormal(size=20_000)
    found = drift(floats(np.where(np.arange(20_000) % 5, before, -1)), floats(before), NUMBER)
    assert found.distance == pytest.approx(0.108, abs=0.002)
    assert found.value.startswith("below")
    assert (found.share, found.other_share) == (0.2, 0)


def test_what_has_no_value_on_one_side_has_no_distance():
    assert drift(texts([None, None]), texts("ab"), TEXT) is None
    assert drift(texts("ab"), texts([None, None]), TEXT) is None
    assert drift(floats([None, np.nan]), floats([1.0]), NUMBER) is None
    assert drift(floats([1.0]), floats([None]), NUMBER) is None


def test_skew_is_the_same_distance_from_what_was_served():
    now, served = texts("aaab"), texts("ab")
    assert distances(now, served, [TEXT], "skew") == distances(now, served, [TEXT], "drift")


def test_numbers_are_those_that_are_finite():
    values = pa.chunked_array([pa.array([[1.5], None, [np.nan], [np.inf], [-2.0]], FLOATS)])
    assert numbers(values).tolist() == [1.5, -2.0]

import numpy as np
import pytest

from components.data_report.objections import coverage_lost, moved, rate_changed, unseen_grew
from components.data_report.report import Distance, FeatureFindings, RateFindings
from components.span_statistics.summary import Rate, Summary, Unseen
from schemas.data_gates import DataGates

ROWS = (20_000, 20_000)


def lost(now, earlier, rows=ROWS, **gates):
    found = FeatureFindings(kind="numeric", coverage=now, coverage_before=earlier)
    return list(coverage_lost("age", found, rows, DataGates(**gates)))


def test_a_feature_that_vanishes_is_objected_to():
    [said] = lost(0.0, 0.9)
    assert said == (
        "age vanished: no row has a value, where 90 % of the rows had one in the spans before; a "
        "loss of 0.5 of its coverage is refused (data.coverage, or coverage under "
        "data.features.age)"
    )


@pytest.mark.parametrize(
    ("now", "earlier", "limit", "objected"),
    [
        (0.45, 0.9, 0.5, True),
        (0.46, 0.9, 0.5, False),
        (0.001, 0.9, 1, False),
        (0.0, 0.9, 1, True),
        (0.0, 0.9, "off", False),
        (0.0, 0.0, 0.5, False),
        (0.0, None, 0.5, False),
        (1.0, 0.1, 0.5, False),
    ],
)
def test_a_loss_of_coverage_is_a_part_of_what_there_was(now, earlier, limit, objected):
    assert bool(lost(now, earlier, coverage=limit)) == objected


def test_a_few_rows_that_miss_a_rare_value_are_no_loss():
    assert not lost(0.0, 0.01, rows=(200, 20_000))
    assert lost(0.0, 0.01, rows=(20_000, 20_000))


def distance(measure="L-infinity", value="'phone'", far=0.41, sure=True, limit=0.2):
    return Distance(
        measure=measure, distance=far, limit=limit, value=value, share=0.75, other_share=0.34,
        sure=sure,
    )  # fmt: skip


def test_a_distance_above_its_limit_is_told_with_the_value_that_moved():
    found = FeatureFindings(kind="categorical", coverage=1, drift=distance(), skew=distance())
    assert list(moved("device", found)) == [
        "device drifts from the spans before: L-infinity 0.410 is above 0.2; 'phone' is 75 % of "
        "its values and was 34 % (data.drift, or drift under data.features.device)",
        "device is skewed from what was served: L-infinity 0.410 is above 0.2; 'phone' is 75 % of "
        "its values and is there 34 % (data.skew, or skew under data.features.device)",
    ]


@pytest.mark.parametrize("changes", [{"far": 0.2}, {"sure": False}, {"limit": None}])
def test_a_distance_within_its_limit_or_by_chance_is_not_told(changes):
    found = FeatureFindings(kind="categorical", coverage=1, drift=distance(**changes))
    assert not list(moved("device", found))
    assert not list(moved("device", FeatureFindings(kind="categorical", coverage=1)))


def grew(now, earlier, rows=10_000, **gates):
    told = tuple(Unseen(share=share, rows=rows) for share in (now, earlier) if share is not None)
    summary = Summary(spans=("a",), rows={"a": 1}, rates={}, unseen={"item": told})
    return list(unseen_grew("item", summary, DataGates(**gates)))


def test_a_vocabulary_that_doubles_its_unseen_share_is_objected_to():
    [said] = grew(0.2, 0.1)
    assert said == (
        "item has values that a vocabulary of the spans before does not know in 20 % of its rows, "
        "where it was 10 % one span earlier; 1.5 times as many are refused (data.unseen, or unseen "
        "under data.features.item)"
    )


@pytest.mark.parametrize(
    ("now", "earlier", "limit", "objected"),
    [
        (0.15, 0.1, 1.5, True),
        (0.149, 0.1, 1.5, False),
        (0.02, 0.0, 1.5, True),
        (0.019, 0.0, 1.5, False),
        (0.2, 0.1, 3, False),
        (0.2, 0.1, "off", False),
        (0.05, 0.1, 1.5, False),
        (0.9, None, 1.5, False),
    ],
)
def test_an_unseen_share_may_grow_by_a_factor(now, earlier, limit, objected):
    assert bool(grew(now, earlier, unseen=limit)) == objected


def test_few_rows_double_by_chance():
    assert not grew(0.2, 0.1, rows=50)
    assert not list(
        unseen_grew("price", Summary(spans=(), rows={}, rates={}, unseen={}), DataGates())
    )


def changed(now, earlier, **gates):
    """Two spans of a label: (events, rows) each, or (events, rows, weight of a row)."""
    by_span = {}
    for span, (events, rows, *weight) in (("a", earlier), ("b", now)):
        [each] = weight or [1.0]
        by_span[span] = Rate(
            rows=rows, weight=rows * each, squares=rows * each**2, events=events * each
        )
    found = RateFindings(
        span="b", rows=now[1], rate=now[0] / now[1], before=earlier[0] / earlier[1]
    )
    return list(rate_changed("click", found, by_span, DataGates(**gates)))


def test_a_rate_that_halves_or_doubles_is_objected_to():
    assert changed((400, 10_000), (3200, 40_000)) == [
        "the rate of click fell to 4 % in b, from 8 % in the spans before; a factor of 1.5 is "
        "refused (data.rate, or data.labels.click)"
    ]
    assert changed((1600, 10_000), (3200, 40_000))[0].startswith("the rate of click rose to 16 %")


@pytest.mark.parametrize(
    ("events", "gates", "objected"),
    [
        (530, {}, True),
        (540, {}, False),
        (1200, {}, True),
        (1190, {}, False),
        (0, {}, True),
        (0, {"rate": "off"}, False),
        (400, {"labels": {"click": 3}}, False),
    ],
)
def test_a_rate_may_change_by_a_factor(events, gates, objected):
    assert bool(changed((events, 10_000), (3200, 40_000), **gates)) == objected


def test_a_first_rate_and_one_that_never_was_are_not_objected_to():
    found = RateFindings(span="b", rows=9, rate=0.5)
    assert not list(rate_changed("click", found, {"b": Rate()}, DataGates()))
    assert not changed((5, 100), (0, 400))


def test_rows_that_count_ten_times_are_no_more_rows():
    assert changed((12, 300, 1.0), (320, 4000, 1.0), rate=1.9) == []
    assert not changed((12, 300, 100.0), (320, 4000, 100.0), rate=1.9)


def test_a_rate_that_halves_is_caught_and_an_equal_one_is_not():
    rng = np.random.default_rng(1)
    equal, halved = (
        sum(
            bool(changed((int(now), 4000), (int(earlier), 16_000)))
            for now, earlier in zip(
                rng.binomial(4000, rate, 1000), rng.binomial(16_000, 0.08, 1000), strict=True
            )
        )
        for rate in (0.08, 0.04)
    )
    assert (equal, halved) == (0, pytest.approx(1000, abs=2))

import numpy as np
import pyarrow as pa
import pytest
from scipy.spatial.distance import jensenshannon

from components.data_report.findings import before, coverage, divergence, features, rates
from components.span_statistics.summary import Rate, Summary, Unseen
from schemas.columns import Column
from schemas.data_gates import DataGates

TEXTS = pa.large_list(pa.large_binary())
FLOATS = pa.large_list(pa.float32())
COLUMNS = (Column("item", "text"), Column("price", "float"))
DAYS = ("2026-01-01", "2026-01-02", "2026-01-03")
NOTHING = (pa.table({}), ())


def table(items, prices):
    return pa.table({"item": pa.array(items, TEXTS), "price": pa.array(prices, FLOATS)})


def summary(rates=None, unseen=None):
    return Summary(spans=DAYS, rows=dict.fromkeys(DAYS, 4), rates=rates or {}, unseen=unseen or {})


def rate(events, rows, left_out=0):
    return Rate(rows=rows, left_out=left_out, weight=rows, squares=rows, events=events)


NOW = table([[b"a"], [b"a"], [b"b"], None], [[1.0], [np.nan], None, [2.0]])
EARLIER = table([[b"a"], [b"b"]], [[1.0], [1.0]])


def test_a_feature_is_told_with_its_limits():
    unseen = {"item": (Unseen(share=0.5, rows=3), Unseen(share=0.25, rows=4))}
    gates = DataGates.model_validate({"features": {"price": {"drift": "off"}}})
    found = features(COLUMNS, gates, NOW, EARLIER, NOTHING, summary(unseen=unseen))
    item, price = found["item"], found["price"]
    assert (item.kind, item.coverage, item.coverage_before) == ("categorical", 0.75, 1.0)
    assert (item.drift.measure, item.drift.limit) == ("L-infinity", 0.2)
    assert item.drift.distance == pytest.approx(2 / 3 - 1 / 2)
    assert (item.unseen, item.unseen_before, item.skew) == (0.5, 0.25, None)
    assert (price.kind, price.coverage, price.coverage_before) == ("numeric", 0.5, 1.0)
    assert (price.drift.measure, price.drift.limit, price.unseen) == ("Jensen-Shannon", None, None)


def test_a_first_span_has_nothing_to_be_compared_with():
    found = features(COLUMNS, DataGates(), NOW, EARLIER.slice(0, 0), NOTHING, summary())
    assert found["item"].coverage == 0.75
    assert (found["item"].coverage_before, found["item"].drift, found["item"].skew) == (None,) * 3


def test_skew_is_of_the_columns_that_were_served():
    served = (pa.table({"item": pa.array([[b"a"]] * 4, TEXTS)}), COLUMNS[:1])
    found = features(COLUMNS, DataGates(), NOW, EARLIER, served, summary())
    assert found["item"].skew.distance == pytest.approx(1 / 3)
    assert found["item"].skew.limit == 0.1
    assert found["price"].skew is None


@pytest.mark.parametrize("part", [0.01, 0.1, 0.2, 0.5, 0.999, 1.0])
def test_the_limit_of_numbers_is_what_replacing_that_part_makes(part):
    replaced = jensenshannon([1 - part, part], [1, 0], base=2) ** 2
    assert divergence(part) == pytest.approx(replaced)


def test_coverage_is_the_share_of_rows_with_a_value():
    assert coverage(NOW["item"]) == 0.75
    assert coverage(NOW["price"]) == 0.5
    assert coverage(NOW["item"].slice(0, 0)) == 0


def test_a_rate_is_that_of_the_newest_span_most_of_whose_labels_are_mature():
    by_span = {
        DAYS[0]: rate(30, 100),
        DAYS[1]: rate(10, 50, left_out=50),
        DAYS[2]: rate(9, 10, left_out=90),
    }
    gates = DataGates.model_validate({"labels": {"conversion": 3}})
    [(label, found)] = rates(summary({"conversion": by_span}), gates).items()
    assert (label, found.span, found.rows) == ("conversion", DAYS[1], 50)
    assert (found.rate, found.before, found.limit) == (0.2, 0.3, 3)


def test_a_rate_that_is_mature_nowhere_is_not_told():
    assert rates(summary({"conversion": {DAYS[2]: rate(0, 0, left_out=5)}}), DataGates()) == {}


def test_a_first_rate_has_none_before():
    found = rates(summary({"click": {DAYS[0]: rate(1, 4)}}), DataGates(rate="off"))["click"]
    assert (found.rate, found.before, found.limit) == (0.25, None, None)


def test_all_spans_before_one_count_together():
    by_span = dict(zip(DAYS, (rate(1, 2), rate(2, 3), rate(3, 4)), strict=True))
    assert before(by_span, DAYS[2]) == rate(3, 5)
    assert before(by_span, DAYS[0]) == Rate()

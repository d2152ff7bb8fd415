import numpy as np
import pyarrow as pa

from simulation.history import Histories
from simulation.outcomes import Outcomes
from simulation.shop import Items, Shop, Users
from simulation.tables import (
    IMPRESSIONS,
    Names,
    clicks_table,
    conversions_table,
    impressions_table,
    truth_table,
)
from simulation.traffic import Impressions
from simulation.truth import Truth

NONE = np.zeros(0, np.int64)


def small_shop():
    pair, tastes = np.zeros(2, np.float32), np.zeros((2, 3), np.float32)
    users = Users(
        activity=np.array([1.0, 2.0]),
        segment=np.array([0, 5]),
        device=np.array([0, 1]),
        age=np.array([30.0, 40.0]),
        age_known=np.array([True, False]),
        taste=tastes,
        click_appetite=pair,
        conversion_appetite=pair,
    )
    items = Items(
        popularity=np.array([1.0, 2.0]),
        category=np.array([1, 9]),
        brand=np.array([3, 0]),
        price=np.array([10.0, 20.0]),
        age_days=np.array([1.0, 2.0]),
        taste=tastes,
        click_appeal=pair,
        conversion_appeal=pair,
    )
    return Shop(users, items)


def two_impressions():
    return Impressions(
        number=np.array([41, 42]),
        timestamp=np.array([1_000, 1_005]),
        user=np.array([0, 1]),
        item=np.array([1, 0]),
        device=np.array([0, 2]),
        hour=np.array([0, 23]),
        position=np.array([1, 10]),
        price=np.array([16.0, 10.0]),
        item_age_days=np.array([2.01, 1.02]),
    )


FIRST = {
    "impression_id": "i0000000041",
    "timestamp": 1_000,
    "request_id": "r0000000041",
    "user_id": "u00000000",
    "item_id": "p000001",
    "category": "travel",
    "brand": "brand_00",
    "device": "mobile",
    "hour": "0",
    "position": 1,
    "price": 16.0,
    "user_age": 30.0,
    "user_segment": "students",
    "item_age_days": 2.01,
    "history": ["p000001", "p000000"],
}
SECOND = {
    "impression_id": "i0000000042",
    "timestamp": 1_005,
    "request_id": "r0000000033",
    "user_id": "u00000001",
    "item_id": "p000000",
    "category": "electronics",
    "brand": "brand_03",
    "device": "tablet",
    "hour": "23",
    "position": 10,
    "price": 10.0,
    "user_age": None,
    "user_segment": "luxury",
    "item_age_days": 1.02,
    "history": [],
}


def test_the_impressions_log_says_ids_and_words_and_repeats_duplicated_rows():
    shop, histories = small_shop(), Histories(2)
    histories.tell(np.array([0, 0]), np.array([0, 1]), np.array([5, 6]))
    histories.advance(7)
    table = impressions_table(
        shop, Names.of(shop), two_impressions(), histories, logged=np.array([0, 1, 1])
    )
    assert table.to_pylist() == [FIRST, SECOND, SECOND]
    assert table.schema == IMPRESSIONS


def test_the_clicks_log_is_in_order_of_time_with_repeated_clicks_in_their_place():
    outcomes = Outcomes(
        logged=np.array([0, 1]),
        clicked=np.array([0, 1]),
        click_time=np.array([1_020, 1_007]),
        repeated=np.array([1]),
        repeat_time=np.array([1_010]),
        converted=NONE,
        conversion_time=NONE,
    )
    assert clicks_table(two_impressions(), outcomes).to_pylist() == [
        {"impression_id": "i0000000042", "timestamp": 1_007},
        {"impression_id": "i0000000042", "timestamp": 1_010},
        {"impression_id": "i0000000041", "timestamp": 1_020},
    ]


def test_the_value_of_a_conversion_is_the_price_shown():
    outcomes = Outcomes(
        logged=np.array([0, 1]),
        clicked=np.array([0, 1]),
        click_time=np.array([1_020, 1_007]),
        repeated=NONE,
        repeat_time=NONE,
        converted=np.array([0, 1]),
        conversion_time=np.array([9_000, 8_000]),
    )
    assert conversions_table(two_impressions(), outcomes).to_pylist() == [
        {"impression_id": "i0000000042", "timestamp": 8_000, "value": 10.0},
        {"impression_id": "i0000000041", "timestamp": 9_000, "value": 16.0},
    ]


def test_the_truth_has_a_row_for_each_distinct_impression():
    truth = Truth(np.array([0.1, 0.2]), np.array([0.3, 0.4]))
    assert truth_table(two_impressions(), truth).to_pylist() == [
        {"impression_id": "i0000000041", "p_click": 0.1, "p_conversion": 0.3},
        {"impression_id": "i0000000042", "p_click": 0.2, "p_conversion": 0.4},
    ]


def test_no_column_of_a_log_is_a_large_or_dictionary_type():
    plain = {pa.string(), pa.int64(), pa.float64(), pa.list_(pa.string())}
    assert set(IMPRESSIONS.types) == plain

import datetime

import duckdb
import hypothesis
import hypothesis.strategies as st
import pyarrow as pa
import pytest

from components.log_example_gen.attribution import attribute
from schemas.logs import Attribution

SECOND = 1_000_000
HOUR = 3600 * SECOND
DAY = 24 * HOUR
MAY_1 = datetime.date(2024, 5, 1)
T0 = 1_714_521_600 * SECOND  # its midnight
LATER = T0 + 30 * DAY
RULES = {"click_window": "1h", "conversion_window": "1d"}
IMPRESSIONS = pa.schema(
    [
        ("row", pa.int64()),
        ("place", pa.int64()),
        ("id", pa.string()),
        ("time", pa.int64()),
        ("trains", pa.bool_()),
        ("hash", pa.uint64()),
    ]
)
EVENTS = pa.schema(
    [
        ("place", pa.int64()),
        ("id", pa.string()),
        ("time", pa.int64()),
        ("value", pa.float64()),
        ("event", pa.string()),
    ]
)


def table(schema, rows):
    return pa.Table.from_pylist([dict(zip(schema.names, row, strict=True)) for row in rows], schema)


def judge(shown, clicks=(), conversions=(), known=LATER, spans=(MAY_1,), unclicked=1.0, **rules):
    """Runs the queries.

    Args:
        shown: (id, time after T0) of impressions.
        clicks: (id, time after T0), with an event id if there is one.
        conversions: (id, time after T0, value), with an event id if there is one.
    """
    hashes = {name: i for i, (name, _) in enumerate(shown)}
    impressions = [
        (i, i, name, T0 + time, True, hashes[name]) for i, (name, time) in enumerate(shown)
    ]
    clicked = [
        (i, c[0], T0 + c[1], None, c[2] if len(c) > 2 else None) for i, c in enumerate(clicks)
    ]
    bought = [
        (i, c[0], T0 + c[1], c[2], c[3] if len(c) > 3 else None) for i, c in enumerate(conversions)
    ]
    with duckdb.connect() as connection:
        connection.register("impressions", table(IMPRESSIONS, impressions))
        connection.register("clicks", table(EVENTS, clicked))
        connection.register("conversions", table(EVENTS, bought))
        attribution = Attribution.model_validate({**RULES, **rules})
        attribute(connection, attribution, spans, known, unclicked)
        labels = connection.execute("SELECT * FROM labels").to_arrow_table().to_pylist()
        fates = {}
        for log, count in (("click", len(clicked)), ("conversion", len(bought))):
            found = dict(connection.execute(f"SELECT place, fate FROM {log}_fates").fetchall())
            assert sorted(found) == list(range(count))
            fates[log] = [found[i] for i in range(count)]
    return {shown[label["row"]][0]: label for label in labels}, fates


def labels(*args, **more):
    """Returns (click, conversion, conversion_count, value) of impression a, and the fates."""
    found, fates = judge([("a", 0)], *args, **more)
    row = found["a"]
    names = ("click", "conversion", "conversion_count", "value")
    return tuple(row[name] for name in names), fates["click"], fates["conversion"]


def test_an_impression_without_a_click_is_a_zero():
    assert labels() == ((0, 0, 0, 0.0), [], [])


@pytest.mark.parametrize("time, clicked", [(-1, 0), (0, 1), (HOUR, 1), (HOUR + 1, 0)])
def test_a_click_counts_from_the_impression_until_the_window_ends(time, clicked):
    fate = "joined" if clicked else "outside_window"
    assert labels([("a", time)]) == ((clicked, 0, 0, 0.0), [fate], [])


@pytest.mark.parametrize("time, converted", [(9, 0), (10, 1), (10 + DAY, 1), (11 + DAY, 0)])
def test_a_conversion_counts_from_the_click_until_the_window_ends(time, converted):
    fate = "joined" if converted else "outside_window"
    found = labels([("a", 10)], [("a", time, 2.5)])
    assert found == ((1, converted, converted, 2.5 * converted), ["joined"], [fate])


def test_a_conversion_without_its_click_is_no_conversion():
    assert labels([], [("a", 5, 1.0)]) == ((0, 0, 0, 0.0), [], ["unclicked"])


def test_a_conversion_after_a_click_that_does_not_count_is_no_conversion():
    found = labels([("a", HOUR + 1)], [("a", HOUR + 2, 1.0)])
    assert found == ((0, 0, 0, 0.0), ["outside_window"], ["unclicked"])


def test_the_first_click_in_the_window_is_the_click_and_others_repeat_it():
    clicks = [("a", HOUR), ("a", -5), ("a", 20)]
    label, fates, bought = labels(clicks, [("a", 21 + DAY, 1.0), ("a", 20 + DAY, 2.0)])
    assert fates == ["repeated", "outside_window", "joined"]
    assert bought == ["outside_window", "joined"]
    assert label == (1, 1, 1, 2.0)


def test_the_last_click_before_a_conversion_is_its_click_where_the_config_says_so():
    clicks = [("a", 20), ("a", HOUR)]
    bought = [
        ("a", 21 + DAY, 1.0),
        ("a", HOUR + DAY, 2.0),
        ("a", HOUR + DAY + 1, 4.0),
        ("a", 19, 8.0),
    ]
    label, clicked, fates = labels(clicks, bought, click="last")
    assert clicked == ["repeated", "joined"]
    assert fates == ["joined", "joined", "outside_window", "outside_window"]
    assert label == (1, 1, 2, 3.0)


def test_with_the_first_click_the_same_conversions_are_fewer():
    clicks = [("a", 20), ("a", HOUR)]
    bought = [("a", 20 + DAY, 1.0), ("a", 21 + DAY, 2.0)]
    assert labels(clicks, bought)[0] == (1, 1, 1, 1.0)
    assert labels(clicks, bought, click="last")[0] == (1, 1, 2, 3.0)


def test_an_event_may_seem_a_tolerance_too_early():
    early = {"tolerance": "2s"}
    assert labels([("a", -2 * SECOND)], **early)[0] == (1, 0, 0, 0.0)
    assert labels([("a", -2 * SECOND - 1)], **early)[1] == ["outside_window"]
    bought = [("a", 8 * SECOND, 1.0), ("a", 8 * SECOND - 1, 2.0)]
    found = labels([("a", 10 * SECOND)], bought, **early)
    assert found == ((1, 1, 1, 1.0), ["joined"], ["joined", "outside_window"])


def test_a_tolerance_widens_no_window_at_its_end():
    assert labels([("a", HOUR + 1)], tolerance="2s")[1] == ["outside_window"]


def test_a_conversion_after_a_view_is_counted_and_labels_only_where_the_config_says_so():
    bought = [("a", HOUR, 5.0), ("a", HOUR + 1, 7.0)]
    counted = {"view_through": {"window": "1h"}}
    fates = ["view_through", "unclicked"]
    assert labels([], bought, **counted) == ((0, 0, 0, 0.0), [], fates)
    labelled = {"view_through": {"window": "1h", "label": True}}
    assert labels([], bought, **labelled) == ((0, 1, 1, 5.0), [], fates)


def test_a_conversion_before_the_click_is_the_views_and_one_after_it_is_the_clicks():
    bought = [("a", 5, 1.0), ("a", 15, 2.0), ("a", 10 + DAY + 1, 4.0)]
    found = labels([("a", 10)], bought, view_through={"window": "2d"})
    assert found == ((1, 1, 1, 2.0), ["joined"], ["view_through", "joined", "outside_window"])


def delay(*args, **more):
    """Returns the conversion_delay of impression a."""
    return judge([("a", 0)], *args, **more)[0]["a"]["conversion_delay"]


def test_a_delay_is_whole_seconds_from_the_click_to_the_first_conversion_that_counts():
    bought = [("a", 99 * SECOND, 1.0), ("a", 31 * SECOND - 1, 2.0), ("a", 9 * SECOND, 4.0)]
    assert delay([("a", 10 * SECOND)], bought) == 20
    assert delay([("a", 10 * SECOND)], bought[2:]) is None  # it came before the click
    assert delay([("a", 10 * SECOND)], [("a", 10 * SECOND, 1.0)]) == 0


@pytest.mark.parametrize("bought", [[], [("a", 20 + DAY, 1.0)]])
def test_without_a_conversion_that_counts_there_is_no_delay(bought):
    assert delay([], bought) is delay([("a", 10)], bought) is None


def test_a_delay_is_from_the_click_that_the_first_conversion_is_measured_from():
    clicks = [("a", 10 * SECOND), ("a", 60 * SECOND)]
    bought = [("a", 75 * SECOND, 1.0)]
    assert delay(clicks, bought) == 65
    assert delay(clicks, bought, click="last") == 15
    # The second conversion is nearer to its click, but it is not the first.
    bought += [("a", 30 * SECOND, 1.0)]
    assert delay(clicks, bought, click="last") == 20


def test_where_views_label_a_delay_without_a_click_is_from_the_impression():
    bought = [("a", 90 * SECOND, 1.0)]
    assert delay([], bought, view_through={"window": "1h"}) is None
    assert delay([], bought, view_through={"window": "1h", "label": True}) == 90


def test_a_conversion_that_seems_to_come_before_its_click_has_no_negative_delay():
    assert delay([("a", 10 * SECOND)], [("a", 8 * SECOND, 1.0)], tolerance="2s") == 0
    labelled = {"window": "1h", "label": True}
    assert delay([], [("a", -2 * SECOND, 1.0)], tolerance="2s", view_through=labelled) == 0


def test_several_conversions_of_a_click_are_counted_and_their_values_added():
    bought = [("a", 7, 2.0), ("a", 8, 0.5), ("a", 9, None), ("a", 6 + DAY, 100.0)]
    found = labels([("a", 5)], bought)
    assert found[0] == (1, 1, 3, 2.5)
    assert found[2] == ["joined"] * 3 + ["outside_window"]


def test_the_same_event_told_again_is_a_duplicate():
    clicks = [("a", 5), ("a", 5), ("a", 5)]
    bought = [("a", 7, 2.0), ("a", 7, 2.0), ("a", 7, None), ("a", 7, None)]
    assert labels(clicks, bought) == (
        (1, 1, 2, 2.0),
        ["joined", "duplicates", "duplicates"],
        ["joined", "duplicates", "joined", "duplicates"],
    )


def test_of_one_event_id_the_earliest_row_is_kept_and_another_time_or_value_conflicts():
    clicks = [("a", 9, "c1"), ("a", 5, "c1"), ("a", 5, "c1"), ("a", 5, "c2")]
    bought = [("a", 8, 2.0, "o1"), ("a", 8, 3.0, "o1"), ("a", 9, 2.0, "o1"), ("a", 8, 2.0, "o2")]
    assert labels(clicks, bought) == (
        (1, 1, 2, 4.0),
        ["conflicts", "joined", "duplicates", "repeated"],
        ["joined", "conflicts", "conflicts", "joined"],
    )


def test_of_equal_ids_the_earliest_impression_is_kept():
    found, fates = judge([("a", 9), ("a", 3), ("b", 1), ("b", 1)], [("a", 5), ("b", 0)])
    assert {name: label["row"] for name, label in found.items()} == {"a": 1, "b": 2}
    assert fates["click"] == ["joined", "outside_window"]


def test_ids_that_share_a_hash_are_not_taken_for_one():
    with duckdb.connect() as connection:
        shown = [(0, 0, "a", T0 + 3, False, 7), (1, 1, "b", T0, False, 7), (2, 2, "a", T0, True, 7)]
        connection.register("impressions", table(IMPRESSIONS, shown))
        connection.register("clicks", table(EVENTS, []))
        connection.register("conversions", table(EVENTS, []))
        attribute(connection, Attribution.model_validate(RULES), (MAY_1,), LATER, 1.0)
        assert connection.execute("SELECT row FROM labels").fetchall() == [(1,), (2,)]
        assert connection.execute("SELECT row, kept FROM again").fetchall() == [(0, 2)]


@pytest.mark.parametrize("repeated", [1, 2, 40, 60, 3000])
def test_hashes_may_be_as_high_as_they_like(repeated):
    # Far from each other, from 2^64 - 1 down to 2^64 / 10.
    hashes = [2**64 - 1 - i * (9 * 2**64 // (10 * repeated)) for i in range(repeated)]
    shown = [
        (i, i, f"i{i % repeated}", T0, False, hashes[i % repeated]) for i in range(2 * repeated)
    ]
    with duckdb.connect() as connection:
        connection.register("impressions", table(IMPRESSIONS, shown))
        connection.register("clicks", table(EVENTS, []))
        connection.register("conversions", table(EVENTS, []))
        attribute(connection, Attribution.model_validate(RULES), (MAY_1,), LATER, 1.0)
        again = connection.execute("SELECT row, kept FROM again ORDER BY row").fetchall()
        assert again == [(repeated + i, i) for i in range(repeated)]
        assert len(connection.execute("SELECT row FROM labels").fetchall()) == repeated


def test_an_event_that_matches_nothing_is_an_orphan_only_if_all_its_days_were_read():
    # A click of the first hour may follow an impression of the day before, which nobody read.
    clicks = [("x", HOUR - 1), ("x", HOUR), ("x", DAY - 1), ("x", DAY)]
    _, fates = judge([("a", 0)], clicks)
    assert fates["click"] == ["other_spans", "orphans", "orphans", "other_spans"]
    both = (MAY_1 - datetime.timedelta(days=1), MAY_1)
    bought = [("x", HOUR - 1, 1.0), ("x", HOUR, 1.0), ("x", DAY - 1, 1.0), ("x", DAY, 1.0)]
    _, fates = judge([("a", 0)], clicks, bought, spans=both)
    assert fates["click"] == ["orphans", "orphans", "orphans", "other_spans"]
    # A conversion may come a day and an hour after its impression.
    assert fates["conversion"] == ["other_spans", "orphans", "orphans", "other_spans"]
    gap = (MAY_1 - datetime.timedelta(days=2), MAY_1)
    assert judge([("a", 0)], clicks, spans=gap)[1]["click"][0] == "other_spans"


def maturity(known, clicks=(), **rules):
    [label] = judge([("a", 0)], clicks, known=T0 + known, **rules)[0].values()
    return label["label_age"], label["click_mature"], label["conversion_mature"]


def test_without_a_click_a_label_is_mature_when_no_click_can_come():
    assert maturity(HOUR - SECOND) == (3599, 0, 0)
    assert maturity(HOUR) == (3600, 1, 1)


def test_with_a_click_a_conversion_is_mature_a_window_after_it():
    click = [("a", 600 * SECOND)]
    assert maturity(HOUR, click) == (3000, 1, 0)
    assert maturity(600 * SECOND + DAY - 1, click) == (86_399, 1, 0)
    assert maturity(600 * SECOND + DAY, click) == (86_400, 1, 1)


def test_with_last_click_a_later_click_may_still_come():
    click = [("a", 0), ("a", 10 * SECOND)]
    rules = {"click": "last", "conversion_window": "60s"}
    assert maturity(70 * SECOND, click, **rules) == (60, 0, 0)
    assert maturity(HOUR, click, **rules) == (3590, 1, 1)


def test_where_views_label_a_conversion_is_mature_when_their_window_has_closed_too():
    rules = {"view_through": {"window": "2h", "label": True}}
    assert maturity(HOUR, **rules) == (3600, 1, 0)
    assert maturity(2 * HOUR, **rules) == (7200, 1, 1)
    assert maturity(HOUR, view_through={"window": "2h"}) == (3600, 1, 1)


@pytest.mark.parametrize("clicks", [(), [("a", 600 * SECOND)]], ids=["unclicked", "clicked"])
def test_an_impression_is_settled_when_both_windows_have_closed_whatever_came(clicks):
    def settled(known, **rules):
        [label] = judge([("a", 0)], clicks, known=T0 + known, **rules)[0].values()
        return label["settled"]

    assert [settled(HOUR), settled(HOUR + DAY - 1), settled(HOUR + DAY)] == [0, 0, 1]
    views = {"view_through": {"window": "2d", "label": True}}
    assert [settled(2 * DAY - 1, **views), settled(2 * DAY, **views)] == [0, 1]


def test_sampling_keeps_every_positive_and_about_the_share_of_others_with_its_weight():
    shown = [(f"i{n}", 0) for n in range(2000)]
    clicks = [(f"i{n}", 5) for n in range(100)]
    found, _ = judge(shown, clicks, unclicked=0.25)
    assert all(
        found[f"i{n}"]["wanted"] and found[f"i{n}"]["example_weight"] == 1 for n in range(100)
    )
    others = [found[f"i{n}"] for n in range(100, 2000)]
    assert {label["example_weight"] for label in others} == {4.0}
    kept = sum(label["wanted"] for label in others)
    assert 0.22 < kept / 1900 < 0.28
    # A hash decides: more wanted ones contain the fewer, in any company.
    again, _ = judge(shown[100:], unclicked=0.5)
    assert all(again[f"i{n}"]["wanted"] for n in range(100, 2000) if found[f"i{n}"]["wanted"])


def test_a_conversion_without_a_click_keeps_no_impression_from_being_sampled_out():
    shown = [(f"i{n}", 0) for n in range(2000)]
    bought = [(f"i{n}", 5, 1.0) for n in range(1000)]
    rules = {"view_through": {"window": "2h", "label": True}}
    found, _ = judge(shown, (), bought, unclicked=0.25, **rules)
    assert {label["example_weight"] for label in found.values()} == {4.0}
    for part in (range(1000), range(1000, 2000)):
        assert 0.2 < sum(found[f"i{n}"]["wanted"] for n in part) / 1000 < 0.3


def by_hand(shown, clicks, conversions, rules):
    """Labels impressions in plain Python, the rules as they are said."""
    first = {}
    for name, time in shown:
        first[name] = min(time, first.get(name, time))
    tolerance = rules["tolerance"]
    found = {}
    for name, time in first.items():
        counted = {t for i, t in clicks if i == name and -tolerance <= t - time <= HOUR}
        bought = {(t, v) for i, t, v in conversions if i == name}
        worth, first_bought = [], None
        for t, value in sorted(bought):
            before = [c for c in counted if c <= t + tolerance]
            if rules["click"] == "first":
                before = [c for c in before if c == min(counted)]
            if before:
                since, reach = max(before), DAY
            elif rules["view"]:
                since, reach = time, 2 * HOUR
            else:
                continue
            if -tolerance <= t - since <= reach:
                worth.append(value)
                if first_bought is None:
                    first_bought = max(t - since, 0) // SECOND
        found[name] = (
            int(bool(counted)), int(bool(worth)), len(worth), float(sum(worth)), first_bought
        )  # fmt: skip
    return found


ids = st.sampled_from("abc")
moments = st.sampled_from(
    [-SECOND, -1, 0, 1, SECOND, HOUR - 1, HOUR, HOUR + 1, DAY, DAY + 1, DAY + HOUR]
)
MICROSECOND_TOLERANCE = {0: "0s", SECOND: "1s"}


@hypothesis.given(
    shown=st.lists(st.tuples(ids, moments), min_size=1, max_size=6),
    clicks=st.lists(st.tuples(ids, moments), max_size=7),
    conversions=st.lists(st.tuples(ids, moments, st.sampled_from([0.0, 1.0, 2.5])), max_size=7),
    click=st.sampled_from(["first", "last"]),
    tolerance=st.sampled_from([0, SECOND]),
    view=st.booleans(),
)
@hypothesis.settings(deadline=None, max_examples=60)
def test_the_queries_say_what_plain_python_says(shown, clicks, conversions, click, tolerance, view):
    rules = {"click": click, "tolerance": MICROSECOND_TOLERANCE[tolerance]}
    if view:
        rules["view_through"] = {"window": "2h", "label": True}
    found, fates = judge(shown, clicks, conversions, **rules)
    names = ("click", "conversion", "conversion_count", "value", "conversion_delay")
    labelled = {name: tuple(label[n] for n in names) for name, label in found.items()}
    oracle = {"click": click, "tolerance": tolerance, "view": view}
    assert labelled == by_hand(shown, clicks, conversions, oracle)
    assert fates["click"].count("joined") == sum(label[0] for label in labelled.values())
    bought = sum(label[2] for label in labelled.values())
    assert (
        fates["conversion"].count("joined") + view * fates["conversion"].count("view_through")
        == bought
    )

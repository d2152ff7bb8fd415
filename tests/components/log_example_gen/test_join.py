import hashlib

import hypothesis
import hypothesis.strategies as st
import pyarrow as pa
import pytest

from components.log_example_gen import join
from schemas.logs import Attribution, Logs

HOUR = 3_600_000_000  # in microseconds
DAY = 24 * HOUR
WINDOWS = Attribution(click_window="1h", conversion_window="1d")
CLOCK = {"path": "{SPAN}", "id": "id", "time": {"column": "time"}}
LOGS = Logs.model_validate(
    {"impressions": CLOCK, "clicks": CLOCK, "conversions": {**CLOCK, "value": "price"}}
)
NO_FATES = {
    ("impressions", "duplicates"): 0,
    **{("clicks", f): 0 for f in ("duplicates", "orphans", "later", "outside_window", "joined")},
    **{
        ("conversions", f): 0
        for f in ("duplicates", "orphans", "later", "unclicked", "outside_window", "joined")
    },
}


def impressions(*rows):
    """Makes impressions from (id, time) or (id, time, feature, whether for evaluation)."""
    rows = [(*row, "x", False)[:4] if len(row) < 4 else row for row in rows]
    names = ("impression_id", "impression_time", "user", "{eval}")
    return pa.RecordBatch.from_pylist([dict(zip(names, row, strict=True)) for row in rows])


def events(*rows):
    """Makes events from (id, time), with a value, and whether their day was not asked for."""
    rows = [(*row, *(None, False)[len(row) - 2 :]) for row in rows]
    names = join.EVENT_SCHEMA.names
    found = [dict(zip(names, row, strict=True)) for row in rows]
    return pa.RecordBatch.from_pylist(found, join.EVENT_SCHEMA)


def label(logs=LOGS, **tables):
    labelled, counts = join.label(0, tables, logs, WINDOWS)
    rows = {}
    for part in labelled:
        for batch in part.batches():
            rows |= {row["impression_id"]: (part.split, row) for row in batch.to_pylist()}
    changed = {path: n for path, n in counts.items() if n != NO_FATES.get(path)}
    return rows, changed


def labels(**tables):
    """Returns (click, conversion, value) of impression a, and the counts that are not zero."""
    rows, counts = label(**tables)
    row = rows["a"][1]
    return (row["click"], row["conversion"], row["value"]), counts


A = impressions(("a", 0))


def test_an_impression_without_a_click_is_a_zero():
    assert labels(impressions=A) == ((0, 0, 0.0), {})


@pytest.mark.parametrize("time, clicked", [(-1, 0), (0, 1), (HOUR, 1), (HOUR + 1, 0)])
def test_a_click_counts_from_the_impression_until_the_window_ends(time, clicked):
    fate = "joined" if clicked else "outside_window"
    found = labels(impressions=A, clicks=events(("a", time)))
    assert found == ((clicked, 0, 0.0), {("clicks", fate): 1})


@pytest.mark.parametrize("time, converted", [(9, 0), (10, 1), (10 + DAY, 1), (11 + DAY, 0)])
def test_a_conversion_counts_from_the_click_until_the_window_ends(time, converted):
    fate = "joined" if converted else "outside_window"
    found = labels(impressions=A, clicks=events(("a", 10)), conversions=events(("a", time, 2.5)))
    counts = {("clicks", "joined"): 1, ("conversions", fate): 1}
    assert found == ((1, converted, 2.5 * converted), counts)


def test_a_conversion_without_its_click_is_no_conversion():
    found = labels(impressions=A, conversions=events(("a", 5, 1.0)))
    assert found == ((0, 0, 0.0), {("conversions", "unclicked"): 1})


def test_a_conversion_after_a_click_that_does_not_count_is_no_conversion():
    clicks, conversions = events(("a", HOUR + 1)), events(("a", HOUR + 2, 1.0))
    found = labels(impressions=A, clicks=clicks, conversions=conversions)
    counts = {("clicks", "outside_window"): 1, ("conversions", "unclicked"): 1}
    assert found == ((0, 0, 0.0), counts)


def test_the_earliest_click_in_the_window_is_the_click():
    clicks = events(("a", HOUR), ("a", -5), ("a", 20))
    late = labels(impressions=A, clicks=clicks, conversions=events(("a", 21 + DAY, 1.0)))
    assert late[0] == (1, 0, 0.0)
    in_time = labels(impressions=A, clicks=clicks, conversions=events(("a", 20 + DAY, 1.0)))
    assert in_time[0] == (1, 1, 1.0)
    assert in_time[1] == {
        ("clicks", "joined"): 2,
        ("clicks", "outside_window"): 1,
        ("conversions", "joined"): 1,
    }


def test_repeated_events_collapse_and_are_counted():
    clicks = events(("a", 5), ("a", 5), ("a", 5))
    conversions = events(("a", 7, 2.0), ("a", 7, 2.0))
    assert labels(impressions=A, clicks=clicks, conversions=conversions) == (
        (1, 1, 2.0),
        {
            ("clicks", "duplicates"): 2,
            ("clicks", "joined"): 1,
            ("conversions", "duplicates"): 1,
            ("conversions", "joined"): 1,
        },
    )


def test_the_value_is_the_sum_over_conversions_that_count():
    conversions = events(("a", 7, 2.0), ("a", 8, 0.5), ("a", 9, None), ("a", 6 + DAY, 100.0))
    found = labels(impressions=A, clicks=events(("a", 5)), conversions=conversions)
    assert found[0] == (1, 1, 2.5)
    assert found[1]["conversions", "outside_window"] == 1


def test_of_equal_ids_the_earliest_impression_is_kept():
    rows, counts = label(
        impressions=impressions(
            ("a", 9, "late", False),
            ("a", 3, "early", True),
            ("b", 1, "first", False),
            ("b", 1, "second", False),
        )
    )
    assert {i: (split, row["user"]) for i, (split, row) in rows.items()} == {
        "a": ("eval", "early"),
        "b": ("train", "first"),
    }
    assert counts == {("impressions", "duplicates"): 2}


def test_events_nobody_asked_about_are_orphans_or_later():
    clicks = events(("x", 5), ("y", 5, None, True), ("a", 5, None, True))
    conversions = events(("x", 5), ("y", 5, None, True))
    found = labels(impressions=A, clicks=clicks, conversions=conversions)
    assert found == (
        (1, 0, 0.0),
        {
            ("clicks", "orphans"): 1,
            ("clicks", "later"): 1,
            ("clicks", "joined"): 1,
            ("conversions", "orphans"): 1,
            ("conversions", "later"): 1,
        },
    )


def test_events_without_any_impression_are_orphans():
    rows, counts = label(clicks=events(("x", 5)))
    assert (rows, counts) == ({}, {("clicks", "orphans"): 1})


def test_only_the_labels_of_the_logs_there_are_come_out():
    without_value = Logs.model_validate({"impressions": CLOCK, "clicks": CLOCK})
    rows, _ = label(without_value, impressions=A, clicks=events(("a", 1)))
    assert rows["a"][1] == {"impression_id": "a", "impression_time": 0, "user": "x", "click": 1}
    rows, counts = label(Logs.model_validate({"impressions": CLOCK}), impressions=A)
    assert rows["a"][1] == {"impression_id": "a", "impression_time": 0, "user": "x"}
    assert counts == {}


def test_examples_come_out_in_the_order_of_a_hash():
    ids = [f"id {i}" for i in range(50)]
    [part], _ = join.label(0, {"impressions": impressions(*((i, 0) for i in ids))}, LOGS, WINDOWS)
    expected = sorted(ids, key=lambda i: hashlib.md5(i.encode()).digest()[:7:-1])
    assert part.column("impression_id").to_pylist() == expected
    assert part.column("click").to_pylist() == [0] * 50
    batches = list(part.batches(20))
    assert [batch.num_rows for batch in batches] == [20, 20, 10]
    assert [i for batch in batches for i in batch["impression_id"].to_pylist()] == expected


def by_hand(shown, clicks, conversions):
    """Labels impressions in plain Python, the rules as they are said."""
    first = {}
    for i, time in shown:
        first[i] = min(time, first.get(i, time))
    found = {}
    for i, time in first.items():
        counted = [t for j, t in clicks if j == i and 0 <= t - time <= HOUR]
        sums = [
            value
            for j, t, value in set(conversions)
            if counted and j == i and 0 <= t - min(counted) <= DAY
        ]
        found[i] = (int(bool(counted)), int(bool(sums)), float(sum(sums)))
    return found


ids = st.sampled_from("abc")
moments = st.sampled_from([-1, 0, 1, HOUR - 1, HOUR, HOUR + 1, DAY, DAY + 1, DAY + HOUR])


@hypothesis.given(
    shown=st.lists(st.tuples(ids, moments), max_size=6),
    clicks=st.lists(st.tuples(ids, moments), max_size=6),
    conversions=st.lists(st.tuples(ids, moments, st.sampled_from([0.0, 1.0, 2.5])), max_size=6),
)
@hypothesis.settings(deadline=None, max_examples=60)
def test_the_queries_say_what_plain_python_says(shown, clicks, conversions):
    tables = {"clicks": events(*clicks), "conversions": events(*conversions)}
    if shown:
        tables["impressions"] = impressions(*shown)
    rows, counts = label(**tables)
    found = {i: (row["click"], row["conversion"], row["value"]) for i, (_, row) in rows.items()}
    assert found == by_hand(shown, clicks, conversions)
    for log, given in (("clicks", clicks), ("conversions", conversions)):
        assert sum(n for path, n in counts.items() if path[0] == log) == len(given)

import datetime
import hashlib

import pyarrow as pa
import pytest

from components.log_example_gen import join
from components.log_example_gen.events import EVENT_SCHEMA, place
from components.log_example_gen.ledger import check

MAY_1 = datetime.date(2024, 5, 1)
SECOND = 1_000_000
T0 = 1_714_521_600 * SECOND
HOUR = 3600 * SECOND
IMPRESSIONS = pa.schema(
    [
        ("impression_id", pa.string()),
        ("impression_time", pa.int64()),
        ("user", pa.string()),
        ("history", pa.list_(pa.string())),
        ("{eval}", pa.bool_()),
        ("{place}", pa.int64()),
        ("{hash}", pa.uint64()),
    ]
)
FILES = ("impressions/a.csv", "impressions/b.csv", "clicks.csv", "conversions.csv")


def impressions(*rows):
    """Makes impressions of (id, seconds, user, whether for evaluation, history), a row each.

    They stand in the first file from line 2 on; `|` before an id puts one in the second file.
    """
    found = []
    for line, row in enumerate(rows, 2):
        name, time, user, in_eval, history = (*row, *("x", False, ["h"])[len(row) - 2 :])
        found.append(
            {
                "impression_id": name.strip("|"),
                "impression_time": T0 + time * SECOND,
                "user": user,
                "history": history,
                "{eval}": in_eval,
                "{place}": place(int(name.startswith("|")), line),
                "{hash}": int.from_bytes(hashlib.md5(name.strip("|").encode()).digest()[8:], "little"),
            }
        )
    return pa.RecordBatch.from_pylist(found, IMPRESSIONS)


def events(file, *rows):
    """Makes events of (id, seconds), or (id, seconds, value)."""
    found = [
        (name, T0 + time * SECOND, *(rest or (None,)), None, place(file, line))
        for line, (name, time, *rest) in enumerate(rows, 2)
    ]
    return pa.RecordBatch.from_pylist(
        [dict(zip(EVENT_SCHEMA.names, row, strict=True)) for row in found], EVENT_SCHEMA
    )


@pytest.fixture
def label(make_config):
    """Joins hand-written tables; returns examples by id, counts that are not zero, rejects."""

    def run(config=None, known=T0 + 30 * 24 * HOUR, **tables):
        joining = join.Joining(config or make_config(), (MAY_1,), known, FILES)
        joined = join.label(0, tables, joining)
        rows = {}
        for part in joined.labelled:
            for batch in part.batches():
                rows |= {row["impression_id"]: (part.split, row) for row in batch.to_pylist()}
        counts = {path: n for path, n in joined.account.counts.items() if n}
        return rows, counts, joined.rejects.to_pylist()

    return run


A = impressions(("a", 0))


def test_an_example_has_its_impression_and_what_the_join_found(label):
    known = T0 + 26 * HOUR
    clicks, bought = events(2, ("a", 60)), events(3, ("a", 70, 2.5), ("a", 80, 0.25))
    rows, counts, rejects = label(known=known, impressions=A, clicks=clicks, conversions=bought)
    assert rows["a"] == (
        "train",
        {
            "impression_id": "a",
            "impression_time": T0,
            "user": "x",
            "history": ["h"],
            "click": 1,
            "conversion": 1,
            "label_age": 26 * 3600 - 60,
            "click_mature": 1,
            "conversion_mature": 0,
            "conversion_count": 2,
            "value": 2.75,
        },
    )
    assert counts == {
        ("impressions", FILES[0], "examples"): 1,
        ("clicks", FILES[2], "joined"): 1,
        ("conversions", FILES[3], "joined"): 2,
        ("examples", "train"): 1,
        ("positives", "train", "click"): 1,
        ("positives", "train", "conversion"): 1,
    }
    assert rejects == []


def test_a_repeated_impression_is_a_duplicate_and_one_that_differs_a_conflict(label):
    rows, counts, rejects = label(
        impressions=impressions(
            ("a", 3),
            ("|a", 3),
            ("|a", 3, "x", True),  # the split is not what the row says
            ("|a", 4),
            ("|a", 3, "y"),
            ("|a", 3, None),
            ("|a", 3, "x", False, ["h", "h"]),
            ("|a", 3, "x", False, None),
        )
    )
    assert [row["user"] for _, row in rows.values()] == ["x"]
    assert {path: n for path, n in counts.items() if path[0] == "impressions"} == {
        ("impressions", FILES[0], "examples"): 1,
        ("impressions", FILES[1], "duplicates"): 2,
        ("impressions", FILES[1], "conflicts"): 5,
    }
    assert [row["row"] for row in rejects] == [5, 6, 7, 8, 9]
    assert rejects[0] == {
        "log": "impressions",
        "file": FILES[1],
        "row": 5,
        "column": "id",
        "value": "a",
        "reason": "conflict",
        "scope": "row",
    }


def test_two_missing_values_are_the_same_and_lists_are_not_their_joined_text(label):
    _, counts, _ = label(
        impressions=impressions(
            ("a", 3, None, False, None),
            ("a", 3, None, False, None),
            ("b", 3, None, False, ["h", "i"]),
            ("b", 3, None, False, ["h\0i"]),
        )
    )
    assert counts["impressions", FILES[0], "duplicates"] == 1
    assert counts["impressions", FILES[0], "conflicts"] == 1


def test_of_equal_impressions_the_first_by_time_and_then_by_file_is_kept(label):
    rows, counts, _ = label(
        impressions=impressions(
            ("a", 9, "late"), ("a", 3, "early"), ("b", 1, "1st"), ("|b", 1, "2nd")
        )
    )
    assert {name: row["user"] for name, (_, row) in rows.items()} == {"a": "early", "b": "1st"}
    assert counts["impressions", FILES[1], "conflicts"] == 1


def test_orphans_are_kept_with_file_and_line(label):
    clicks = events(2, ("a", 60), ("x", 7200), ("y", 30))
    _, counts, rejects = label(impressions=A, clicks=clicks)
    assert counts["clicks", FILES[2], "orphans"] == 1
    assert counts["clicks", FILES[2], "other_spans"] == 1  # its impression may be of the day before
    assert rejects == [
        {
            "log": "clicks",
            "file": "clicks.csv",
            "row": 3,
            "column": "id",
            "value": "x",
            "reason": "orphan",
            "scope": "row",
        }
    ]


def test_events_without_any_impression_are_orphans(label):
    rows, counts, rejects = label(clicks=events(2, ("x", 7200)))
    assert (rows, counts) == ({}, {("clicks", FILES[2], "orphans"): 1})
    assert len(rejects) == 1


def test_what_is_sampled_out_is_counted_and_the_rest_has_its_weight(label, make_config):
    config = make_config()
    columns = [dict(c.__dict__) for c in config.columns]
    columns.append({"name": "example_weight", "type": "float", "role": "outcome"})
    config = make_config(sampling={"unclicked": "25%"}, columns=columns)
    shown = impressions(*((f"i{n}", 0, "x", n >= 400) for n in range(500)))
    clicks = events(2, *((f"i{n}", 5) for n in range(20)))
    rows, counts, _ = label(config, impressions=shown, clicks=clicks)
    kept = counts["examples", "train"]
    assert kept + counts["impressions", FILES[0], "sampled_out"] == 400
    assert 70 < kept - 20 < 120
    assert counts["examples", "eval"] == 100  # evaluation sees the world as it is
    weights = {(split, row["click"]): row["example_weight"] for split, row in rows.values()}
    assert weights == {("train", 1): 1.0, ("train", 0): 4.0, ("eval", 0): 1.0}


def test_only_the_columns_of_the_config_come_out(label, make_config):
    config = make_config(events=False, columns=make_config(events=False).columns[:5])
    rows, counts, _ = label(config, impressions=A)
    assert sorted(rows["a"][1]) == ["history", "impression_id", "impression_time", "user"]
    assert {path[0] for path in counts} == {"impressions", "examples"}


def test_without_a_click_log_a_column_of_that_name_is_the_label(label, make_config):
    given = A.append_column("click", pa.array([1]))
    rows, counts, _ = label(make_config(events=False), impressions=given)
    assert rows["a"][1]["click"] == 1
    assert counts["positives", "train", "click"] == 1


def test_examples_come_out_in_the_order_of_a_hash(make_config):
    ids = [f"id {i}" for i in range(50)]
    joining = join.Joining(make_config(), (MAY_1,), T0 + HOUR, FILES)
    shown = impressions(*((i, 0) for i in ids))
    [part] = join.label(0, {"impressions": shown}, joining).labelled
    expected = sorted(ids, key=lambda i: hashlib.md5(i.encode()).digest()[:7:-1])
    assert part.column("impression_id").to_pylist() == expected
    assert part.column("click").to_pylist() == [0] * 50
    batches = list(part.batches(20))
    assert [batch.num_rows for batch in batches] == [20, 20, 10]
    assert [i for batch in batches for i in batch["impression_id"].to_pylist()] == expected


def test_the_earliest_and_the_latest_impression_of_a_split_are_told(make_config):
    joining = join.Joining(make_config(), (MAY_1,), T0 + HOUR, FILES)
    shown = impressions(("a", 9), ("b", 3), ("c", 5, "x", True))
    account = join.label(0, {"impressions": shown}, joining).account
    assert account.moments == {
        "train": (T0 + 3 * SECOND, T0 + 9 * SECOND),
        "eval": (T0 + 5 * SECOND, T0 + 5 * SECOND),
    }


def test_every_row_of_every_file_has_one_fate(label):
    shown = impressions(("a", 0), ("|a", 0), ("|b", 5), ("|a", 1))
    clicks = events(2, ("a", 9), ("a", 9), ("a", 8), ("b", 9000), ("z", 9000), ("z", 1))
    bought = events(3, ("a", 9, 1.0), ("b", 9, 1.0), ("a", 90_000_000, 1.0), ("z", 1, 1.0))
    _, counts, _ = label(impressions=shown, clicks=clicks, conversions=bought)
    read = {
        ("impressions", FILES[0], "read"): 1,
        ("impressions", FILES[1], "read"): 3,
        ("clicks", FILES[2], "read"): 6,
        ("conversions", FILES[3], "read"): 4,
    }
    check({**counts, **read})
    with pytest.raises(ValueError, match="Rows were lost"):
        check({**counts, **read, ("clicks", FILES[2], "read"): 7})

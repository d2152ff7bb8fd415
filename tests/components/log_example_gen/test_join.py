import datetime
import hashlib

import hypothesis
import hypothesis.strategies as st
import pyarrow as pa
import pytest

from components.log_example_gen import encode, join
from components.log_example_gen.encode import features
from components.log_example_gen.events import EVENT_SCHEMA, place
from components.log_example_gen.files import Source
from components.log_example_gen.ledger import Content, check
from schemas.logs import SPLITS

MAY_1 = datetime.date(2024, 5, 1)
SECOND = 1_000_000
T0 = 1_714_521_600 * SECOND
HOUR = 3600 * SECOND
WIDE = pa.schema(
    [
        ("impression_id", pa.string()),
        ("impression_time", pa.int64()),
        ("user", pa.string()),
        ("history", pa.list_(pa.string())),
        ("click", pa.int64()),
        ("{split}", pa.int8()),
        ("{place}", pa.int64()),
        ("{hash}", pa.uint64()),
    ]
)
FILES = ("impressions/a.csv", "impressions/b.csv", "clicks.csv", "conversions.csv")
SOURCES = [Source(path.split("/")[0], MAY_1, path, 0, 0) for path in FILES]


def md5(text):
    return int.from_bytes(hashlib.md5(text.encode()).digest()[8:], "little")


def wide(*rows):
    """Makes impressions of (id, seconds, user, whether held back, history), a row each.

    They stand in the first file from line 2 on; `|` before an id puts one in the second file.
    """
    found = []
    for line, row in enumerate(rows, 2):
        name, time, user, held_back, history = (*row, *("x", False, ["h"])[len(row) - 2 :])
        found.append(
            {
                "impression_id": name.strip("|"),
                "impression_time": T0 + time * SECOND,
                "user": user,
                "history": history,
                "{split}": 2 if held_back is True else SPLITS.index(held_back or "train"),
                "{place}": place(int(name.startswith("|")), line),
                "{hash}": md5(name.strip("|")),
            }
        )
    return pa.RecordBatch.from_pylist(found, WIDE)


def encoded(batch, labels=()):
    """Encodes the features of wide impressions, as reading does."""
    own = ["impression_id", "impression_time", "user", "history", *labels]
    narrow = ["impression_id", "impression_time", "{split}", "{place}", "{hash}", *labels]
    return batch.select(narrow).append_column("{features}", features(batch.select(own)))


def impressions(*rows):
    return encoded(wide(*rows))


def events(file, *rows):
    """Makes events of (id, seconds), or (id, seconds, value), or with an event id as well."""
    found = []
    for line, (name, time, *rest) in enumerate(rows, 2):
        value, event = (*rest, None, None)[:2]
        found.append((name, T0 + time * SECOND, value, event, place(file, line), md5(name)))
    return pa.RecordBatch.from_pylist(
        [dict(zip(EVENT_SCHEMA.names, row, strict=True)) for row in found], EVENT_SCHEMA
    )


@pytest.fixture
def label(make_config, decode_example):
    """Joins hand-written tables; returns examples by id, counts that are not zero, rejects."""

    def run(config=None, known=T0 + 30 * 24 * HOUR, **tables):
        joining = join.Joining(config or make_config(), (MAY_1,), known, SOURCES)
        joined = join.label(0, tables, joining)
        rows = {}
        for part in joined.labelled:
            for row in map(decode_example, serialized(part)):
                rows[row["impression_id"][0].decode()] = part.split, row
        counts = {path: n for path, n in joined.account.counts.items() if n}
        return rows, counts, joined.rejects.to_pylist()

    return run


def serialized(labelled, *size):
    """Returns the examples of a split, in order."""
    return [
        example
        for pieces in labelled.examples(*size)
        for example in encode.join(*pieces).to_pylist()
    ]


A = impressions(("a", 0))


def test_an_example_has_its_impression_and_what_the_join_found(label):
    known = T0 + 26 * HOUR
    clicks, bought = events(2, ("a", 60)), events(3, ("a", 70, 2.5), ("a", 80, 0.25))
    rows, counts, rejects = label(known=known, impressions=A, clicks=clicks, conversions=bought)
    assert rows["a"] == (
        "train",
        {
            "impression_id": [b"a"],
            "impression_time": [T0],
            "user": [b"x"],
            "history": [b"h"],
            "click": [1],
            "conversion": [1],
            "label_age": [26 * 3600 - 60],
            "click_mature": [1],
            "conversion_mature": [0],
            "settled": [0],
            "conversion_count": [2],
            "conversion_delay": [10],
            "value": [2.75],
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
    assert [row["user"] for _, row in rows.values()] == [[b"x"]]
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
    assert {name: row["user"] for name, (_, row) in rows.items()} == {
        "a": [b"early"],
        "b": [b"1st"],
    }
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
    held_back = {4: "validation", 5: "eval"}
    shown = impressions(*((f"i{n}", 0, "x", held_back.get(n // 100)) for n in range(600)))
    clicks = events(2, *((f"i{n}", 5) for n in range(20)))
    rows, counts, _ = label(config, impressions=shown, clicks=clicks)
    kept = counts["examples", "train"]
    assert kept + counts["impressions", FILES[0], "sampled_out"] == 400
    assert 70 < kept - 20 < 120
    # Validation and evaluation see the world as it is.
    assert counts["examples", "validation"] == counts["examples", "eval"] == 100
    weights = {(split, row["click"][0]): row["example_weight"][0] for split, row in rows.values()}
    assert weights == {
        ("train", 1): 1.0,
        ("train", 0): 4.0,
        ("validation", 0): 1.0,
        ("eval", 0): 1.0,
    }


def test_only_the_columns_of_the_config_come_out(label, make_config):
    config = make_config(events=False, columns=make_config(events=False).columns[:5])
    rows, counts, _ = label(config, impressions=A)
    assert sorted(rows["a"][1]) == ["history", "impression_id", "impression_time", "user"]
    assert {path[0] for path in counts} == {"impressions", "examples"}


def test_without_a_click_log_a_column_of_that_name_is_the_label(label, make_config):
    shown = wide(("a", 0), ("b", 0, "x", True), ("c", 0))
    clicks = pa.array([1, 1, None], pa.int64())
    shown = shown.set_column(shown.schema.get_field_index("click"), "click", clicks)
    rows, counts, _ = label(make_config(events=False), impressions=encoded(shown, ["click"]))
    assert {name: row.get("click") for name, (_, row) in rows.items()} == {
        "a": [1],
        "b": [1],
        "c": None,
    }
    assert counts["positives", "train", "click"] == 1
    assert counts["positives", "eval", "click"] == 1


@pytest.fixture
def fifty(make_config):
    """Joins fifty impressions, every third of them clicked; returns the one split."""
    ids = [f"id {i}" for i in range(50)]
    joining = join.Joining(make_config(), (MAY_1,), T0 + HOUR, SOURCES)
    tables = {
        "impressions": impressions(*((i, 0) for i in ids)),
        "clicks": events(2, *((i, 5) for i in ids[::3])),
    }
    [part] = join.label(0, tables, joining).labelled
    return ids, part


def test_examples_come_out_in_the_order_of_a_hash(fifty, decode_example):
    ids, part = fifty
    expected = sorted(ids, key=lambda i: hashlib.md5(i.encode()).digest()[:7:-1])
    assert part.column("impression_id").to_pylist() == expected
    assert part.column("click").to_pylist() == [int(i in ids[::3]) for i in expected]
    rows = list(map(decode_example, serialized(part)))
    assert [row["impression_id"] for row in rows] == [[i.encode()] for i in expected]
    assert [row["click"] for row in rows] == [[int(i in ids[::3])] for i in expected]


@pytest.mark.parametrize("size, batches", [(1, 50), (20, 3), (25, 2), (50, 1), (8192, 1)])
def test_examples_are_the_same_bytes_in_batches_of_any_size(fifty, size, batches):
    _, part = fifty
    assert serialized(part, size) == serialized(part)
    lengths = [len(pieces[0]) for pieces in part.examples(size)]
    assert (sum(lengths), max(lengths), len(lengths)) == (50, min(size, 50), batches)


def test_of_the_sample_remains_what_is_an_example_of_the_split_with_its_labels(make_config):
    shown = wide(("a", 0), ("b", 0, "y"), ("|b", 0, "z"), ("c", 0, "x", True), ("d", 0))
    tables = {"impressions": encoded(shown), "sample": shown.drop_columns(["click"]).slice(1, 3)}
    tables["clicks"] = events(2, ("b", 5))
    joining = join.Joining(make_config(), (MAY_1,), T0 + HOUR, SOURCES)
    train, evaluated = join.label(0, tables, joining).labelled
    [row] = train.sample.to_pylist()
    assert (row["impression_id"], row["user"], row["history"]) == ("b", "y", ["h"])
    assert (row["click"], row["conversion"]) == (1, 0)
    assert [row["impression_id"] for row in evaluated.sample.to_pylist()] == ["c"]
    del tables["sample"]
    assert all(not part.sample.num_rows for part in join.label(0, tables, joining).labelled)


def test_the_earliest_and_the_latest_impression_of_a_split_are_told(make_config):
    joining = join.Joining(make_config(), (MAY_1,), T0 + HOUR, SOURCES)
    shown = impressions(("a", 9), ("b", 3), ("c", 5, "x", True))
    account = join.label(0, {"impressions": shown}, joining).account
    assert account.moments == {
        "train": (T0 + 3 * SECOND, T0 + 9 * SECOND),
        "eval": (T0 + 5 * SECOND, T0 + 5 * SECOND),
    }


def test_examples_lie_apart_by_split_and_by_the_day_of_their_file(make_config, decode_example):
    days = (MAY_1, MAY_1 + datetime.timedelta(1))
    sources = [
        Source("impressions", day, path, 0, 0) for day, path in zip(days, FILES, strict=False)
    ]
    joining = join.Joining(make_config(), days, T0 + HOUR, sources)
    # Of b, shown in both files, the earlier is an example, though its day is the later one.
    shown = impressions(
        ("a", 0), ("b", 9), ("|b", 5), ("|c", 0), ("d", 0, "x", "validation"), ("|e", 0, "x", True)
    )
    joined = join.label(3, {"impressions": shown}, joining)
    found = {
        (part.split, part.span): {
            decode_example(row)["impression_id"][0] for row in serialized(part)
        }
        for part in joined.labelled
    }
    assert found == {
        ("train", days[0]): {b"a"},
        ("train", days[1]): {b"b", b"c"},
        ("validation", days[0]): {b"d"},
        ("eval", days[1]): {b"e"},
    }
    assert joined.account.spans == {
        ("train", days[0]): Content(1, md5("a")),
        ("train", days[1]): Content(2, (md5("b") + md5("c")) % 2**64),
        ("validation", days[0]): Content(1, md5("d")),
        ("eval", days[1]): Content(1, md5("e")),
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


# Few ids, so that rows meet; times at which windows and the day end; both files.
names = st.sampled_from(["a", "b", "c", "|a", "|b", "|d"])
moments = st.sampled_from([-1, 0, 1, 3599, 3600, 3601, 86_399, 86_400, 259_200, 262_801])
logs = st.fixed_dictionaries(
    {
        "shown": st.lists(
            st.tuples(
                names,
                st.sampled_from([0, 1, 9]),
                st.sampled_from(["x", "y", None]),
                st.sampled_from(SPLITS),
                st.sampled_from([["h"], ["h", "i"], None]),
            ),
            max_size=12,
        ),
        "clicks": st.lists(
            st.tuples(st.sampled_from("abdz"), moments, st.none(), st.sampled_from([None, "e"])),
            max_size=8,
        ),
        "conversions": st.lists(
            st.tuples(
                st.sampled_from("abdz"),
                moments,
                st.sampled_from([None, 1.0, 2.5]),
                st.sampled_from([None, "e", "f"]),
            ),
            max_size=8,
        ),
        "unclicked": st.sampled_from([None, "30%"]),
        "rules": st.fixed_dictionaries(
            {
                "click": st.sampled_from(["first", "last"]),
                "tolerance": st.sampled_from(["0s", "2s"]),
                "view_through": st.sampled_from([None, {"window": "2h", "label": True}]),
            }
        ),
    }
)


@hypothesis.given(logs)
@hypothesis.settings(
    deadline=None,
    max_examples=60,
    suppress_health_check=[hypothesis.HealthCheck.function_scoped_fixture],
)
def test_no_row_of_any_log_is_lost_or_made_up(make_config, given):
    sampling = given["unclicked"] and {"unclicked": given["unclicked"]}
    attribution = {"click_window": "1h", "conversion_window": "3d", **given["rules"]}
    config = make_config(attribution=attribution, sampling=sampling)
    tables = {
        "impressions": impressions(*given["shown"]),
        "clicks": events(2, *given["clicks"]),
        "conversions": events(3, *given["conversions"]),
    }
    joining = join.Joining(config, (MAY_1,), T0 + 9 * 24 * HOUR, SOURCES)
    joined = join.label(0, tables, joining)
    second = sum(name.startswith("|") for name, *_ in given["shown"])
    read = {
        ("impressions", FILES[0], "read"): len(given["shown"]) - second,
        ("impressions", FILES[1], "read"): second,
        ("clicks", FILES[2], "read"): len(given["clicks"]),
        ("conversions", FILES[3], "read"): len(given["conversions"]),
    }
    counts = joined.account.counts
    check({**counts, **read})

    def of(log, fate):
        return sum(n for path, n in counts.items() if path[0] == log and path[2:] == (fate,))

    # Each id is shown once: it is an example, or it was sampled out.
    examples = sum(len(serialized(part)) for part in joined.labelled)
    assert examples == of("impressions", "examples")
    ids = {name.strip("|") for name, *_ in given["shown"]}
    assert examples + of("impressions", "sampled_out") == len(ids)
    # Whoever is an orphan, or contradicts another, is kept: once.
    kept = [(row["log"], row["file"], row["row"]) for row in joined.rejects.to_pylist()]
    fates = {"impressions": ("conflicts",), "clicks": ("orphans", "conflicts")}
    fates["conversions"] = fates["clicks"]
    expected = sum(of(log, fate) for log, said in fates.items() for fate in said)
    assert len(kept) == len(set(kept)) == expected
    # Each click that counts for the first time labels an example.
    clicked = sum(counts.get(("positives", s, "click"), 0) for s in SPLITS)
    assert clicked == of("clicks", "joined")

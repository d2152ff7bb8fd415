import datetime
import os
from pathlib import Path

import pytest
import tensorflow as tf

from components.transform.analyses import Analyses, read_values

ENTRIES = (b"mean", b"\x00\xff")
VALUES = [(b"mean", b"1"), (b"\x00\xff", b""), (b"mean", b"2\n")]
NOW = datetime.datetime(2026, 1, 9, 12, tzinfo=datetime.UTC)


@pytest.fixture
def analyses(tmp_path):
    return Analyses(str(tmp_path / "kept"))


@pytest.fixture
def copies(tmp_path):
    (tmp_path / "copies").mkdir()
    return tmp_path / "copies"


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def age(path, **ago):
    moment = (NOW - datetime.timedelta(**ago)).timestamp()
    os.utime(path, (moment, moment))


def test_what_is_written_is_fetched_and_read(analyses, copies):
    path = analyses.write("day-1", ENTRIES, VALUES)
    assert list(read_values(path)) == VALUES
    found = analyses.fetch(["day-1", "day-2"], str(copies), ENTRIES[::-1])
    assert found == {"day-1": str(copies / "day-1")}
    assert list(read_values(found["day-1"])) == VALUES


def test_any_number_of_values_is_read_in_order(analyses):
    values = [(b"mean", b"%d\x00" % i) for i in range(2500)]  # some batches
    assert list(read_values(analyses.write("day-1", ENTRIES, values))) == values


def test_a_value_that_is_code_is_not_handed_on(analyses):
    path = analyses.write("day-1", ENTRIES, [*VALUES, (b"mean", b"cos\nsystem\n(S'true'\ntR.")])
    read = read_values(path)
    assert [next(read) for _ in VALUES] == VALUES
    with pytest.raises(ValueError, match=r"day-1 is no analysis .* would call os\.system\. Delete"):
        next(read)


@pytest.mark.parametrize("left", [0, 15, 60, -8])
def test_an_analysis_that_breaks_off_is_not_there(analyses, copies, left):
    path = Path(analyses.write("day-1", ENTRIES, VALUES))
    path.write_bytes(path.read_bytes()[:left])
    assert analyses.fetch(["day-1"], str(copies), ENTRIES) == {}


def test_an_analysis_of_other_bytes_is_not_there(analyses, copies):
    path = Path(analyses.write("day-1", ENTRIES, VALUES))
    path.write_bytes(b"no gzip" * 20)
    assert analyses.fetch(["day-1"], str(copies), ENTRIES) == {}


def test_a_copy_outlives_its_analysis(analyses, copies, tmp_path):
    analyses.write("day-1", ENTRIES, VALUES)
    found = analyses.fetch(["day-1"], str(copies), ENTRIES)
    (tmp_path / "kept/day-1").unlink()
    assert list(read_values(found["day-1"])) == VALUES


def test_where_nothing_was_ever_kept_nothing_is_found(analyses, copies):
    assert analyses.fetch(["day-1"], str(copies), ENTRIES) == {}


@pytest.mark.parametrize("entries", [ENTRIES[:1], (*ENTRIES, b"more"), ()])
def test_an_analysis_of_other_entries_is_none(analyses, copies, entries):
    analyses.write("day-1", ENTRIES, VALUES)
    assert analyses.fetch(["day-1"], str(copies), entries) == {}


def test_an_entry_without_values_is_an_entry_all_the_same(analyses, copies):
    analyses.write("day-1", ENTRIES, [])
    [found] = analyses.fetch(["day-1"], str(copies), ENTRIES).values()
    assert list(read_values(found)) == []


def test_an_analysis_is_there_whole_or_not_at_all(analyses, copies, tmp_path):
    def killed():
        yield VALUES[0]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        analyses.write("day-1", ENTRIES, killed())
    assert analyses.fetch(["day-1"], str(copies), ENTRIES) == {}
    [left] = names(tmp_path / "kept")
    assert left.startswith("day-1.") and left.endswith(".part")
    analyses.write("day-1", ENTRIES, VALUES)
    assert names(tmp_path / "kept") == ["day-1", left]


def test_two_runs_that_write_the_same_leave_one(analyses, tmp_path):
    def first():
        yield VALUES[0]
        analyses.write("day-1", ENTRIES, VALUES)
        yield from VALUES[1:]

    assert list(read_values(analyses.write("day-1", ENTRIES, first()))) == VALUES
    assert names(tmp_path / "kept") == ["day-1"]


def test_what_left_the_window_is_dropped_unless_it_is_young(analyses, tmp_path):
    kept = tmp_path / "kept"
    for name in ("in", "out", "young", "killed.0.part"):
        analyses.write(name, ENTRIES, VALUES)
        age(kept / name, days=1, seconds=1)
    age(kept / "young", hours=23)
    analyses.drop(["in"], NOW)
    assert names(kept) == ["in", "young"]


def test_a_file_is_a_gzipped_tfrecord(analyses):
    path = analyses.write("day-1", ENTRIES, VALUES)
    records = tf.data.TFRecordDataset(path, compression_type="GZIP").as_numpy_iterator()
    assert next(records) == b'["00ff", "6d65616e"]'
    assert list(records) == [b"mean", b"1", b"\x00\xff", b"", b"mean", b"2\n"]

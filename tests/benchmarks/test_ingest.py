"""The ingestion benchmark compares like with like: every candidate makes the same examples."""

import dataclasses
import itertools
import json
from collections import Counter
from pathlib import Path

import click
import numpy as np
import pyarrow.parquet
import pytest
import tensorflow as tf

from benchmarks import ingest
from benchmarks.ingestion import ceiling, logs, ours, peer, task
from benchmarks.ingestion.rows import chunk

ROWS = 8000  # enough that even conversions hold every surprise
FEATURES = {"impression_id", "impression_time", *logs.TEXTS, *logs.NUMBERS, *logs.LISTS}
LABELS = {"click", "conversion", "value"}


def examples(out: Path, names: set[str]) -> list[tuple[bytes, int, tf.train.Example]]:
    """Returns id, time and example, with no features but `names`, in the order of the ids."""
    paths = sorted(str(path) for path in out.rglob("*.gz"))
    batches = tf.data.TFRecordDataset(paths, compression_type="GZIP").batch(1000)
    found = []
    for record in itertools.chain.from_iterable(batches.as_numpy_iterator()):
        example = tf.train.Example.FromString(record)
        features = example.features.feature
        for name in set(features) - names:
            del features[name]
        [identity] = features["impression_id"].bytes_list.value
        [time] = features["impression_time"].int64_list.value
        found.append((identity, time, example))
    return sorted(found, key=lambda row: row[:2])


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("logs")
    logs.write(folder, ROWS, size=400)
    return folder


@pytest.fixture(scope="module")
def made(folder, tmp_path_factory) -> dict[tuple[str, str], Path]:
    """What each joining candidate made of each format."""
    found = {}
    for name, candidate in (("ours", ours), ("peer", peer)):
        for form in logs.FORMATS:
            found[name, form] = tmp_path_factory.mktemp(f"{name}-{form}")
            candidate.run(folder / form, form, found[name, form])
    return found


def test_ours_and_the_peer_make_the_same_examples_of_each_format(made):
    # Ours has more to tell of every label.
    first, *others = (examples(out, FEATURES | LABELS) for out in made.values())
    assert len({identity for identity, _, _ in first}) == len(first) == ROWS
    assert [other == first for other in others] == [True] * 3
    assert set.union(*(set(row.features.feature) for *_, row in first)) == FEATURES | LABELS


def test_the_logs_hold_every_surprise_that_a_join_must_bear(made):
    ledger = json.loads((made["ours", "csv"] / "ledger" / "ledger.json").read_text())
    bad = ("duplicates", "outside_window")
    for log, fates in (
        ("impressions", ("duplicates", "conflicts")),
        ("clicks", ("joined", "repeated", "orphans", *bad)),
        ("conversions", ("joined", "unclicked", "other_spans", *bad)),
    ):
        assert all(ledger[log][fate] > 0 for fate in fates), (log, ledger[log])


@pytest.mark.parametrize("form", logs.FORMATS)
def test_the_ceiling_writes_the_rows_of_the_files_with_every_column_and_no_click(
    folder, made, tmp_path, form
):
    ceiling.run(folder / form, form, tmp_path, batch=100)
    rows = examples(tmp_path, FEATURES)
    assert len(rows) > ROWS
    # Of rows with one id the earliest.
    kept = {identity: row for identity, _, row in reversed(rows)}
    assert kept == {identity: row for identity, _, row in examples(made["peer", form], FEATURES)}
    columns = {column.name for column in task.config(folder / form, form).columns}
    for out, clicks in ((tmp_path, {0}), (made["ours", form], {0, 1})):
        found = [row.features.feature for *_, row in examples(out, columns)]
        assert set().union(*found) == columns
        assert {row["click"].int64_list.value[0] for row in found} == clicks


def test_the_same_rows_are_the_same_bytes(folder, tmp_path):
    logs.write(tmp_path, ROWS, size=400)
    paths = [path.relative_to(folder) for path in folder.rglob("part-*")]
    assert len(paths) > 2 * logs.DAYS * logs.FILES_A_DAY
    assert all((tmp_path / path).read_bytes() == (folder / path).read_bytes() for path in paths)


def test_a_chunk_has_22_columns_5_percent_clicks_and_a_tenth_of_those_converts():
    found = chunk(0, 100_000, rows_a_day=100_000)
    assert found.impressions.num_columns == 22
    assert len(found.clicks) / 100_000 == pytest.approx(0.05, rel=0.1)
    assert len(found.conversions) / len(found.clicks) == pytest.approx(0.1, rel=0.1)


def test_impressions_lie_in_the_file_of_their_day_in_order(folder):
    counts = Counter()
    for path in folder.glob("parquet/impressions/*/*"):
        time = pyarrow.parquet.read_table(path)["timestamp"].to_numpy().astype("datetime64[s]")
        assert set(time.astype("datetime64[D]").astype(str)) == {path.parent.name}
        counts[path.parent.name] += len(np.unique(time))
    assert sorted(counts) == logs.spans()


def result(candidate: str, seconds: float, rows: int = 1000, peak_mb: float = 100) -> ingest.Result:
    return ingest.Result("parquet", candidate, rows, 1, seconds, peak_mb, idle_mb=50)


def bars(*results: ingest.Result) -> dict[str, tuple[float, bool]]:
    both = [each for r in results for each in (r, dataclasses.replace(r, form="csv"))]
    found = {(each.form, each.candidate, each.impressions): each for each in both}
    checked = ingest.bars(found, rows=1000, peer_rows=500)
    return {bar["bar"]: (bar["measured"], bar["reached"]) for bar in checked}


def test_the_peer_counts_by_its_rate_for_it_had_fewer_rows():
    found = bars(result("ours", 10), result("ceiling", 5), result("peer", 25, rows=500))
    assert found == {
        f"{form}: at least {claim} rows/s": verdict
        for form in logs.FORMATS
        for claim, verdict in (
            ("5 x the peer's", (5.0, True)),
            ("0.6 x the ceiling's", (0.5, False)),
        )
    }


def test_ten_times_the_rows_may_take_eleven_times_the_time_and_half_as_much_memory_again():
    usual = result("ours", 10), result("ceiling", 8), result("peer", 30, rows=500)
    found = bars(*usual, result("ours", 111, rows=10_000, peak_mb=150))
    assert found["csv: 10 x the rows in at most 11 x the time"] == (11.1, False)
    assert found["csv: 10 x the rows in at most 1.5 x the peak memory"] == (1.5, True)


def test_logs_are_written_once(tmp_path):
    folder = ingest.make_logs(tmp_path, 300)
    [path] = folder.glob("csv/impressions/2024-05-01/part-00000.csv")
    before = path.stat().st_mtime_ns
    assert ingest.make_logs(tmp_path, 300) == folder
    assert path.stat().st_mtime_ns == before
    assert list(tmp_path.iterdir()) == [folder]


def test_a_run_that_fails_says_which_and_why(tmp_path):
    with pytest.raises(click.ClickException, match=r"ingestion.logs .*--rows none failed"):
        ingest.python("benchmarks.ingestion.logs", tmp_path, "--rows", "none")

"""The benchmark of evaluation compares like with like: both ways tell the same AUC."""

import json

import pytest

from benchmarks import evaluator
from benchmarks.evaluating import ours, peer, rows

ROWS, USERS = 2_000, 400


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("made") / "data"
    rows.write(folder, ROWS, USERS)
    return folder


def test_rows_are_the_same_whenever_they_are_asked_for():
    one, two = rows.batch(50, 100, 20), rows.batch(50, 100, 20)
    assert one.equals(two)
    assert not rows.batch(150, 100, 20).equals(two)
    assert 0.05 < one.column("click").to_numpy().mean() < 0.4
    assert set(one.column("user_id").to_pylist()) <= {f"u{number:08d}" for number in range(20)}


def test_both_ways_tell_the_same_auc(folder, tmp_path):
    found, other = ours.run(folder, tmp_path / "ours"), peer.run(folder, tmp_path / "peer")
    assert found["rows"] == other["rows"] == ROWS
    assert found["auc"] == pytest.approx(other["auc"], abs=2e-4)
    assert found["users"] <= USERS and 0.6 < found["gauc"] < 0.9 and found["error"] < 0.1


def test_what_is_made_of_the_runs(tmp_path):
    runs = {
        name: {"rows": count, "seconds": seconds, "peak_mb": peak, "idle_mb": 1, "auc": 0.5}
        for name, count, seconds, peak in (
            ("peer", 10, 10, 100), ("ours", 100, 10, 100), ("ours at scale", 1000, 50, 120),
        )
    }  # fmt: skip
    assert evaluator.summary(runs) == {"times_peer": 20, "memory_growth": 1.2}
    assert evaluator.show(runs).row_count == 3
    json.dumps(evaluator.summary(runs))

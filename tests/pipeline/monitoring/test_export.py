"""Figures for machines: every hour, and null where nothing can be told."""

import dataclasses
import json

import pyarrow.parquet
import pytest

from pipeline.monitoring.export import as_json, write_hours


@pytest.fixture
def watched(serve, look, traffic):
    """Two hours of a day, of the second of which no purchase is known yet."""
    return look(serve(traffic(hours=2, per_hour=100)), as_of=2.5)


def test_a_row_for_each_hour_and_output_is_written_at_once(watched, tmp_path):
    out = tmp_path / "new" / "hours.parquet"
    write_hours(watched, out)
    rows = pyarrow.parquet.read_table(out).to_pylist()
    assert [path.name for path in out.parent.iterdir()] == ["hours.parquet"]
    assert [(row["hour"].hour, row["output"]) for row in rows] == [
        (hour, output) for hour in (0, 1) for output in ("ctr", "cvr", "ctcvr")
    ]
    ctr, late = rows[0], rows[5]
    assert (ctr["served"], ctr["rows"], ctr["immature"], ctr["scored"]) == (100, 100, 0, 1.0)
    assert ctr["copc"] == pytest.approx(ctr["label"] / ctr["predicted"])
    assert ctr["copc_low"] < ctr["copc"] < ctr["copc_high"]
    assert (late["rows"], late["immature"]) == (0, 100)
    assert (late["copc"], late["auc"]) == (None, None)


def test_json_says_all_of_it_and_no_nan(watched):
    def refuse(text):
        raise AssertionError(text)

    told = json.loads(as_json(watched), parse_constant=refuse)
    assert told["known_until"] == "2026-01-01T02:30:00+00:00"
    assert [row["output"] for row in told["outputs"]] == ["ctr", "cvr", "ctcvr"]
    assert list(told["versions"]) == ["(not told)"]
    assert len(told["hours"]) == 6
    assert told["hours"][5]["copc"] is None
    assert (told["alerts"], told["repeated"], told["left_out"]) == ([], 0, {})


def test_alerts_are_told_one_by_one(serve, look, traffic):
    rows = traffic(hours=2, per_hour=400)
    scores = [dataclasses.replace(row, ctr=row.ctr / 3) for row in rows]
    told = json.loads(as_json(look(serve(rows, scores=scores))))
    ctr = [alert for alert in told["alerts"] if alert["output"] == "ctr"]
    assert [alert["hour"] for alert in ctr] == [
        "2026-01-01T00:00:00+00:00",
        "2026-01-01T01:00:00+00:00",
        None,  # of both together
    ]
    assert all(alert["measure"] == "COPC" and alert["low"] > 1.25 for alert in ctr)
    assert ctr[0]["bar"] == "0.8 .. 1.25"

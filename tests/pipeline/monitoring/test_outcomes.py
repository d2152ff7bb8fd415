"""Outcomes are the labels that a run's examples would have, and nothing else is read."""

import math
from pathlib import Path

import pytest

from components.log_example_gen.spill import read_segments
from pipeline.errors import RunFailed
from pipeline.monitoring.outcomes import OutcomeReader, outcome_columns
from pipeline.monitoring.period import Asked, resolve


@pytest.fixture
def read(tmp_path, moment):
    """Returns what became of each impression, by column."""

    def run(config, as_of=240, partitions=1):
        period = resolve(config, Asked(None, None, None, moment(as_of)))
        reader = OutcomeReader(config, period, partitions, Path(tmp_path))
        found = {}
        for number, segments in reader.read().items():
            outcomes = reader.label(number, read_segments(segments))
            for place, name in enumerate(outcomes.ids.to_pylist()):
                found[name] = {
                    column: float(values[place]) for column, values in outcomes.columns.items()
                }
        return found

    return run


def test_events_become_labels(serve, shown, jan_1, read):
    rows = [
        shown("bought", jan_1, 0.5, click=60, buy=60),
        shown("clicked", jan_1, 0.5, click=60),
        shown("ignored", jan_1, 0.5),
    ]
    found = read(serve(rows), partitions=3)
    labels = {name: (row["click"], row["conversion"]) for name, row in found.items()}
    assert labels == {"bought": (1, 1), "clicked": (1, 0), "ignored": (0, 0)}
    assert all(row["click_mature"] == row["conversion_mature"] == 1 for row in found.values())


def test_a_row_is_settled_when_no_event_can_change_it_whatever_came(serve, shown, jan_1, read):
    """Windows are an hour each; it is two hours after the first impression."""
    rows = [
        shown("old", jan_1, 0.5),
        shown("clicked", jan_1 + 60, 0.5, click=60),
        shown("ignored", jan_1 + 60, 0.5),
        shown("new", jan_1 + 3601, 0.5),
    ]
    found = read(serve(rows), as_of=2)
    told = {
        name: (row["click_mature"], row["conversion_mature"], row["settled"])
        for name, row in found.items()
    }
    assert told == {
        "old": (1, 1, 1),
        "clicked": (1, 1, 0),
        "ignored": (1, 1, 0),  # mature, as nobody clicked: alone it would tell of 0 purchases
        "new": (0, 0, 0),
    }


def test_masks_and_labels_of_the_impressions_travel_and_features_do_not(
    serve, shown, jan_1, read, tmp_path, write_rows
):
    rows = [shown("a", jan_1, 0.5), shown("b", jan_1, 0.5)]
    config = serve(
        rows,
        ("ctr: {label: click}", "ctr: {label: click}\n  like: {label: liked, mask: asked}"),
    )
    lines = [
        {"id": "a", "time": jan_1, "user": "u", "price": 1.0, "liked": 1, "asked": 1.0},
        {"id": "b", "time": jan_1, "user": "u", "price": 1.0, "liked": None, "asked": None},
    ]
    write_rows(tmp_path / "logs" / "impressions" / "2026-01-01" / "part.parquet", lines)
    found = read(config)
    assert (found["a"]["liked"], found["a"]["asked"]) == (1, 1)
    assert math.isnan(found["b"]["asked"])
    assert {column.name for column in outcome_columns(config)}.isdisjoint({"user", "price"})


def test_more_broken_files_than_the_limit_stop_it(serve, shown, jan_1, read, tmp_path):
    config = serve([shown("a", jan_1, 0.5)])
    clicks = tmp_path / "logs" / "clicks" / "2026-01-01" / "broken.parquet"
    clicks.write_bytes(b"PAR1 and no more")
    with pytest.raises(RunFailed, match=r"1 file\(s\) .*broken.parquet.*max_broken_files"):
        read(config)
    allowed = config.limits.model_copy(update={"max_broken_files": 1})
    assert set(read(config.model_copy(update={"limits": allowed}))) == {"a"}

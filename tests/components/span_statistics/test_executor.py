import collections

import pytest

from components.span_statistics.summary import BEFORE, NEWEST, Rate, read_sample, read_summary

DAYS = ("2026-01-01", "2026-01-02", "2026-01-03", "2026-01-04")


@pytest.fixture
def spans(healthy_span):
    return {day: healthy_span(seed, rows=500 + 100 * seed) for seed, day in enumerate(DAYS)}


def by_split(spans):
    *train, newest = spans
    return {"train": {day: spans[day] for day in train}, "eval": {newest: spans[newest]}}


def unknown(spans, known, day):
    """Returns the share of a day's items that a vocabulary of 400 of other days does not know."""
    counts = collections.Counter(item for of in known for item in spans[of]["item"])
    assert len(counts) <= 400
    return sum(item not in counts for item in spans[day]["item"]) / len(spans[day]["item"])


def test_every_figure_is_what_plain_python_finds(write_window, scan_window, spans):
    found = read_summary(scan_window(*write_window(by_split(spans))).uri)
    assert found.spans == DAYS
    assert found.rows == dict(zip(DAYS, (500, 600, 700, 800), strict=True))
    for day, span in spans.items():
        clicks, conversions = sum(span["click"]), sum(span["conversion"])
        rows = len(span["click"])
        assert found.rates["click"][day] == Rate(
            rows=rows, weight=rows, squares=rows, events=clicks
        )
        assert found.rates["conversion"][day] == Rate(
            rows=clicks, weight=clicks, squares=clicks, events=conversions
        )
    now, earlier = found.unseen["item"]
    # Both vocabularies are of two spans.
    assert now.share == pytest.approx(unknown(spans, DAYS[1:3], DAYS[3]))
    assert earlier.share == pytest.approx(unknown(spans, DAYS[0:2], DAYS[2]))
    assert (now.rows, earlier.rows) == (800, 700)


def test_small_spans_are_sampled_whole(write_window, scan_window, spans):
    uri = scan_window(*write_window(by_split(spans))).uri
    newest, before = (read_sample(uri, group) for group in (NEWEST, BEFORE))
    assert sorted(value[0].decode() for value in newest["item"].to_pylist()) == sorted(
        spans[DAYS[3]]["item"]
    )
    assert before.num_rows == 1800
    assert newest.schema.names == ["item", "device", "history", "price"]


def test_large_spans_are_sampled_in_part(write_window, scan_window, spans, monkeypatch):
    monkeypatch.setattr("components.span_statistics.executor.SAMPLE_ROWS", 400)
    uri = scan_window(*write_window(by_split(spans))).uri
    # Of 800 rows and of 1,800 together: 400 each, give or take 5 standard deviations.
    assert read_sample(uri, NEWEST).num_rows == pytest.approx(400, abs=71)
    assert read_sample(uri, BEFORE).num_rows == pytest.approx(400, abs=89)


def test_neither_shards_nor_parts_nor_splits_change_a_figure(
    write_window, scan_window, spans, monkeypatch
):
    one = read_summary(scan_window(*write_window(by_split(spans))).uri)
    monkeypatch.setattr("components.span_statistics.executor._ROWS_A_PART", 300)
    written = write_window({"train": spans}, shards=5, name="other")
    other = read_summary(scan_window(*written, name="again").uri)
    assert other == one


@pytest.mark.parametrize(("days", "told"), [(1, 0), (2, 1), (3, 2)])
def test_a_short_window_tells_what_it_can(days, told, write_window, scan_window, spans):
    few = {day: spans[day] for day in DAYS[:days]}
    uri = scan_window(*write_window({"train": few})).uri
    assert len(read_summary(uri).unseen["item"]) == told
    assert (read_sample(uri, BEFORE).num_rows > 0) == (days > 1)

"""Served scores meet the outcomes that came later; what is planted is found, and no more."""

import collections
import dataclasses
import math

import pytest
from sklearn.metrics import roc_auc_score

from pipeline.errors import Misuse, RunFailed

OUTPUTS = ("ctr", "cvr", "ctcvr")


def figures(served, output):
    return next(figures for figures in served.outputs if figures.output == output)


def expected(rows, jan_1):
    """COPC and AUC by hour and output, in plain Python: every outcome is known."""
    by_hour = collections.defaultdict(list)
    for row in rows:
        by_hour[(row.time - jan_1) // 3600].append(row)
    for hour, own in by_hour.items():
        clicked = [row.click is not None for row in own]
        bought = [row.click is not None and row.buy is not None for row in own]
        for output, population, label in (
            ("ctr", own, clicked),
            ("cvr", [row for row in own if row.click is not None], None),
            ("ctcvr", own, bought),
        ):
            labels = label or [row.buy is not None for row in population]
            scores = [getattr(row, output) for row in population]
            yield hour, output, len(labels), sum(labels), sum(labels) / sum(scores), labels, scores


def test_figures_are_those_of_plain_python(serve, look, traffic, jan_1):
    rows = traffic(hours=30, per_hour=60)
    watched = look(serve(rows))
    assert len(watched.hours) == 30
    for hour, output, count, positives, copc, labels, scores in expected(rows, jan_1):
        found = figures(watched.hours[hour].served, output)
        assert (found.rows, found.positives, found.immature) == (count, positives, 0)
        assert found.copc.value == pytest.approx(copc, rel=1e-12)
        if 0 < positives < count:
            assert found.auc.value == pytest.approx(roc_auc_score(labels, scores), abs=1e-12)
    assert [hour.served.rows for hour in watched.hours] == [60] * 30
    assert watched.total.rows == 1800
    assert watched.alerts == ()
    assert watched.answered == OUTPUTS


def test_a_drift_of_the_last_hours_is_found_and_nothing_else(serve, look, traffic, jan_1):
    rows = traffic(hours=24, per_hour=300)
    late = jan_1 + 21 * 3600
    scores = [
        dataclasses.replace(row, ctr=row.ctr * 2.2) if row.time >= late else row for row in rows
    ]
    watched = look(serve(rows, scores=scores))
    assert {(alert.measure, alert.output) for alert in watched.alerts} == {
        ("COPC", "ctr"),
        ("COPC", "ctcvr"),  # the product is as wrong as its factor
    }
    for output in ("ctr", "ctcvr"):
        hours = [alert.hour.hour for alert in watched.alerts if alert.output == output]
        assert hours == [21, 22, 23]
    # More was predicted than came.
    assert all(0.3 < alert.value < alert.high < 0.8 for alert in watched.alerts)


def test_an_hour_that_serves_a_tenth_is_found(serve, look, traffic, jan_1):
    rows = [
        row
        for number, row in enumerate(traffic(hours=12, per_hour=200))
        if (row.time - jan_1) // 3600 != 7 or number % 10 == 0
    ]
    config = serve(rows, ("gates:", 'monitor: {volume: ">= 0.5 of the median hour"}\ngates:'))
    [alert] = look(config).alerts
    assert (alert.measure, alert.output, alert.value) == ("volume", "", 20)
    assert alert.hour.hour == 7


def test_an_hour_that_serves_nothing_is_found_at_the_end_only_if_asked_for(serve, look, traffic):
    config = serve(traffic(hours=6, per_hour=200))
    assert look(config).alerts == ()
    [alert] = look(config, until=7).alerts
    assert (alert.measure, alert.value, alert.hour.hour) == ("volume", 0, 6)


def test_hours_that_the_period_cuts_are_not_judged_by_their_volume(serve, look, traffic):
    config = serve(
        traffic(hours=6, per_hour=200),
        ("gates:", 'monitor: {volume: ">= 0.9 of the median hour"}\ngates:'),
    )
    watched = look(config, since=0.5, until=5.25)
    assert [hour.whole for hour in watched.hours] == [False, True, True, True, True, False]
    assert [hour.served.rows for hour in watched.hours] == [100, 200, 200, 200, 200, 50]
    assert watched.alerts == ()


def test_conversions_that_have_not_come_yet_raise_no_alert(serve, look, traffic):
    """All purchases come 59 minutes after the click: at hour 10, many of hour 8 and 9 have not."""
    rows = traffic(hours=10, per_hour=400, buy_after=3540)
    watched = look(serve(rows), as_of=10)
    assert watched.alerts == ()
    for hour in (8, 9):
        clicks = figures(watched.hours[hour].served, "ctr")
        bought = figures(watched.hours[hour].served, "ctcvr")
        assert bought.rows + bought.immature == 400
        # An hour for the click and one for the purchase: what has no click yet waits as well.
        assert (bought.rows, bought.immature) == ((1, 399) if hour == 8 else (0, 400))
        assert math.isnan(bought.copc.value) or hour == 8
        assert clicks.rows + clicks.immature == 400
    assert figures(watched.hours[8].served, "ctr").rows == 400
    assert figures(watched.hours[9].served, "ctr").immature == 399
    settled = figures(watched.hours[7].served, "ctcvr")
    assert (settled.rows, settled.immature) == (400, 0)
    assert 0.7 < settled.copc.value < 1.3


def test_conversions_are_counted_by_the_rules_of_attribution(serve, look, shown, jan_1):
    rows = [
        shown("in time", jan_1, 0.5, 0.5, click=3600, buy=3600),
        shown("click too late", jan_1, 0.5, 0.5, click=3601, buy=60),
        shown("buys too late", jan_1, 0.5, 0.5, click=60, buy=3601),
    ]
    served = look(serve(rows)).total
    assert figures(served, "ctr").positives == 2
    assert (figures(served, "cvr").rows, figures(served, "cvr").positives) == (2, 1)
    assert (figures(served, "ctcvr").rows, figures(served, "ctcvr").positives) == (3, 1)


def test_of_several_scores_of_an_impression_the_first_counts(serve, look, shown, jan_1):
    row = shown("a", jan_1 + 10, 0.25, click=60)
    again = [
        dataclasses.replace(row, time=jan_1 + 20, ctr=0.5),
        row,
        dataclasses.replace(row, ctr=0.75),  # at once, but further on in the file
    ]
    watched = look(serve([row], scores=again))
    assert (watched.total.rows, watched.repeated) == (1, 2)
    assert figures(watched.total, "ctr").predicted == 0.25


def test_a_score_without_an_impression_is_served_but_not_judged(serve, look, shown, jan_1):
    row = shown("a", jan_1, 0.5, click=60)
    watched = look(serve([row], scores=[row, dataclasses.replace(row, id="b")]))
    assert (watched.total.rows, watched.total.unshown) == (2, 1)
    assert (figures(watched.total, "ctr").rows, figures(watched.total, "ctr").immature) == (1, 0)


def test_an_impression_after_midnight_is_found(serve, look, shown, jan_1):
    late = shown("a", jan_1 + 86_400, 0.5, click=60)
    watched = look(
        serve(
            [shown("b", jan_1, 0.5), late], scores=[dataclasses.replace(late, time=jan_1 + 86_399)]
        )
    )
    assert figures(watched.total, "ctr").positives == 1


@pytest.mark.parametrize("score", [None, math.nan, math.inf, -0.1, 1.1])
def test_scores_that_cannot_be_used_are_left_out_and_told(serve, look, shown, jan_1, score):
    rows = [shown(str(n), jan_1, 0.5, click=60) for n in range(3)]
    bad = [dataclasses.replace(row, ctr=score if row.id == "0" else 0.5) for row in rows]
    watched = look(serve(rows, scores=bad))
    ctr = figures(watched.total, "ctr")
    assert (ctr.rows, ctr.predicted) == (2, 1.0)
    assert ctr.scored == pytest.approx(2 / 3)
    assert [(a.measure, a.output) for a in watched.alerts if a.output == "ctr"] == [
        ("scored", "ctr")
    ]


def test_an_output_that_is_not_served_raises_no_alert(serve, look, traffic, tmp_path, write_rows):
    rows = traffic(hours=2, per_hour=100)
    config = serve(rows)
    lines = [{"id": row.id, "at": row.time, "ctr": row.ctr} for row in rows]
    write_rows(tmp_path / "logs" / "served" / "2026-01-01" / "part.parquet", lines)
    watched = look(config)
    assert watched.answered == ("ctr",)
    assert watched.alerts == ()


def test_versions_are_told_apart_and_judged_each(serve, look, traffic):
    rows = traffic(hours=6, per_hour=200)
    scores = [
        dataclasses.replace(
            row,
            version="8" if number % 20 else "9",
            ctr=row.ctr if number % 20 else row.ctr / 3,
        )
        for number, row in enumerate(rows)
    ]
    watched = look(serve(rows, scores=scores))
    assert list(watched.versions) == ["8", "9"]
    assert [served.rows for served in watched.versions.values()] == [1140, 60]
    # Too few an hour to show in the hours, but not in all of them.
    config = serve(rows, ("gates:", "monitor: {min_positives: 10}\ngates:"), scores=scores)
    [alert] = [alert for alert in look(config).alerts if alert.output == "ctr"]
    assert (alert.version, alert.hour) == ("9", None)
    assert alert.low > 1.25


def test_the_order_and_the_number_of_files_and_partitions_do_not_matter(
    serve, look, traffic, tmp_path, write_rows, monkeypatch
):
    rows = traffic(hours=3, per_hour=50)
    config = serve(rows)
    once = look(config)
    served = tmp_path / "logs" / "served" / "2026-01-01"
    lines = [{"id": r.id, "at": r.time, "ctr": r.ctr, "cvr": r.cvr, "ctcvr": r.ctcvr} for r in rows]
    for part in range(4):
        write_rows(served / f"part-{part}.parquet", lines[::-1][part::4])
    (served / "part.parquet").unlink()
    monkeypatch.setattr("components.log_example_gen.partition.BYTES_A_PARTITION", 20_000)
    for ours, theirs in zip(look(config).hours, once.hours, strict=True):
        for output in OUTPUTS:
            mine, other = figures(ours.served, output), figures(theirs.served, output)
            assert mine.copc.value == pytest.approx(other.copc.value, rel=1e-12)
            assert mine.auc.value == pytest.approx(other.auc.value, rel=1e-9)


def test_rows_that_cannot_be_read_are_counted(serve, look, traffic, tmp_path, write_rows):
    rows = traffic(hours=1, per_hour=10)
    config = serve(rows)
    lines = [
        {"id": row.id if n else None, "at": row.time, "ctr": row.ctr} for n, row in enumerate(rows)
    ]
    write_rows(tmp_path / "logs" / "served" / "2026-01-01" / "part.parquet", lines)
    watched = look(config)
    assert watched.left_out == {"id: missing": 1}
    assert watched.total.rows == 9


def test_what_cannot_be_looked_at_is_a_sentence(serve, look, shown, jan_1, tmp_path):
    row = shown("a", jan_1, 0.5)
    config = serve([row], scores=[dataclasses.replace(row, id="b")])
    with pytest.raises(Misuse, match="none of 1 served scores has an impression"):
        look(config)
    with pytest.raises(Misuse, match="have no row in this period"):
        look(config, since=1, until=2)
    clicks = tmp_path / "logs" / "clicks" / "2026-01-01" / "part.parquet"
    clicks.write_bytes(b"PAR1 and no more")
    with pytest.raises(RunFailed, match=r"1 file\(s\) of the logs cannot be read .*part.parquet"):
        look(config)


def test_nothing_is_left_behind(serve, look, traffic, tmp_path):
    look(serve(traffic(hours=1, per_hour=10)))
    assert list((tmp_path / "work").iterdir()) == []

"""What `funnelrank monitor` prints: by output, by version, the last hours, and the alerts."""

import datetime
import itertools
import math
from collections.abc import Iterable, Iterator, Sequence

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from pipeline.monitoring.alerts import COPC, SCORED, VOLUME, Alert
from pipeline.monitoring.figures import Figures, Hour, Ratio, Served
from pipeline.monitoring.watch import Watched
from pipeline.quantities import count
from pipeline.tables import decimal, plain_table

# As many hours are printed; all of them are written with --out and --json.
SHOWN_HOURS = 24


def show(watched: Watched, console: Console) -> None:
    """Prints what was found; alerts last, where eyes are."""
    for line in _head(watched):
        console.print(line, soft_wrap=True)
    for table in _tables(watched, console.width):
        console.print()
        console.print(table)
    console.print()
    for line in _alert_lines(watched.alerts):
        console.print(line, soft_wrap=True)


def _tables(watched: Watched, width: int) -> Iterator[Table]:
    """Yields all tables, but those of outputs of which nothing can be judged yet."""
    told = [figures for figures in watched.total.outputs if figures.output in watched.answered]
    yield _table("By output", "output", [(figures.output, figures) for figures in told], width)
    if len(watched.versions) > 1:
        for output in watched.answered:
            rows = list(_of_output(output, watched.versions.items()))
            yield _table(f"{output} by version", "version", rows, width)
    last = watched.hours[-SHOWN_HOURS:]
    yield _volumes(last, len(watched.hours))
    for output in watched.answered:
        rows = list(_of_output(output, ((_hour(hour.begins), hour.served) for hour in last)))
        if any(figures.rows for _, figures in rows):
            yield _table(f"{output} by hour", "hour", rows, width)


def _of_output(output: str, named: Iterable[tuple[str, Served]]) -> Iterator[tuple[str, Figures]]:
    for name, served in named:
        for figures in served.outputs:
            if figures.output == output:
                yield name, figures


def _head(watched: Watched) -> Iterator[str]:
    """Yields what was read, in words."""
    first, last = watched.hours[0].begins, watched.hours[-1].begins
    rows = sum(hour.served.rows for hour in watched.hours)
    unshown = sum(hour.served.unshown for hour in watched.hours)
    ends = last + datetime.timedelta(hours=1)
    yield f"{count(rows)} scores, {first:%Y-%m-%d %H:%M} to {ends:%Y-%m-%d %H:%M} UTC"
    known = datetime.datetime.fromtimestamp(watched.period.known_until // 1_000_000, datetime.UTC)
    yield f"outcomes known until {known:%Y-%m-%d %H:%M} UTC"
    if watched.repeated:
        yield f"{count(watched.repeated)} more scores of the same impressions: the first counts"
    if unshown:
        yield f"{count(unshown)} scores without an impression in the logs: not judged"
    for why, rows in sorted(watched.left_out.items()):
        yield f"{count(rows)} rows left out: {escape(why)}"


def _table(title: str, first: str, rows: Sequence[tuple[str, Figures]], width: int) -> Table:
    """Returns figures line by line; where they do not fit, the least of them are left out."""
    columns = {
        first: [escape(name) for name, _ in rows],
        "rows": [count(figures.rows) for _, figures in rows],
        "immature": [count(figures.immature) for _, figures in rows],
        "positives": [count(figures.positives) for _, figures in rows],
        "COPC": [decimal(figures.copc.value, 3) for _, figures in rows],
        "95 %": [_interval(figures.copc) for _, figures in rows],
        "AUC": [decimal(figures.auc.value, 3) for _, figures in rows],
    }
    for least in ("95 %", "positives", "AUC"):
        if sum(max(map(len, (name, *cells))) + 1 for name, cells in columns.items()) - 1 > width:
            del columns[least]
    return plain_table(title, list(columns), list(zip(*columns.values(), strict=True)))


def _volumes(last: Sequence[Hour], hours: int) -> Table:
    title = (
        f"Served by hour, the last {len(last)} of {hours}"
        if hours > len(last)
        else "Served by hour"
    )
    rows = [
        (_hour(hour.begins), count(hour.served.rows), "" if hour.whole else "not the whole hour")
        for hour in last
    ]
    return plain_table(title, ("hour", "scores", ""), rows, left=("",))


def _interval(ratio: Ratio) -> str:
    if math.isnan(ratio.low):
        return "–"
    return f"{ratio.low:.2f}–{ratio.high:.2f}"


def _hour(begins: datetime.datetime) -> str:
    return f"{begins:%m-%d %H}h"


def _alert_lines(alerts: Sequence[Alert]) -> Iterator[str]:
    """Yields a line for each run of hours in which one figure is out of band."""
    if not alerts:
        yield "[green]no alert[/]"
    named = sorted(
        alerts,
        key=lambda alert: (alert.version or "", alert.output, alert.measure, alert.hour or _NEVER),
    )
    for _, same in itertools.groupby(
        named, key=lambda alert: (alert.version, alert.output, alert.measure)
    ):
        for run in _runs(list(same)):
            yield f"[bold red]ALERT[/] {escape(_sentence(run))}"


_NEVER = datetime.datetime.min.replace(tzinfo=datetime.UTC)


def _runs(alerts: Sequence[Alert]) -> Iterator[list[Alert]]:
    """Yields alerts of consecutive hours on the same side of the bar together."""
    run = [alerts[0]]
    for alert in alerts[1:]:
        last = run[-1]
        after = last.hour and last.hour + datetime.timedelta(hours=1)
        if alert.hour == after and (alert.value > 1) == (last.value > 1):
            run.append(alert)
        else:
            yield run
            run = [alert]
    yield run


def _sentence(run: Sequence[Alert]) -> str:
    first, last = run[0], run[-1]
    low, high = min(alert.value for alert in run), max(alert.value for alert in run)
    told = (
        _number(first, low) if low == high else f"{_number(first, low)} to {_number(first, high)}"
    )
    if len(run) == 1 and first.measure not in (VOLUME, SCORED):
        told += f" (95 %: {_number(first, first.low)} to {_number(first, first.high)})"
    what = " ".join(filter(None, (first.output, first.measure)))
    if first.hour is None or last.hour is None:
        where = f"of version {first.version}" if first.version else "in the whole period"
    elif len(run) == 1:
        where = f"in the hour of {first.hour:%Y-%m-%d %H:%M}"
    else:
        ends = last.hour + datetime.timedelta(hours=1)
        where = f"in {len(run)} hours from {first.hour:%Y-%m-%d %H:%M} to {ends:%Y-%m-%d %H:%M}"
    meaning = ""
    if first.measure == COPC:
        meaning = f", {'more' if low > 1 else 'less'} came than was predicted"
    return f"{what} {told} {where}{meaning}: the bar is {first.bar}"


def _number(alert: Alert, value: float) -> str:
    return count(value) if alert.measure == VOLUME else f"{value:.3f}"

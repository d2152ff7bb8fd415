"""Logs of impressions whose scores and outcomes a test says row by row."""

import dataclasses
import datetime
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from pipeline.config import PipelineConfig
from pipeline.config_file import load_config
from pipeline.monitoring.period import Asked
from pipeline.monitoring.watch import Watched, watch

JAN_1 = 1_767_225_600  # 2026-01-01 00:00 UTC, in seconds
SERVED = 'served: {path: "served/{SPAN}/*.parquet", id: id, time: {column: at}}\n'


@dataclasses.dataclass(frozen=True)
class Shown:
    """An impression, when it was shown in seconds, its scores, and what became of it.

    `click` and `buy` are seconds after the impression and after the click; None for never.
    """

    id: str
    time: int
    ctr: float | None
    cvr: float | None = 0.1
    click: int | None = None
    buy: int | None = None
    version: str | None = None

    @property
    def ctcvr(self) -> float | None:
        return None if self.ctr is None or self.cvr is None else self.ctr * self.cvr


@pytest.fixture
def jan_1() -> int:
    return JAN_1


@pytest.fixture
def shown() -> type[Shown]:
    return Shown


@pytest.fixture
def moment() -> Callable[[float], datetime.datetime]:
    """Returns the moment so many hours after 2026-01-01."""
    return lambda hours: datetime.datetime.fromtimestamp(JAN_1 + hours * 3600, datetime.UTC)


@pytest.fixture
def serve(
    tmp_path: Path, write_config: Callable[..., Path], write_rows: Callable[..., Path]
) -> Callable[..., PipelineConfig]:
    """Writes the logs of impressions, and of other scores; returns the config that reads them."""

    def write(
        rows: Sequence[Shown], *changes: tuple[str, str], scores: Sequence[Shown] | None = None
    ) -> PipelineConfig:
        logs: dict[tuple[str, str], list[dict[str, object]]] = {}

        def put(log: str, when: int, **row: object) -> None:
            day = datetime.datetime.fromtimestamp(when, datetime.UTC).date()
            logs.setdefault((log, str(day)), []).append(row)

        for row in rows:
            put("impressions", row.time, id=row.id, time=row.time, user="u", price=1.5)
            for log in ("clicks", "conversions"):  # of nobody: each day has a file
                put(log, row.time, id="nobody", time=row.time)
            if row.click is not None:
                put("clicks", row.time + row.click, id=row.id, time=row.time + row.click)
                if row.buy is not None:
                    when = row.time + row.click + row.buy
                    put("conversions", when, id=row.id, time=when)
        for row in rows if scores is None else scores:
            told = {name: getattr(row, name) for name in ("ctr", "cvr", "ctcvr")}
            version = {} if row.version is None else {"model_version": row.version}
            put("served", row.time, id=row.id, at=row.time, **told, **version)
        for (log, day), lines in logs.items():
            write_rows(tmp_path / "logs" / log / day / "part.parquet", lines)
        return load_config(write_config(("window: 2", f"window: 3\n{SERVED}"), *changes))

    return write


@pytest.fixture
def look(tmp_path: Path, moment: Callable[[float], datetime.datetime]) -> Callable[..., Watched]:
    """Watches; times are hours after 2026-01-01."""

    def run(
        config: PipelineConfig,
        *,
        since: float | None = None,
        until: float | None = None,
        hours: int | None = None,
        as_of: float = 24 * 30,
    ) -> Watched:
        begin, end = (None if at is None else moment(at) for at in (since, until))
        return watch(config, Asked(begin, end, hours, moment(as_of)), tmp_path / "work")

    return run


@pytest.fixture
def traffic() -> Callable[..., list[Shown]]:
    """Draws impressions whose events come as often as their scores say.

    Clicks take a minute, purchases an hour; `attribution` in the config allows an hour of each.
    """

    def draw(hours: int, per_hour: int, seed: int = 0, buy_after: int = 1800) -> list[Shown]:
        rng = np.random.default_rng(seed)
        rows = []
        for number in range(hours * per_hour):
            time = JAN_1 + number * 3600 // per_hour
            ctr, cvr = rng.uniform(0.05, 0.4), rng.uniform(0.2, 0.8)
            click = 60 if rng.random() < ctr else None
            buy = buy_after if rng.random() < cvr else None
            rows.append(Shown(f"{seed}-{number}", time, float(ctr), float(cvr), click, buy))
        return rows

    return draw

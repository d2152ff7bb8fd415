"""Which days are read, and until when."""

import datetime

import pytest

from pipeline.errors import Misuse
from pipeline.monitoring.period import HOUR, Asked, micros, resolve

DAY = 86_400
DATES = [datetime.date(2026, 1, day) for day in (1, 2, 3, 4)]


@pytest.fixture
def config(serve, shown, jan_1):
    """Four days with an impression and a score each; the window is three."""
    return serve([shown(str(day), jan_1 + day * DAY + 60, 0.5) for day in range(4)])


@pytest.fixture
def ask(moment):
    def asked(since=None, until=None, hours=None, as_of=240):
        begin, end = (None if at is None else moment(at) for at in (since, until))
        return Asked(begin, end, hours, moment(as_of))

    return asked


def days(period):
    return [source.span for source in period.served]


def test_the_newest_days_of_the_window_are_looked_at(config, ask):
    period = resolve(config, ask())
    assert days(period) == DATES[1:]
    assert (period.since, period.ended) == (None, False)
    assert period.spans == tuple(DATES[1:])


def test_impressions_are_read_of_the_next_day_too(config, ask, jan_1):
    period = resolve(config, ask(since=0, until=20))
    assert days(period) == DATES[:1]
    assert period.spans == tuple(DATES[:2])
    assert period.until == (jan_1 + 20 * 3600) * 1_000_000
    assert period.ended


def test_hours_are_counted_back_from_the_end(config, ask):
    period = resolve(config, ask(until=50, hours=3))
    assert period.until - period.since == 3 * HOUR
    assert days(period) == DATES[1:3]


def test_what_had_not_happened_is_not_looked_at(config, ask, moment):
    period = resolve(config, ask(since=0, until=90, as_of=30))
    assert period.until == micros(moment(30))
    assert days(period) == DATES[:2]
    assert period.spans == tuple(DATES[:2])  # the third day had not begun
    assert period.known_until == micros(moment(30))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"since": 5, "until": 5}, "nothing was served from .* until"),
        ({"since": 1, "hours": 2}, "give one of them"),
        ({"since": 200, "until": 230}, "they exist from 2026-01-01 to 2026-01-04"),
        ({"as_of": -10}, "no scores were served in this period"),
    ],
)
def test_a_period_without_scores_is_misuse(config, ask, options, said):
    with pytest.raises(Misuse, match=said):
        resolve(config, ask(**options))


def test_a_config_without_a_served_log_is_misuse(config, ask):
    with pytest.raises(Misuse, match="does not say where served scores are"):
        resolve(config.model_copy(update={"served": None}), ask())


def test_days_of_scores_without_impressions_are_misuse(config, ask, tmp_path):
    for day in DATES:
        (tmp_path / "logs" / "impressions" / str(day) / "part.parquet").unlink()
    with pytest.raises(Misuse, match="there are no impressions of 2026-01-02 to 2026-01-04"):
        resolve(config, ask())

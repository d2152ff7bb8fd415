import datetime
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.kubeflow_client.cron import parse_cron


def moment(text):
    return datetime.datetime.strptime(text, "%Y-%m-%d %H:%M").replace(tzinfo=datetime.UTC)


def next_of(text, after):
    return next(parse_cron(text).after(moment(after)))


# What github.com/robfig/cron, which Kubeflow reads cron with, says of the same fields in its tests.
@pytest.mark.parametrize(
    ("text", "after", "then"),
    [
        ("*/15 * * * *", "2012-07-09 14:45", "2012-07-09 15:00"),
        ("*/15 * * * *", "2012-07-09 14:59", "2012-07-09 15:00"),
        ("*/15 * * * *", "2012-07-09 23:46", "2012-07-10 00:00"),
        ("20-35/15 * * * *", "2012-07-09 15:45", "2012-07-09 16:20"),
        ("20-35/15 * * * *", "2012-07-09 23:45", "2012-07-10 00:20"),
        ("20-35/15 10-12 * * *", "2012-07-09 23:35", "2012-07-10 10:20"),
        ("20-35/15 * 9-20 Jul *", "2012-07-09 23:35", "2012-07-10 00:20"),
        ("0 0 9 Apr-Oct *", "2012-07-09 23:35", "2012-08-09 00:00"),
        ("0 0 */5 Apr,Aug,Oct Mon", "2012-07-09 23:35", "2012-08-06 00:00"),
        ("0 0 */5 Oct Mon", "2012-07-09 23:35", "2012-10-01 00:00"),
        ("0 0 * Feb Mon", "2012-07-09 23:35", "2013-02-04 00:00"),
        ("* * * * *", "2012-12-31 23:59", "2013-01-01 00:00"),
        ("0 0 29 Feb *", "2012-07-09 23:35", "2016-02-29 00:00"),
        ("* * 1,15 * Sun", "2012-06-14 23:59", "2012-06-15 00:00"),  # a Friday: either will do
        ("* * */2 * Sun", "2012-07-14 23:59", "2012-07-15 00:00"),  # a star: both must
        ("* * */10 * Sun", "2012-07-14 23:59", "2012-10-21 00:00"),  # there: not 15 July
    ],
)
def test_a_cron_fires_when_kubeflow_says_so(text, after, then):
    assert next_of(text, after) == moment(then)


def test_a_day_at_three_is_six_fields_to_kubeflow():
    cron = parse_cron("  0 3\t* * * ")
    assert (cron.text, cron.with_seconds) == ("0 3 * * *", "0 0 3 * * *")
    times = itertools.islice(cron.after(moment("2026-02-28 03:00")), 3)
    assert [f"{time:%m-%d %H:%M %Z}" for time in times] == [
        "03-01 03:00 UTC",
        "03-02 03:00 UTC",
        "03-03 03:00 UTC",
    ]


def test_after_the_last_day_there_is_none():
    assert list(parse_cron("0 3 * * *").after(moment("9999-12-31 00:00"))) == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("0 3 * *", "cron has five fields, minute hour day month weekday, as in '0 3 * * *'"),
        ("0 0 3 * * *", "cron has five fields"),
        ("@daily", "cron has five fields"),
        ("60 3 * * *", "the minute of cron is *, 0 to 59, a range such as 0-2, a step such as */2"),
        ("0 24 * * *", "the hour of cron is *, 0 to 23"),
        ("0 3 0 * *", "the day of the month of cron is *, 1 to 31, a range such as 1-3"),
        ("0 3 * 13 *", "the month of cron is *, 1 to 12 or jan to dec"),
        ("0 3 * * 7", "the weekday of cron is *, 0 to 6 or sun to sat"),
        ("0 3 * * fri-mon", "Received: 'fri-mon'"),
        ("0 3 * * ?", "Received: '?'"),
        ("5/15 * * * *", "Received: '5/15'"),
        ("*/0 * * * *", "Received: '*/0'"),
        ("1,,2 * * * *", "Received: '1,,2'"),
        ("*/5/5 * * * *", "Received: '*/5/5'"),
        ("1-2-3 * * * *", "Received: '1-2-3'"),
        ("٣ * * * *", "Received: '٣'"),
        ("0 0 30 2 *", "cron names a day that no month has. Received: '0 0 30 2 *'"),
        ("0 0 31 4,6 *", "cron names a day that no month has"),
    ],
)
def test_what_is_no_cron_is_refused_with_what_may_stand_there(text, said):
    with pytest.raises(ValueError) as refused:
        parse_cron(text)
    assert said in str(refused.value)


def fields(low, high):
    values = st.integers(low, high)
    ranges = st.tuples(values, values).map(lambda pair: f"{min(pair)}-{max(pair)}")
    steps = st.builds("{}/{}".format, st.one_of(st.just("*"), ranges), st.integers(1, 9))
    part = st.one_of(st.just("*"), values.map(str), ranges, steps)
    return st.lists(part, min_size=1, max_size=3).map(",".join)


def has(field, value, low):
    """Whether a field has a value, decided value by value instead of by listing them."""
    for part in field.split(","):
        span, _, step = part.partition("/")
        first, _, last = ("0-99" if span == "*" else span).partition("-")
        start = low if span == "*" else int(first)
        if start <= value <= int(last or first) and (value - start) % int(step or 1) == 0:
            return True
    return False


@given(
    fields(0, 59),
    fields(0, 23),
    fields(1, 28),
    fields(1, 12),
    fields(0, 6),
    st.datetimes(datetime.datetime(2020, 1, 1), datetime.datetime(2030, 1, 1)),
)
def test_a_minute_is_named_exactly_if_its_fields_are(minute, hour, day, month, weekday, time):
    time = time.replace(second=0, microsecond=0)
    in_month = has(day, time.day, 1)
    in_week = has(weekday, int(time.strftime("%w")), 0)
    day_fits = in_month and in_week if "*" in day + weekday else in_month or in_week
    expected = (
        has(minute, time.minute, 0)
        and has(hour, time.hour, 0)
        and has(month, time.month, 1)
        and day_fits
    )
    cron = parse_cron(f"{minute} {hour} {day} {month} {weekday}")
    found = next(cron.after(time - datetime.timedelta(seconds=1)))
    assert (found == time) == expected
    assert found >= time


@given(st.text("0123456789*/,- \tmonfebA?٣", max_size=20))
def test_any_text_is_read_or_refused(text):
    try:
        assert len(parse_cron(text).with_seconds.split()) == 6
    except ValueError as refused:
        assert "Received: " in str(refused)

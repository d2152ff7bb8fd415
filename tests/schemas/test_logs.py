"""The three logs, their clocks, attribution windows and splits."""

import pydantic
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.logs import Attribution, Clock, HashSplit, Log, Logs, Split, TimeSplit

SPLIT = pydantic.TypeAdapter(Split)


def log(name: str) -> dict:
    return {"path": f"{name}/{{SPAN}}/*.parquet", "id": "id", "time": {"column": "t"}}


def test_a_path_without_a_span_is_refused():
    with pytest.raises(
        pydantic.ValidationError, match=r"must contain \{SPAN\}.*Received: 'logs/\*.csv'"
    ):
        Log(path="logs/*.csv", id="id", time=Clock(column="t"))


def test_a_clock_counts_seconds_unless_told():
    assert Clock(column="t").unit == "s"


def test_a_clock_in_hours_is_refused():
    with pytest.raises(pydantic.ValidationError, match="'s', 'ms', 'us' or 'iso'"):
        Clock.model_validate({"column": "t", "unit": "h"})


def test_conversions_without_clicks_are_refused():
    with pytest.raises(pydantic.ValidationError, match="give a `clicks` log as well"):
        Logs.model_validate({"impressions": log("impressions"), "conversions": log("conversions")})


@pytest.mark.parametrize(
    ("names", "labels"),
    [
        (("impressions",), ()),
        (("impressions", "clicks"), ("click",)),
        (("impressions", "clicks", "conversions"), ("click", "conversion")),
    ],
)
def test_the_labels_are_those_of_the_logs_that_are_joined(names, labels):
    logs = Logs.model_validate({name: log(name) for name in names})
    assert tuple(logs.present()) == names
    assert logs.labels() == labels


def test_attribution_windows_are_an_hour_and_three_days_unless_told():
    assert (Attribution().click_window, Attribution().conversion_window) == (3600, 259_200)


def test_attribution_windows_are_durations():
    windows = Attribution.model_validate({"click_window": "30m", "conversion_window": "7d"})
    assert (windows.click_window, windows.conversion_window) == (1800, 604_800)


@pytest.mark.parametrize(("text", "spans"), [("1 span", 1), ("4 spans", 4), ("2", 2), (3, 3)])
def test_a_split_by_time_counts_spans(text, spans):
    assert SPLIT.validate_python({"by": "time", "eval": text}) == TimeSplit(eval=spans)


@pytest.mark.parametrize("text", ["0 spans", "-1", "10%", "1.5 spans", True, "one span"])
def test_a_split_by_time_refuses_anything_but_a_number_of_spans(text):
    with pytest.raises(pydantic.ValidationError, match=r"number of spans, as in `1 span`"):
        SPLIT.validate_python({"by": "time", "eval": text})


@pytest.mark.parametrize(("text", "share"), [("10%", 0.1), ("12.5 %", 0.125), ("99.9%", 0.999)])
def test_a_split_by_hash_takes_a_share(text, share):
    split = SPLIT.validate_python({"by": "hash", "key": "user_id", "eval": text})
    assert isinstance(split, HashSplit)
    assert split.eval == pytest.approx(share, rel=1e-12)


@pytest.mark.parametrize("text", ["0%", "100%", "10", 0.1, "-5%", "1 span"])
def test_a_split_by_hash_refuses_anything_but_a_share(text):
    with pytest.raises(pydantic.ValidationError, match=r"between 0% and 100%, as in `10%`"):
        SPLIT.validate_python({"by": "hash", "key": "user_id", "eval": text})


def test_a_split_is_by_time_or_by_hash():
    with pytest.raises(pydantic.ValidationError, match="'time', 'hash'"):
        SPLIT.validate_python({"by": "user", "eval": "1 span"})


@given(st.integers(0, 10**7), st.integers(0, 10**7))
def test_attribution_reads_what_it_writes(click, conversion):
    windows = Attribution.model_validate(
        {"click_window": f"{click}s", "conversion_window": f"{conversion}s"}
    )
    assert Attribution.model_validate_json(windows.model_dump_json()) == windows


@given(st.integers(1, 365))
def test_a_split_by_time_reads_what_it_writes(spans):
    split = TimeSplit(eval=spans)
    assert SPLIT.validate_json(split.model_dump_json()) == split


@given(st.integers(1, 9999))
def test_a_split_by_hash_reads_what_it_writes(hundredths):
    split = HashSplit.model_validate({"by": "hash", "key": "k", "eval": f"{hundredths / 100}%"})
    assert SPLIT.validate_json(split.model_dump_json()) == split


@pytest.mark.parametrize(("split", "text"), [(TimeSplit, "1 span"), (HashSplit, "10%")])
def test_the_json_schema_lets_an_editor_accept_what_people_write(split, text):
    assert "string" in str(split.model_json_schema()["properties"]["eval"]), text

import pydantic
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.serving import (
    DoorSpeed,
    ServingConfig,
    ServingReport,
    parse_size,
    parse_time,
    size_text,
    time_text,
)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("50ms", 0.05), ("0.5ms", 0.0005), ("10s", 10.0), (" 1.5 s ", 1.5), ("100 ms", 0.1)],
)
def test_a_time_is_a_number_and_a_unit(text, seconds):
    assert parse_time(text) == seconds


@pytest.mark.parametrize("text", ["", "50", 50, "ms", "-1ms", "0ms", "0.0s", "1h", "1e3ms", None])
def test_any_other_time_is_refused_with_the_rule_and_what_was_received(text):
    with pytest.raises(ValueError, match="a number above 0 and a unit, ms or s") as error:
        parse_time(text)
    assert f"Received: {text!r}" in str(error.value)


@pytest.mark.parametrize(
    ("text", "size"),
    [("2 GB", 2 * 10**9), ("512MB", 512 * 10**6), ("1.5 GB", 15 * 10**8), ("1 kB", 1000)],
)
def test_a_size_is_a_number_and_a_unit(text, size):
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "2", 2, "GB", "-1 GB", "0 GB", "0.0001 kB", "2 gb", "2 GiB"])
def test_any_other_size_is_refused_with_the_rule_and_what_was_received(text):
    with pytest.raises(ValueError, match="a number above 0 and a unit, kB, MB or GB") as error:
        parse_size(text)
    assert f"Received: {text!r}" in str(error.value)


@given(st.decimals("0.001", "100000", places=3), st.sampled_from(["ms", "s"]))
def test_a_time_reads_what_it_writes(number, unit):
    seconds = parse_time(f"{number}{unit}")
    assert parse_time(time_text(seconds)) == seconds


@given(st.integers(1, 10**15))
def test_a_size_reads_what_it_writes(size):
    assert parse_size(size_text(size)) == size


def test_budgets_are_written_as_they_are_read():
    config = ServingConfig.model_validate({"items": 20, "warm": "0.05s", "memory": "2 GB"})
    assert config.model_dump(mode="json") == {
        "items": 20,
        "warm": "50ms",
        "cold": None,
        "memory": "2000 MB",
    }
    assert ServingConfig.model_validate(config.model_dump(mode="json")) == config


@pytest.mark.parametrize("items", [0, -1, 100_001, 1.5])
def test_a_request_has_from_one_candidate_to_a_hundred_thousand(items):
    with pytest.raises(pydantic.ValidationError):
        ServingConfig(items=items)


def test_an_unknown_budget_is_refused_with_the_nearest():
    with pytest.raises(pydantic.ValidationError, match="unknown key 'warn': did you mean 'warm'"):
        ServingConfig.model_validate({"warn": "1s"})


def test_a_report_travels_as_json():
    report = ServingReport(
        load=1.25,
        memory=3,
        doors={"rank": DoorSpeed(first=0.5, p50=0.1, p95=0.2, p99=0.3, requests=9)},
        budget=ServingConfig(items=7),
    )
    assert ServingReport.model_validate_json(report.model_dump_json()) == report

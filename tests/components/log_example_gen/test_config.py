import datetime
import json

import pydantic
import pytest

from components.log_example_gen import config
from schemas.columns import Column
from schemas.logs import Attribution, HashSplit, TimeSplit

MAY_1, MAY_2, MAY_3 = (datetime.date(2024, 5, day) for day in (1, 2, 3))
HOUR_AND_DAY = Attribution.model_validate({"click_window": "1h", "conversion_window": "1d"})
# In UTC it lies in the year before the first.
FIRST_HOUR = "0001-01-01T00:00+01:00"


def utc(day: int, *time: int) -> datetime.datetime:
    return datetime.datetime(2024, 5, day, *time, tzinfo=datetime.UTC)


@pytest.mark.parametrize("eval_percent", ["7%", "10%", "12.5%", "33.3%"])
def test_a_config_survives_json(make_config, eval_percent):
    given = make_config(split={"by": "hash", "key": "user", "eval": eval_percent})
    read = config.IngestConfig.model_validate_json(given.model_dump_json())
    assert read == given
    assert read.attribution.click_window == 3600
    assert read.columns[4] == Column("history", "text", repeated=True)


def test_a_split_by_time_survives_json(make_config):
    given = make_config(split={"by": "time", "eval": "2 spans"})
    assert config.IngestConfig.model_validate_json(given.model_dump_json()) == given
    assert given.split == TimeSplit(eval=2)


@pytest.mark.parametrize("unclicked, share", [("10%", 0.1), ("0.7%", 0.007), ("0.00001%", 1e-7)])
def test_sampling_survives_json(make_config, unclicked, share):
    given = make_config(sampling={"unclicked": unclicked})
    assert config.IngestConfig.model_validate_json(given.model_dump_json()) == given
    assert given.sampling.unclicked == share


def test_nothing_is_left_out_unless_told(make_config):
    given = make_config()
    assert given.sampling is None
    assert config.IngestConfig.model_validate_json(given.model_dump_json()).sampling is None


def test_an_unknown_key_is_refused(make_config):
    given = json.loads(make_config().model_dump_json()) | {"window": 3}
    with pytest.raises(pydantic.ValidationError, match="window"):
        config.IngestConfig.model_validate(given)


@pytest.mark.parametrize(
    "text, moment",
    [
        ("2024-05-03", utc(3)),
        (" 2024-05-03T14:00Z ", utc(3, 14)),
        ("2024-05-03T14:00:00", utc(3, 14)),
        ("2024-05-03T14:00+02:00", utc(3, 12)),
        ("2024-05-03T00:30:00.000001+02:00", utc(2, 22, 30, 0, 1)),
    ],
)
def test_a_cut_off_is_a_moment_in_utc(text, moment):
    found = config.parse_as_of(text)
    assert found == moment
    assert found.tzinfo is datetime.UTC


@pytest.mark.parametrize("text", ["", "now", "3 May", "2024-05-32", "1714521600.5", FIRST_HOUR])
def test_a_cut_off_that_is_no_moment_is_refused(text):
    with pytest.raises(ValueError, match="a cut-off is a date or a time in ISO 8601") as error:
        config.parse_as_of(text)
    assert f"Received: {text!r}" in str(error.value)


def test_events_are_known_until_the_cut_off():
    assert config.cut_off(utc(4), (MAY_2, MAY_1), HOUR_AND_DAY) == utc(4)


def test_nothing_counts_after_the_last_window_of_the_last_span_has_closed():
    # May 2 ends at midnight; a click an hour later may be followed by a conversion for a day.
    assert config.cut_off(utc(20), (MAY_2, MAY_1), HOUR_AND_DAY) == utc(4, 1)
    assert config.cut_off(utc(4, 0, 59), (MAY_2, MAY_1), HOUR_AND_DAY) == utc(4, 0, 59)


def test_conversions_that_follow_a_view_count_as_long_as_their_window():
    view = Attribution.model_validate(
        {"click_window": "1h", "conversion_window": "1d", "view_through": {"window": "2d"}}
    )
    assert config.cut_off(utc(20), (MAY_1,), view) == utc(4)


def test_a_cut_off_before_the_first_span_is_refused():
    with pytest.raises(ValueError, match=r"as of 2024-05-02T00:00:00\+00:00 nothing of span 2024-"):
        config.cut_off(utc(2), (MAY_3, MAY_2), HOUR_AND_DAY)
    second = utc(2) + datetime.timedelta(seconds=1)
    assert config.cut_off(second, (MAY_3, MAY_2), HOUR_AND_DAY) == second


def test_the_number_of_a_span_is_its_days_since_1970():
    assert config.span_number(MAY_1) == 19_844
    assert config.span_number(datetime.date(1970, 1, 1)) == 0


def test_the_last_spans_are_for_evaluation():
    found = config.splits_of_spans(TimeSplit(eval="2 spans"), (MAY_3, MAY_1, MAY_2))
    assert found == {MAY_1: "train", MAY_2: "eval", MAY_3: "eval"}


def test_the_spans_before_those_are_for_validation():
    found = config.splits_of_spans(TimeSplit(eval=1, validation=1), (MAY_3, MAY_1, MAY_2))
    assert found == {MAY_1: "train", MAY_2: "validation", MAY_3: "eval"}


def test_a_split_by_hash_is_not_by_span():
    assert config.splits_of_spans(HashSplit(by="hash", key="user", eval="10%"), (MAY_1,)) == {}


def test_a_split_by_time_leaves_a_span_to_train_on():
    with pytest.raises(ValueError, match=r"needs at least 3 spans. Received: 2 \(2024-05-01, "):
        config.splits_of_spans(TimeSplit(eval=2), (MAY_1, MAY_2))
    with pytest.raises(ValueError, match=r"\(1 for evaluation and 1 for validation\) and trains"):
        config.splits_of_spans(TimeSplit(eval=1, validation=1), (MAY_1, MAY_2))

import datetime
import json

import pydantic
import pytest

from components.log_example_gen import config
from schemas.columns import Column
from schemas.logs import HashSplit, TimeSplit

MAY_1, MAY_2, MAY_3 = (datetime.date(2024, 5, day) for day in (1, 2, 3))


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


def test_an_unknown_key_is_refused(make_config):
    given = json.loads(make_config().model_dump_json()) | {"window": 3}
    with pytest.raises(pydantic.ValidationError, match="window"):
        config.IngestConfig.model_validate(given)


def test_spans_are_read_in_order_and_once():
    text = '["2024-05-02", "2024-05-01", "2024-05-02"]'
    assert config.parse_spans(text) == (MAY_1, MAY_2)


@pytest.mark.parametrize("text", ["2024-05-01", '["May"]', "[20240501]", "{", "null"])
def test_spans_that_are_no_dates_are_refused(text):
    with pytest.raises(ValueError, match="spans are a JSON list of ISO dates") as error:
        config.parse_spans(text)
    assert repr(text) in str(error.value)


def test_no_span_is_refused():
    with pytest.raises(ValueError, match="at least one day"):
        config.parse_spans("[]")


def test_the_number_of_a_span_is_its_days_since_1970():
    assert config.span_number(MAY_1) == 19_844
    assert config.span_number(datetime.date(1970, 1, 1)) == 0


def test_the_last_spans_are_for_evaluation():
    found = config.eval_spans(TimeSplit(eval="2 spans"), (MAY_3, MAY_1, MAY_2))
    assert found == {MAY_2, MAY_3}


def test_a_split_by_hash_has_no_spans_for_evaluation():
    assert config.eval_spans(HashSplit(by="hash", key="user", eval="10%"), (MAY_1,)) == set()


def test_a_split_by_time_leaves_a_span_to_train_on():
    with pytest.raises(ValueError, match=r"needs at least 3 spans. Received: 2 \(2024-05-01, "):
        config.eval_spans(TimeSplit(eval=2), (MAY_1, MAY_2))

import datetime

import pytest

from components.log_example_gen.spans import choose_spans
from schemas.logs import HashSplit, Log, Logs, TimeSplit

DAY = [datetime.date(2024, 5, day) for day in range(1, 6)]
HASH = HashSplit(by="hash", key="user", eval="10%")


def at(day, second=0):
    return datetime.datetime(2024, 5, day, second=second, tzinfo=datetime.UTC)


@pytest.fixture
def logs(tmp_path):
    """Impressions of the 1st, the 2nd and the 4th of May."""
    for day in (DAY[0], DAY[1], DAY[3]):
        (tmp_path / f"{day}.csv").write_text("id\n")
    log = Log(path="{SPAN}.csv", id="id", time={"column": "time", "unit": "s"})
    return Logs(root=str(tmp_path), impressions=log)


def test_the_newest_spans_are_chosen_whatever_days_are_missing(logs):
    assert choose_spans(logs, HASH, None, 2, at(30)) == (DAY[1], DAY[3])
    assert choose_spans(logs, HASH, None, 9, at(30)) == (DAY[0], DAY[1], DAY[3])


def test_the_newest_span_may_be_named(logs):
    assert choose_spans(logs, HASH, DAY[1], 1, at(30)) == (DAY[1],)


def test_a_span_begins_before_the_cut_off(logs):
    assert choose_spans(logs, HASH, None, 1, at(4)) == (DAY[1],)
    assert choose_spans(logs, HASH, None, 1, at(4, second=1)) == (DAY[3],)
    with pytest.raises(ValueError, match=r"as of 2024-05-04.* no impressions of span 2024-05-04"):
        choose_spans(logs, HASH, DAY[3], 1, at(4))


def test_a_day_without_impressions_is_no_span(logs):
    with pytest.raises(ValueError, match=r"span 2024-05-03 is empty: .* from 2024-05-01 to 2024-0"):
        choose_spans(logs, HASH, DAY[2], 1, at(30))


def test_some_span_is_left_to_train_on(logs):
    split = TimeSplit(eval=1)
    assert choose_spans(logs, split, DAY[1], 9, at(30)) == (DAY[0], DAY[1])
    with pytest.raises(ValueError, match=r"1 span\(s\) up to 2024-05-01 leave nothing to train on"):
        choose_spans(logs, split, DAY[0], 9, at(30))


def test_no_impressions_at_all_are_named_by_their_glob(logs, tmp_path):
    for file in tmp_path.glob("*.csv"):
        file.unlink()
    with pytest.raises(ValueError, match=r"no impressions: no file matches .*\{SPAN\}.csv"):
        choose_spans(logs, HASH, None, 1, at(30))

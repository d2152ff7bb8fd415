import datetime
import json

import pytest

from pipeline.config_file import load_config
from pipeline.day_record import DayRecord, made_from, read_day, write_day
from pipeline.preflight import resolve_inputs
from pipeline.work_dir import WorkDir

DAY = datetime.date(2026, 1, 2)


@pytest.fixture
def work(tmp_path):
    return WorkDir(tmp_path / "work")


@pytest.fixture
def digest(write_config, write_logs, work):
    """Returns the digest of a run of the tiny config."""
    write_logs()

    def made(*overrides, span=DAY, as_of=None, window=None):
        config = load_config(write_config(), overrides)
        return made_from(config, resolve_inputs(config, span, window, as_of), work)

    return made


def test_what_a_day_came_to_is_read_as_it_was_written(work):
    record = DayRecord(span=DAY, run="r", made_from="m", outcome="pushed", version="17")
    assert read_day(work, DAY) is None
    write_day(work, record)
    assert read_day(work, DAY) == record
    assert read_day(work, datetime.date(2026, 1, 3)) is None
    refused = record.model_copy(update={"outcome": "refused", "reasons": ("ctr.auc is 0.5",)})
    write_day(work, refused)
    assert read_day(work, DAY) == refused
    assert [path.name for path in work.days.iterdir()] == ["2026-01-02.json"]


@pytest.mark.parametrize("text", ["", "{", '{"span": "2026-01-02"}', '{"spam": 1}'])
def test_a_record_that_cannot_be_read_is_none(work, text):
    work.days.mkdir(parents=True)
    (work.days / "2026-01-02.json").write_text(text)
    assert read_day(work, DAY) is None


def test_the_same_inputs_have_the_same_digest_and_others_another(digest, tmp_path):
    first = digest()
    assert digest() == first
    others = [digest("training.epochs=2"), digest("gates={}"), digest(span=None)]
    others.append(digest(window=3, span=None))
    late = tmp_path / "logs" / "conversions" / "2026-01-03" / "part.parquet"
    late.write_bytes(late.read_bytes() + b" ")
    others.append(digest())
    assert len({first, *others}) == 6


def test_a_day_of_closed_windows_has_one_digest_whenever_it_is_read(digest):
    closed = datetime.datetime(2026, 1, 3, 2, tzinfo=datetime.UTC)
    hour = datetime.timedelta(hours=1)
    assert digest(as_of=closed) == digest(as_of=closed + 1000 * hour)
    # Open windows: labels may change from one day to the next.
    assert digest(as_of=closed - 2 * hour) == digest(as_of=closed - hour)
    assert digest(as_of=closed - 12 * hour) != digest(as_of=closed)


def test_under_a_warm_start_the_model_that_is_gone_on_from_counts(digest, work):
    def serve(version, span):
        folder = work.serving / version / "assets.extra"
        folder.mkdir(parents=True)
        (folder / "funnelrank.json").write_text(json.dumps({"spans": [span]}))

    cold, warm = digest(), digest("training.warm_start=true")
    serve("7", "2026-01-01")
    assert digest() == cold
    went_on = digest("training.warm_start=true")
    assert went_on != warm
    serve("8", "2026-01-02")  # of this very day
    assert digest("training.warm_start=true") == went_on
    serve(".superseded/9", "2026-01-01")  # the day before, learnt from anew
    assert digest("training.warm_start=true") != went_on

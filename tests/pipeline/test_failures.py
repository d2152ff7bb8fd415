import traceback

import pytest

from pipeline.errors import Misuse, RunFailed
from pipeline.failures import reason, told_by, told_in


def test_the_reason_of_a_broken_rule_is_the_rule():
    assert reason(ValueError("the window is empty.\n  Received: 0.")) == (
        "the window is empty. Received: 0"
    )


def test_the_reason_of_any_other_error_begins_with_its_kind():
    assert reason(KeyError("ctr")) == "KeyError: 'ctr'"
    assert reason(MemoryError()) == "MemoryError"


def test_the_traceback_text_of_a_worker_is_cut_to_its_last_sentence():
    try:
        raise ValueError("the rule is broken\nreceived 3")
    except ValueError:
        text = traceback.format_exc()
    assert reason(RuntimeError(text)) == "ValueError: the rule is broken received 3"


def test_a_reason_has_at_most_two_thousand_characters():
    assert len(reason(ValueError("x" * 5000))) == 2000


def test_an_unexpected_error_becomes_one_sentence_and_its_traceback_goes_to_the_log(tmp_path):
    log = tmp_path / "run.log"
    log.write_text("before\n")
    step = "loading"
    with pytest.raises(RunFailed) as failure, told_in(log, lambda: step):
        step = "training"
        {}["loss"]
    assert str(failure.value) == (f"training failed: KeyError: 'loss'. The whole story is in {log}")
    assert log.read_text().startswith("before\nTraceback (most recent call last):")
    assert log.read_text().endswith("KeyError: 'loss'\n")


@pytest.mark.parametrize("kind", [Misuse, RunFailed])
def test_an_error_that_is_a_sentence_already_passes_untouched(kind, tmp_path):
    with pytest.raises(kind, match=r"^the rule$"), told_in(tmp_path / "log", lambda: "loading"):
        raise kind("the rule")
    assert not (tmp_path / "log").exists()


def test_a_user_who_stops_a_run_is_not_a_failure(tmp_path):
    with pytest.raises(KeyboardInterrupt), told_in(tmp_path / "log", lambda: "loading"):
        raise KeyboardInterrupt


def test_a_traceback_without_a_log_is_kept_in_a_new_file(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    try:
        raise OSError("disk full")
    except OSError as error:
        said = told_by(error)
    (path,) = tmp_path.iterdir()
    assert said == f"The whole story is in {path}"
    assert path.read_text().endswith("OSError: disk full\n")


def test_a_story_that_cannot_be_written_does_not_hide_what_happened(tmp_path):
    with pytest.raises(RunFailed) as failure, told_in(tmp_path / "no" / "log", lambda: "Trainer"):
        raise ValueError("no rows")
    sentence = str(failure.value)
    assert sentence.startswith(
        "Trainer failed: no rows. The whole story cannot be written: FileNotFoundError: "
    )
    assert isinstance(failure.value.__cause__, ValueError)

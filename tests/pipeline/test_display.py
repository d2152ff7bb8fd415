import io
import logging
import sys

import pytest
from rich.console import Console

from pipeline.display import Display, TrainingWatch


def shown(terminal: bool) -> str:
    file = io.StringIO()
    console = Console(file=file, width=80, force_terminal=terminal, highlight=False)
    with Display(console) as display:
        display.start("LogExampleGen")
        display.finish("LogExampleGen", 2.0, 24_690)
        display.start("Trainer")
        display.training(5, 10, 1234.5, 0.25, 61.0)
        display.finish("Trainer", 75.4, None)
        display.finish("Pusher", None, None, note="same model")
    return file.getvalue()


def test_without_a_terminal_there_are_the_finished_lines_and_nothing_else():
    assert shown(terminal=False) == (
        "  ✓ LogExampleGen       2.0 s     24,690 rows    12,345 rows/s\n"
        "  ✓ Trainer          1 min 15 s\n"
        "  ✓ Pusher           cached  same model\n"
    )


def test_a_terminal_also_gets_a_line_that_moves():
    text = shown(terminal=True)
    assert "\x1b[" in text
    assert "24,690 rows" in text


def test_what_libraries_print_is_not_drawn_on_the_terminal(capsys):
    file = io.StringIO()
    with Display(Console(file=file, width=80, force_terminal=True)) as display:
        display.start("Trainer")
        print("chatter on stdout")
        print("chatter on stderr", file=sys.stderr)
    assert "chatter" not in file.getvalue()
    assert capsys.readouterr() == ("chatter on stdout\n", "chatter on stderr\n")


def test_training_is_shown_on_the_live_line():
    console = Console(file=io.StringIO(), width=100, force_terminal=True)
    with Display(console) as display:
        display.start("Trainer")
        display.training(5, 10, 1234.5, 0.25, 61.0)
        task = display._progress.tasks[0]
    assert (task.description, task.completed, task.total) == ("Trainer", 5, 10)
    assert task.fields["note"] == "1,234/s, loss 0.250, 1 min 01 s left"


def test_training_figures_before_any_step_are_ignored():
    with Display(Console(file=io.StringIO())) as display:
        display.training(1, 2, 3.0, 4.0, 5.0)
        assert not display._progress.tasks


def test_a_step_of_no_time_at_all_has_a_rate_all_the_same():
    file = io.StringIO()
    with Display(Console(file=file, width=80)) as display:
        display.finish("Transform", 0.0, 7)
    assert "7 rows     7,000 rows/s" in file.getvalue()


@pytest.fixture
def watched():
    console = Console(file=io.StringIO(), width=100, force_terminal=True)
    logger = logging.getLogger("test_display")
    logger.setLevel(logging.INFO)
    with Display(console) as display:
        display.start("Trainer")
        watch = TrainingWatch(display)
        logger.addHandler(watch)
        yield logger, display._progress
        logger.removeHandler(watch)


def test_the_watch_draws_records_with_figures(watched):
    logger, progress = watched
    figures = {"done": 3, "total": 4, "rate": 10.0, "loss": 0.5, "left": 1.0}
    logger.info("step", extra=figures)
    assert progress.tasks[0].completed == 3
    assert progress.tasks[0].fields["note"] == "10/s, loss 0.500, 1.0 s left"


def test_the_watch_leaves_other_records_alone(watched):
    logger, progress = watched
    logger.info("a word", extra={"done": 3})
    assert progress.tasks[0].completed == 0

"""Progress on the terminal: a line for each finished step, a moving one for the step at work."""

import logging
from types import TracebackType
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

from pipeline.quantities import count, seconds


class Display:
    """Shows the steps of a run, and training as it goes.

    Args:
        console: to write to; a terminal gets a live line, anything else the finished ones only.
    """

    def __init__(self, console: Console):
        self._console = console
        self._progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(bar_width=8),
            TimeElapsedColumn(),
            TextColumn("{task.fields[note]}"),
            console=console,
            transient=True,
            disable=not console.is_terminal,
            # What libraries print belongs in the log file: rich would draw it over the display.
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self._task: TaskID | None = None

    def __enter__(self) -> "Display":
        self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._progress.stop()

    def start(self, step: str) -> None:
        """Shows that a step is at work."""
        if self._task is not None:
            self._progress.remove_task(self._task)
        self._task = self._progress.add_task(step, total=None, note="")

    def training(self, done: int, total: int, rate: float, loss: float, left: float) -> None:
        """Shows how far training is: steps, examples a second, loss, seconds left."""
        if self._task is not None:
            note = f"{count(rate)}/s, loss {loss:.3f}, {seconds(left)} left"
            self._progress.update(self._task, completed=done, total=total, note=note)

    def finish(self, step: str, took: float | None, rows: int | None, note: str = "") -> None:
        """Writes the line of a finished step; `took` is None for a cached one."""
        if self._task is not None:
            self._progress.remove_task(self._task)
            self._task = None
        if took is None:
            words = "cached"
        elif rows:
            rate = rows / max(took, 1e-3)
            words = f"{seconds(took):>8}  {count(rows):>9} rows  {count(rate):>8} rows/s"
        else:
            words = f"{seconds(took):>8}"
        line = f"  [green]✓[/] {step:<17}{words}{'  ' + note if note else ''}"
        self._console.print(line, soft_wrap=True)


class TrainingWatch(logging.Handler):
    """Draws the training progress that `models.progress` logs."""

    def __init__(self, display: Display):
        super().__init__(logging.INFO)
        self._display = display

    def emit(self, record: logging.LogRecord) -> None:
        """Draws one record, if it has figures."""
        names = ("done", "total", "rate", "loss", "left")
        figures: list[Any] = [getattr(record, name, None) for name in names]
        if None not in figures:
            self._display.training(*figures)

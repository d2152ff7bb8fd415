"""The command `score`: scoring with the chatter in a file, and what was written told."""

import time
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from pipeline.pushed_model import read_spec
from pipeline.quantities import count
from pipeline.quiet import quietly
from pipeline.remote.server import Server


def score_to_parquet(
    model_dir: Path,
    logs: Sequence[Path],
    out: Path,
    *,
    served: bool = False,
    server: Server | None = None,
) -> None:
    """Scores `logs` into `out` and prints how many rows were scored and left out.

    With `served` it becomes a log of served scores, and with `server` that server answers, as
    `scoring.score_logs` says.

    The chatter of libraries goes to `<out>.log`, which stays only if scoring fails.

    Raises:
        Misuse: as `scoring.score_logs` does.
        NoAnswer: as `scoring.score_logs` does.
        RunFailed: naming the reason and the log file.
    """
    read_spec(model_dir)  # what is no model is told before TensorFlow and Beam are imported
    out.parent.mkdir(parents=True, exist_ok=True)
    log = out.with_name(f"{out.name}.log")
    with quietly("scoring", log) as console:
        _score(model_dir, logs, out, served, server, console)


def _score(
    model_dir: Path,
    logs: Sequence[Path],
    out: Path,
    served: bool,
    server: Server | None,
    console: Console,
) -> None:
    from pipeline.scoring import score_logs

    started = time.monotonic()
    scored = score_logs(model_dir, logs, out, served=served, server=server)
    rate = scored.rows / max(time.monotonic() - started, 1e-9)
    console.print(f"{count(scored.rows)} rows scored, {count(rate)} rows/s")
    for reason, number in sorted(scored.rejected.items()):
        console.print(f"{count(number)} rows left out: {escape(reason)}", soft_wrap=True)
    console.print(f"[bold]scores[/] {escape(str(out))}", soft_wrap=True)

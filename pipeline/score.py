"""The command `score`: scoring with the chatter in a file, and what was written told."""

import time
from collections.abc import Sequence
from pathlib import Path

from pipeline.quantities import count
from pipeline.quiet import chatter_to


def score_to_parquet(model_dir: Path, logs: Sequence[Path], out: Path) -> None:
    """Scores `logs` into `out` and prints how many rows were scored and left out.

    Raises:
        Misuse: as `scoring.score_logs` does.
    """
    out.parent.mkdir(parents=True, exist_ok=True)
    log = out.with_name(f"{out.name}.log")
    with chatter_to(log) as console:
        from pipeline.scoring import score_logs

        started = time.monotonic()
        scored = score_logs(model_dir, logs, out)
        rate = scored.rows / max(time.monotonic() - started, 1e-9)
        console.print(f"{count(scored.rows)} rows scored, {count(rate)} rows/s")
        for reason, number in sorted(scored.rejected.items()):
            console.print(f"{count(number)} rows left out: {reason}")
        console.print(f"[bold]scores[/] {out}", soft_wrap=True)
    log.unlink()

"""kill -9 at random moments, each followed by a rerun: the same model, and nothing half there.

`python benchmarks/kills.py [KILLS]` writes benchmarks/results/kills.json. Each kill hits the run
and all that it started, in a new work directory, at a moment drawn evenly from the time that the
run takes when nothing disturbs it. Importing TFX, when nothing is at work yet, is not part of it.
"""

import json
import random
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.faults.shop import Shop  # noqa: E402

RESULTS = ROOT / "benchmarks" / "results" / "kills.json"
_SEED = 8
_KILLS = 20


def kill_and_rerun(shop: Shop, after: float, figures: dict[str, float]) -> dict[str, Any]:
    """Kills a run after some seconds, runs it again, and returns what came of it.

    Args:
        shop: whose work directory is new.
        after: seconds.
        figures: of a run that nothing disturbed.
    """
    killed, again = shop.run(kill_after=after), shop.run()
    return {
        "after": round(after, 2),
        "killed": killed.code == -9,
        "finished": killed.worked,
        "ended_well": again.code == 0,
        "kept": set(killed.worked) - {"RunReport"} <= set(again.cached),
        "same": shop.figures() == figures,
        "versions": len(shop.versions()),
        "left": shop.half_done(),
    }


def summary(told: Sequence[dict[str, Any]], seconds: float) -> dict[str, Any]:
    """Returns how many kills came to what.

    Args:
        told: of each kill.
        seconds: that a run takes when nothing disturbs it.
    """
    return {
        "kills": len(told),
        "seconds": round(seconds),
        **{what: sum(one[what] for one in told) for what in ("killed", "ended_well")},
        **{what: sum(one[what] for one in told) for what in ("kept", "same")},
        "one_version": sum(one["versions"] == 1 for one in told),
        "clean": sum(not one["left"] for one in told),
        "moments": list(told),
    }


def main(kills: int) -> None:
    draw = random.Random(_SEED)
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        # Of a fork server, the first fork waits for its imports.
        Shop(place / "logs", place / "first").run(kill_after=0)
        whole = Shop(place / "logs", place / "whole")
        started = time.monotonic()
        undisturbed = whole.run()
        seconds = time.monotonic() - started
        assert undisturbed.code == 0, undisturbed.error
        told = []
        for number in range(kills):
            shop = Shop(place / "logs", place / str(number))
            told.append(kill_and_rerun(shop, draw.uniform(0, seconds), whole.figures()))
            print(json.dumps(told[-1]), flush=True)
    result = summary(told, seconds)
    RESULTS.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(f"{kills} kills: {json.dumps({k: v for k, v in result.items() if k != 'moments'})}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else _KILLS)

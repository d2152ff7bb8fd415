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
from pathlib import Path

from tests.faults.process import Ended
from tests.faults.shop import Shop

RESULTS = Path(__file__).resolve().parent / "results" / "kills.json"
_SEED = 8
_KILLS = 20


def kill_and_rerun(shop: Shop, after: float) -> tuple[Ended, Ended]:
    """Kills a run after some seconds and runs it again; returns how both ended."""
    return shop.run(kill_after=after), shop.run()


def main(kills: int) -> None:
    draw = random.Random(_SEED)
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        calm = Shop(place / "logs", place / "calm")
        calm.run("--set", "training.seed=1")  # the first fork of a server waits for its imports
        started = time.monotonic()
        whole = Shop(place / "logs", place / "whole")
        undisturbed = whole.run()
        seconds = time.monotonic() - started
        assert undisturbed.code == 0, undisturbed.error
        told = []
        for number in range(kills):
            after = draw.uniform(0, seconds)
            shop = Shop(place / "logs", place / str(number))
            killed, again = kill_and_rerun(shop, after)
            told.append(
                {
                    "after": round(after, 2),
                    "killed": killed.code == -9,
                    "finished": killed.worked,
                    "ended_well": again.code == 0,
                    "kept": set(killed.worked) - {"RunReport"} <= set(again.cached),
                    "same": shop.figures() == whole.figures(),
                    "versions": len(shop.versions()),
                    "left": shop.half_done(),
                }
            )
            print(json.dumps(told[-1]), flush=True)
    result = {
        "kills": kills,
        "seconds": round(seconds),
        "killed": sum(one["killed"] for one in told),
        "ended_well": sum(one["ended_well"] for one in told),
        "kept": sum(one["kept"] for one in told),
        "same": sum(one["same"] for one in told),
        "one_version": sum(one["versions"] == 1 for one in told),
        "clean": sum(not one["left"] for one in told),
        "moments": told,
    }
    RESULTS.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(f"{kills} kills: {json.dumps({k: v for k, v in result.items() if k != 'moments'})}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else _KILLS)

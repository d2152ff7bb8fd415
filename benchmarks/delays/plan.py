"""The methods that are compared: what each of them learns from."""

import dataclasses
from collections.abc import Callable

import numpy as np

from benchmarks.delays.clicks import DAY, DAYS, WINDOW, Clicks

ELAPSED = "1h"
STREAM = f"{DAYS - WINDOW // DAY}d"


@dataclasses.dataclass(frozen=True)
class Method:
    """A way to learn from labels of which some are not known yet.

    Attributes:
        objective: as in a YAML.
        rows: of the clicks which ones teach, bool [N]; None is all.
        final: whether it is told what nobody can know at the cut-off.
    """

    objective: dict[str, str]
    rows: Callable[[Clicks], np.ndarray] | None = None
    final: bool = False


def mature(clicks: Clicks) -> np.ndarray:
    """Returns the rows of which no conversion is to come, bool [N]."""
    return clicks.age >= WINDOW


_PLAIN = {"kind": "clicked_only"}
METHODS = {
    "pre_trained": Method(_PLAIN, rows=mature),
    "vanilla": Method(_PLAIN),
    "fnw": Method({"kind": "fnw", "stream": STREAM}),
    "es_dfm": Method({"kind": "es_dfm", "elapsed": ELAPSED, "stream": STREAM}),
    "defer": Method({"kind": "defer", "elapsed": ELAPSED, "stream": STREAM}),
    "fnw_all": Method({"kind": "fnw"}),
    "es_dfm_all": Method({"kind": "es_dfm", "elapsed": ELAPSED}),
    "defer_all": Method({"kind": "defer", "elapsed": ELAPSED}),
    "oracle": Method(_PLAIN, final=True),
}

"""One way to GAUC, once, in this interpreter: prints a line of JSON with what it took.

    python -m benchmarks.by_user.measure ours 5000000 1000000

Seconds are without making the rows. The peak is that of the whole process; `idle_mb` of it was
there before the work began.
"""

import json
import resource
import sys
import time
from collections.abc import Callable
from typing import Any

import click
import numpy as np
import pandas as pd
from sklearn.metrics import roc_auc_score

from benchmarks.by_user.rows import MODEL, part, parts
from evaluation.rows import Rows
from evaluation.tally import OutputTally


def ours(rows: int, users: int) -> dict[str, Any]:
    """All figures of a probability with intervals, GAUC among them, part by part."""
    tally, seconds = OutputTally("rate", (MODEL,)), 0.0
    for number in range(parts(rows)):
        some = part(number, rows, users)
        begin = time.perf_counter()
        tally.add(some)
        seconds += time.perf_counter() - begin
    begin = time.perf_counter()
    found = tally.summary(curves=False)
    seconds += time.perf_counter() - begin
    gauc = found.models[MODEL]["gauc"]
    return {
        "seconds": seconds,
        "rows": found.rows,
        "users": found.groups["gauc"] + found.skipped["gauc"],
        "gauc": gauc.value,
        "error": gauc.error,
    }


def ranks(rows: int, users: int) -> dict[str, Any]:
    """GAUC alone by ranks within users, in pandas, over one table of all rows."""
    made = [_table(part(number, rows, users)) for number in range(parts(rows))]
    table = pd.concat(made, ignore_index=True)
    del made
    begin = time.perf_counter()
    gauc = rank_gauc(table)
    return {"seconds": time.perf_counter() - begin, "rows": len(table), "gauc": gauc}


def loop(rows: int, users: int) -> dict[str, Any]:
    """GAUC alone by scikit-learn user by user, over the first part's first fifth of users."""
    table = _table(part(0, rows, users))
    table = table[table.user < users // parts(rows) // 5]
    begin = time.perf_counter()
    gauc = loop_gauc(table)
    return {"seconds": time.perf_counter() - begin, "rows": len(table), "gauc": gauc}


def rank_gauc(table: pd.DataFrame) -> float:
    """Returns the GAUC of columns user, label and prediction, by Mann and Whitney's formula."""
    table = table.assign(rank=table.groupby("user")["prediction"].rank())
    positive = table[table.label == 1]
    users = pd.DataFrame(
        {
            "rows": table.groupby("user").size(),
            "positives": positive.groupby("user").size(),
            "ranks": positive.groupby("user")["rank"].sum(),
        }
    ).dropna()
    users = users[users.positives < users.rows]
    won = users.ranks - users.positives * (users.positives + 1) / 2
    aucs = won / (users.positives * (users.rows - users.positives))
    return float(np.average(aucs, weights=users.rows))


def loop_gauc(table: pd.DataFrame) -> float:
    """Returns the GAUC of columns user, label and prediction, by scikit-learn's AUC."""
    aucs, weights = [], []
    for _, own in table.groupby("user"):
        if own.label.nunique() == 2:
            aucs.append(roc_auc_score(own.label, own.prediction))
            weights.append(len(own))
    return float(np.average(aucs, weights=weights))


def _table(rows: Rows) -> pd.DataFrame:
    return pd.DataFrame(
        {"user": rows.user, "label": rows.label, "prediction": rows.predictions[MODEL]}
    )


CANDIDATES: dict[str, Callable[[int, int], dict[str, Any]]] = {
    "ours": ours,
    "ranks": ranks,
    "loop": loop,
}


def _peak_mb() -> float:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1e6 if sys.platform == "darwin" else peak * 1024 / 1e6


@click.command()
@click.argument("candidate", type=click.Choice(list(CANDIDATES)))
@click.argument("rows", type=int)
@click.argument("users", type=int)
def main(candidate: str, rows: int, users: int) -> None:
    """Measure one CANDIDATE on so many ROWS of so many USERS."""
    idle = _peak_mb()
    found = CANDIDATES[candidate](rows, users)
    print(json.dumps({**found, "idle_mb": idle, "peak_mb": _peak_mb()}))


if __name__ == "__main__":
    main()

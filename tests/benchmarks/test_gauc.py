"""The benchmark of figures by user compares like with like: all ways tell the same GAUC."""

import numpy as np
import pandas as pd
import pytest

from benchmarks import gauc
from benchmarks.by_user import measure
from benchmarks.by_user.rows import MODEL, PART_ROWS, part, parts

ROWS, USERS = 40_000, 8_000


def test_every_way_tells_the_same_of_all_rows():
    found = measure.ours(ROWS, USERS)
    assert found["rows"] == ROWS and found["users"] == USERS
    assert measure.ranks(ROWS, USERS)["gauc"] == pytest.approx(found["gauc"], abs=1e-12)
    made = [part(number, ROWS, USERS) for number in range(parts(ROWS))]
    table = pd.DataFrame(
        {
            "user": np.concatenate([rows.user for rows in made]),
            "label": np.concatenate([rows.label for rows in made]),
            "prediction": np.concatenate([rows.predictions[MODEL] for rows in made]),
        }
    )
    assert measure.loop_gauc(table) == pytest.approx(found["gauc"], abs=1e-12)
    assert 0.6 < found["gauc"] < 0.9 and found["error"] < 0.02


def test_the_loop_tells_of_a_sample():
    found = measure.loop(ROWS, USERS)
    assert 0 < found["rows"] < ROWS / 20
    assert found["gauc"] == pytest.approx(measure.ours(ROWS, USERS)["gauc"], abs=0.2)


def test_a_part_holds_whole_users_and_is_bounded():
    made = [part(number, ROWS, USERS) for number in range(parts(ROWS))]
    users = np.concatenate([np.unique(rows.user) for rows in made])
    assert len(users) == len(set(users)) == USERS
    assert [set(rows.fold) for rows in made] == [{number} for number in range(20)]
    for rows in (1, 4_999_999, 5_000_000, 5_000_001, 50_000_000):
        assert parts(rows) % 20 == 0 and rows / parts(rows) <= PART_ROWS
    assert (parts(5_000_000), parts(5_000_001)) == (20, 40)


def test_one_run_and_what_is_made_of_four():
    run = gauc.measure("ours", ROWS, USERS)
    assert run["gauc"] == pytest.approx(measure.ours(ROWS, USERS)["gauc"])
    assert run["peak_mb"] >= run["idle_mb"] > 10
    runs = {
        name: {"rows": 100, "seconds": seconds, "peak_mb": peak, "idle_mb": 1, "gauc": 0.5}
        for name, seconds, peak in (
            ("ours", 1, 100), ("ranks", 2, 300), ("loop", 50, 80), ("ours at scale", 9, 120),
        )
    }  # fmt: skip
    assert gauc.summary(runs) == {"times_ranks": 2, "times_loop": 50, "memory_growth": 1.2}
    assert gauc.show(runs).row_count == 4

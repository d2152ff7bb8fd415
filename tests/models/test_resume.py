"""A training that is killed, again and again, ends as if nothing had happened."""

import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from models.checkpoints import Progress

SCRIPT = Path(__file__).with_name("killed_training.py")
JOBS = ("joint", "alternating")
EVERY = 5  # steps between two checkpoints
TOLERANCE = 1e-6  # of a weight; sums may be added up in another order


class Outcome(NamedTuple):
    """What a chain of attempts has left."""

    weights: list[np.ndarray]
    progress: Progress
    steps: list[list[tuple[int, int]]]  # by attempt, from which step to which one went


@pytest.fixture(scope="module", params=[3, pytest.param(10, marks=pytest.mark.long)])
def kills(request: pytest.FixtureRequest) -> int:
    """How often each job is killed."""
    return int(request.param)


@pytest.fixture(scope="module")
def outcomes(kills: int, tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Outcome]]:
    place = tmp_path_factory.mktemp("killed")
    command = [sys.executable, str(SCRIPT), str(place), str(kills)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-4000:]
    return {name: {kind: outcome(place / name / kind) for kind in ("straight", "killed")} for
            name in JOBS}  # fmt: skip


def outcome(folder: Path) -> Outcome:
    with np.load(folder / "weights.npz") as found:
        weights = [found[name] for name in found.files]
    lines = [path.read_text().splitlines() for path in sorted(folder.glob("steps-*"))]
    return Outcome(
        weights,
        Progress.model_validate_json((folder / "progress.json").read_text()),
        [[tuple(map(int, line.split())) for line in part] for part in lines],
    )


@pytest.mark.parametrize("name", JOBS)
def test_a_training_that_was_killed_ends_with_the_weights_of_one_that_never_was(
    name, kills, outcomes
):
    straight, killed = outcomes[name]["straight"], outcomes[name]["killed"]
    assert len(killed.steps) == kills + 1
    for one, other in zip(straight.weights, killed.weights, strict=True):
        np.testing.assert_allclose(other, one, rtol=0, atol=TOLERANCE)


@pytest.mark.parametrize("name", JOBS)
def test_it_has_all_its_records_and_looks_and_stops_at_the_same_step(name, outcomes):
    straight, killed = (outcomes[name][kind].progress for kind in ("straight", "killed"))
    assert killed.steps == straight.steps
    assert [look.step for look in straight.validations] == list(range(4, straight.steps + 1, 4))
    assert [record["step"] for record in straight.curves] == list(range(1, straight.steps + 1))
    for one, other in (
        (straight.curves, killed.curves),
        ([look.figures for look in straight.validations], [look.figures for look in
          killed.validations]),
    ):  # fmt: skip
        assert flat(other) == pytest.approx(flat(one), abs=TOLERANCE, nan_ok=True)


def flat(value: object) -> list[float]:
    if isinstance(value, dict):
        value = [value[name] for name in sorted(value)]
    if isinstance(value, list):
        return [number for part in value for number in flat(part)]
    return [value]


@pytest.mark.parametrize("name", JOBS)
def test_no_attempt_takes_more_steps_again_than_lie_between_two_checkpoints(name, kills, outcomes):
    attempts = outcomes[name]["killed"].steps
    furthest = 0
    for steps in attempts:
        for start, end in steps:
            assert start >= furthest - EVERY
            furthest = max(furthest, end)
    redone = sum(end - start for steps in attempts for start, end in steps) - furthest
    assert 0 < redone <= kills * EVERY
    (straight,) = outcomes[name]["straight"].steps
    assert furthest == straight[-1][1]

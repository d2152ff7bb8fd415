import sys
from pathlib import Path

import click
import pytest

from benchmarks.training_speed import crew, rows
from benchmarks.training_speed.environments import python_of
from benchmarks.training_speed.task import BATCH


@pytest.fixture
def folder(tmp_path):
    rows.write(tmp_path / "rows", BATCH, rows_a_table=20)
    return tmp_path / "rows"


def no_peer(name: str) -> Path:
    raise AssertionError(name)


@pytest.mark.long
def test_candidates_take_turns_and_each_has_a_rate_a_turn(folder):
    found = crew.race(["by hand", "sgemm"], "esmm", folder, no_peer, turns=2, seconds=0.3)
    assert list(found) == ["by hand", "sgemm"]
    for result in found.values():
        assert len(result.rates) == len(result.cpu) == 2
        assert min(result.rates) <= result.rate <= max(result.rates)
        assert 100 < result.idle_mb <= result.peak_mb


@pytest.mark.long
def test_without_turns_only_memory_is_looked_at(folder):
    found = crew.race(["by hand"], "esmm", folder, no_peer, turns=0, seconds=0)
    assert found["by hand"].rates == ()
    # Not greater: the peak of a process begins at its parent's.
    assert found["by hand"].peak_mb >= found["by hand"].idle_mb


@pytest.mark.long
def test_a_worker_that_ends_is_named_with_its_log(folder, monkeypatch):
    (folder / "ids.npy").unlink()
    with pytest.raises(click.ClickException, match=r"by hand ended: see .*tight-esmm\.log"):
        crew.race(["by hand"], "esmm", folder, no_peer, turns=1, seconds=1)
    assert "ids.npy" in (folder / "tight-esmm.log").read_text()


@pytest.mark.long
def test_a_peer_runs_in_its_own_environment(folder, monkeypatch):
    asked = []

    def interpreter(peer: str) -> Path:
        asked.append(peer)
        return Path(sys.executable)

    monkeypatch.setattr(crew, "CANDIDATES", {"peer": ("tight", "some_peer")})
    crew.race(["peer"], "esmm", folder, interpreter, turns=0, seconds=0)
    assert asked == ["some_peer"]


def test_an_environment_that_cannot_be_made_says_why(tmp_path, monkeypatch):
    from benchmarks.training_speed import environments

    (tmp_path / "broken.lock").write_text("no requirement at all\n")
    monkeypatch.setattr(environments, "_LOCKS", tmp_path)
    with pytest.raises(click.ClickException, match="uv pip failed"):
        python_of("broken", tmp_path)
    assert not list(tmp_path.glob("broken-*/bin/python*.lock"))

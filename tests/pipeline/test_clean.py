import datetime
import os
from pathlib import Path

import pytest
from ml_metadata.proto import metadata_store_pb2 as pb

from components.atomic_pusher.origin import write_origin
from pipeline.clean import remove, unneeded
from pipeline.metadata_store import open_store
from pipeline.work_dir import WorkDir
from tests.pipeline.lineage.conftest import write_store as write_store

NOW = datetime.datetime(2026, 2, 1, tzinfo=datetime.UTC)


@pytest.fixture
def work(tmp_path):
    (tmp_path / "work").mkdir()
    return WorkDir(tmp_path / "work")


@pytest.fixture
def run(work, write_store):
    """Records a run that makes examples, or takes them from an earlier one, and pushes a model."""
    record = write_store(work.metadata)

    def made(kind, node, number):
        folder = work.artifacts / node / str(number)
        folder.mkdir(parents=True)
        (folder / "data").write_bytes(bytes(1000))
        return kind, folder

    def ran(number, examples=None):
        given = {"examples": examples["examples"] if examples else made("Examples", "In", number)}
        found = record(f"run-{number}", "In", outputs=given, cached=examples is not None)
        model = record(
            f"run-{number}", "Trainer", inputs=found,
            outputs={"model": made("Model", "Trainer", number)},
        )["model"]  # fmt: skip
        version = work.serving / str(number)
        (version / "assets.extra").mkdir(parents=True)
        write_origin(str(version), str(version), model.uri)
        return found

    return ran


def left(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_what_the_newest_runs_made_or_took_from_the_cache_is_kept(run, work):
    run(1)
    second = run(2)
    run(3, second)
    run(4, second)
    store = open_store(work)
    old = unneeded(store, work, 2, NOW)
    assert old.bytes >= 3000  # of runs 1 and 2 the models, of run 1 the examples, and two versions
    remove(store, old)
    assert left(work.artifacts / "In") == ["2"]
    assert left(work.artifacts / "Trainer") == left(work.serving) == ["3", "4"]
    states = {Path(one.uri).parts[-2:]: one.state for one in store.get_artifacts()}
    gone = {place for place, state in states.items() if state == pb.Artifact.DELETED}
    assert gone == {("In", "1"), ("Trainer", "1"), ("Trainer", "2")}
    assert unneeded(store, work, 2, NOW).folders == ()


def test_nothing_is_removed_by_looking(run, work):
    for number in (1, 2, 3):
        run(number)
    before = sorted(work.root.rglob("*"))
    assert len(unneeded(open_store(work), work, 2, NOW).folders) == 3
    assert sorted(work.root.rglob("*")) == before


def test_a_model_that_was_pushed_outlives_its_run_while_its_version_is_kept(run, work):
    for number in (1, 2, 3):
        run(number)
    for number in (1, 2):  # as after a rollback, and after a day that came too late
        aside = work.serving / (".withdrawn" if number == 1 else ".superseded")
        aside.mkdir()
        (work.serving / str(number)).rename(aside / str(number))
    store = open_store(work)
    remove(store, unneeded(store, work, 1, NOW))
    assert left(work.artifacts / "In") == ["3"]
    assert left(work.artifacts / "Trainer") == ["1", "2", "3"]


def test_a_removal_that_was_killed_is_ended_the_next_time(run, work):
    for number in (1, 2, 3):
        run(number)
    (work.artifacts / "In" / "1" / "data").unlink()
    (work.artifacts / "In" / "1").rmdir()
    store = open_store(work)
    remove(store, unneeded(store, work, 2, NOW))
    assert all(
        Path(one.uri).exists() != (one.state == pb.Artifact.DELETED)
        for one in store.get_artifacts()
    )


def test_what_lies_elsewhere_is_not_ours(run, work, write_store, tmp_path):
    other = tmp_path / "elsewhere"
    other.mkdir()
    write_store(work.metadata)("run-0", "In", outputs={"examples": ("Examples", other)})
    for number in (1, 2, 3):
        run(number)
    store = open_store(work)
    remove(store, unneeded(store, work, 2, NOW))
    assert other.exists()


def test_checkpoints_of_a_training_that_stopped_long_ago_go(run, work):
    run(1)
    for name, days in (("old", 8), ("young", 6)):
        folder = work.checkpoints / name
        folder.mkdir(parents=True)
        (folder / "weights").write_bytes(bytes(10))
        moment = (NOW - datetime.timedelta(days=days)).timestamp()
        for path in (folder / "weights", folder):
            os.utime(path, (moment, moment))
    assert unneeded(open_store(work), work, 2, NOW).folders == (work.checkpoints / "old",)


def test_where_nothing_ran_nothing_is_old(work, write_store):
    write_store(work.metadata)
    assert unneeded(open_store(work), work, 2, NOW).folders == ()

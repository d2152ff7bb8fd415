"""The walk back through a real metadata store."""

import datetime

import pytest

from pipeline.lineage.ancestry import Ancestry, Kept
from pipeline.work_dir import WorkDir


@pytest.fixture
def store(tmp_path, write_store):
    """Two runs: the second takes the examples from the cache, trains anew, and pushes."""
    run = write_store(tmp_path / "metadata.sqlite")
    examples = run("one", "Gen", outputs={"examples": ("Examples", "/e")}, spans="[1]")
    model = run("one", "Trainer", inputs=examples, outputs={"model": ("Model", "/m/1")})
    run("one", "AtomicPusher", inputs=model, outputs={"pushed_model": ("PushedModel", "/p/1")},
        of={"pushed": 1, "pushed_version": "7"})  # fmt: skip
    run("two", "Gen", outputs=examples, cached=True)
    model = run("two", "Trainer", inputs=examples, outputs={"model": ("Model", "/m/2")})
    pushed = run("two", "AtomicPusher", inputs=model,
                 outputs={"pushed_model": ("PushedModel", "/p/2")},
                 of={"pushed": 1, "pushed_version": "8"})  # fmt: skip
    run("two", "Report", inputs=pushed, outputs={"facts": ("Facts", "/f")}, config="a: 1")
    run("three", "AtomicPusher", inputs=model,
        outputs={"pushed_model": ("PushedModel", "/p/3")}, of={"pushed": 0})  # fmt: skip
    return Ancestry(WorkDir(tmp_path))


def test_pushed_models_are_known_by_version_and_refused_ones_are_none(store):
    pushed = store.pushed()
    assert {version: kept.uri for version, kept in pushed.items()} == {"7": "/p/1", "8": "/p/2"}
    assert pushed["8"].properties == {"pushed": 1, "pushed_version": "8"}


def test_the_walk_goes_to_the_execution_that_made_an_artifact_first(store):
    made = store.ancestors(store.pushed()["8"].id)
    assert [(one.run, one.node) for one in made] == [
        ("one", "Gen"),
        ("two", "Trainer"),
        ("two", "AtomicPusher"),
    ]
    gen, trainer, pusher = made
    assert gen.parameters == {"spans": "[1]"}
    assert gen.pipeline == "tiny"
    assert trainer.output("model") == Kept(trainer.outputs[0].id, "Model", "model", "/m/2", {})
    assert trainer.output("weights") is None
    assert pusher.finished <= datetime.datetime.now(datetime.UTC)


def test_users_are_the_executions_that_read_an_artifact(store):
    [report] = store.users(store.pushed()["8"].id)
    assert (report.node, report.parameters) == ("Report", {"config": "a: 1"})
    assert store.users(store.pushed()["7"].id) == ()


def test_nothing_is_written(store, tmp_path):
    before = (tmp_path / "metadata.sqlite").read_bytes()
    store.ancestors(store.pushed()["8"].id)
    assert (tmp_path / "metadata.sqlite").read_bytes() == before

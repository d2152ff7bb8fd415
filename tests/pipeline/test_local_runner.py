from collections.abc import Callable

import pytest
from ml_metadata.metadata_store import metadata_store
from ml_metadata.proto import metadata_store_pb2
from tfx.dsl.component.experimental.annotations import InputArtifact, OutputArtifact, Parameter
from tfx.dsl.component.experimental.decorators import component
from tfx.orchestration.pipeline import Pipeline
from tfx.types.standard_artifacts import Model

from pipeline.executions import newest_executions
from pipeline.local_runner import run_locally
from pipeline.metadata_store import StoreLost, prepare_store
from pipeline.work_dir import WorkDir
from tests.servers.mariadb import PASSWORD, Server, needs_mariadb

# What happens while a node is at work, by its word.
MIDWAY: dict[str, Callable[[], None]] = {}


@component
def Make(thing: OutputArtifact[Model], word: Parameter[str]) -> None:
    """Writes a word; the word `bad` is an error."""
    if word == "bad":
        raise ValueError("a bad word")
    if word in MIDWAY:
        MIDWAY.pop(word)()
    thing.set_string_custom_property("word", word)


@component
def Double(thing: InputArtifact[Model], twice: OutputArtifact[Model]) -> None:
    """Writes the word twice."""
    twice.set_string_custom_property("word", 2 * thing.get_string_custom_property("word"))


@pytest.fixture
def work(tmp_path):
    return WorkDir(tmp_path / "work")


def run(work, word):
    """Runs the two nodes and returns what was heard of them."""
    heard = []
    make = Make(word=word)
    double = Double(thing=make.outputs["thing"])
    pipeline = Pipeline("toy", str(work.artifacts), components=[double, make], enable_cache=True)
    try:
        run_locally(pipeline, work, lambda node, took: heard.append((node, took)))
    except ValueError as error:
        heard.append(str(error))
    return heard


def test_each_node_is_told_as_it_starts_and_as_it_ends_and_once_only_does_it_work(work):
    heard = run(work, "ab")
    assert [node for node, _ in heard] == ["Make", "Make", "Double", "Double"]
    assert [took is None for _, took in heard] == [True, False, True, False]
    assert all(took is None or took > 0 for _, took in heard)
    found = newest_executions(work, "toy", ["Make", "Double"])
    assert not found["Make"].cached
    assert found["Double"].outputs["twice"].properties["word"] == "abab"

    assert [node for node, _ in run(work, "ab")] == ["Make", "Make", "Double", "Double"]
    again = newest_executions(work, "toy", ["Make", "Double"])
    assert again["Make"].cached
    assert again["Double"].cached
    assert again["Double"].outputs == found["Double"].outputs

    run(work, "c")
    changed = newest_executions(work, "toy", ["Make", "Double"])
    assert not changed["Double"].cached
    assert changed["Double"].outputs["twice"].properties["word"] == "cc"


def test_a_node_that_fails_ends_the_run_with_its_own_error(work):
    heard = run(work, "bad")
    assert heard == [("Make", None), "a bad word"]
    assert newest_executions(work, "toy", ["Make", "Double"]) == {}


def _lose_the_connection():
    raise ConnectionResetError("by peer")


def test_a_node_whose_error_is_of_the_moment_is_run_again(work):
    MIDWAY["ab"] = _lose_the_connection
    assert [node for node, _ in run(work, "ab")] == ["Make", "Make", "Double", "Double"]
    assert MIDWAY == {}
    found = newest_executions(work, "toy", ["Make", "Double"])
    assert found["Double"].outputs["twice"].properties["word"] == "abab"


def test_all_nodes_belong_to_one_pipeline_run(work):
    run(work, "ab")
    run(work, "ab")
    connection = metadata_store_pb2.ConnectionConfig()
    connection.sqlite.filename_uri = str(work.metadata)
    store = metadata_store.MetadataStore(connection)
    runs = store.get_contexts_by_type("pipeline_run")
    assert [len(store.get_executions_by_context(context.id)) for context in runs] == [2, 2]


@pytest.fixture
def server(tmp_path, work, monkeypatch):
    """A real MariaDB in which the runs are written down."""
    monkeypatch.setenv("FUNNELRANK_MYSQL_PASSWORD", PASSWORD)
    monkeypatch.setenv("MYSQL_PWD", "")  # is put back as it was
    work.root.mkdir()
    (tmp_path / "db").mkdir()
    made = Server(tmp_path / "db")
    prepare_store(made.store(), work, "toy")
    yield made
    made.remove()


@needs_mariadb
def test_a_server_that_crashes_and_comes_back_while_a_node_is_at_work_is_not_noticed(work, server):
    MIDWAY["ab"] = server.restart
    assert [node for node, _ in run(work, "ab")] == ["Make", "Make", "Double", "Double"]
    assert not MIDWAY
    found = newest_executions(work, "toy", ["Make", "Double"])
    assert found["Double"].outputs["twice"].properties["word"] == "abab"
    run(work, "ab")
    assert newest_executions(work, "toy", ["Double"])["Double"].cached


@needs_mariadb
def test_a_server_that_stays_away_ends_the_run_and_a_rerun_goes_on(work, server, monkeypatch):
    monkeypatch.setattr("tfx.orchestration.metadata._MAX_INIT_RETRY", 1)  # half a second each
    MIDWAY["ab"] = server.kill
    started, said = run(work, "ab")
    assert started == ("Make", None)
    assert said.startswith(f"the metadata server 127.0.0.1:{server.port} cannot be reached")
    assert said.endswith("What is done is kept: when it is back, run the same again")
    server.start()
    assert [node for node, _ in run(work, "ab")] == ["Make", "Make", "Double", "Double"]
    found = newest_executions(work, "toy", ["Double"])["Double"]
    assert found.outputs["twice"].properties["word"] == "abab"


def test_a_file_of_sqlite_that_is_spoilt_under_way_ends_the_run_and_says_so(work):
    MIDWAY["ab"] = lambda: work.metadata.write_bytes(b"hello world " * 1000)
    work.root.mkdir()
    make = Make(word="ab")
    pipeline = Pipeline("toy", str(work.artifacts), components=[make])
    with pytest.raises(StoreLost, match="is damaged, or no SQLite database: put a backup in its"):
        run_locally(pipeline, work, lambda node, took: None)

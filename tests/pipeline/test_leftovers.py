from pathlib import Path

import pytest
from ml_metadata.metadata_store import metadata_store
from ml_metadata.proto import metadata_store_pb2 as pb

from pipeline.errors import Misuse
from pipeline.leftovers import clear_leftovers
from pipeline.work_dir import WorkDir


@pytest.fixture
def work(tmp_path):
    return WorkDir(tmp_path)


@pytest.fixture
def store():
    connection = pb.ConnectionConfig()
    connection.fake_database.SetInParent()
    return metadata_store.MetadataStore(connection)


@pytest.fixture
def execute(store, work):
    """Writes down an execution of a pipeline, makes its folders and returns its number."""
    context_type = store.put_context_type(pb.ContextType(name="pipeline"))
    execution_type = store.put_execution_type(pb.ExecutionType(name="Trainer"))

    def write(state: str, pipeline: str = "shop") -> int:
        known = store.get_context_by_type_and_name("pipeline", pipeline)
        context = known or pb.Context(type_id=context_type, name=pipeline)
        execution = pb.Execution(type_id=execution_type)
        execution.last_known_state = pb.Execution.State.Value(state)
        number, _, _ = store.put_execution(execution, [], [context])
        for folder in (f"model/{number}", f".system/executor_execution/{number}"):
            touch(work.artifacts / "Trainer" / folder / "file")
        return number

    return write


def touch(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()


def states(store) -> dict[int, str]:
    return {
        execution.id: pb.Execution.State.Name(execution.last_known_state)
        for execution in store.get_executions()
    }


def test_what_a_killed_run_left_running_is_cancelled_and_its_folders_removed(store, work, execute):
    done, cut, begun = execute("COMPLETE"), execute("RUNNING"), execute("NEW")
    clear_leftovers(store, work, "shop")
    assert states(store) == {done: "COMPLETE", cut: "CANCELED", begun: "CANCELED"}
    left = {path.relative_to(work.artifacts) for path in work.artifacts.rglob("*/file")}
    assert left == {
        Path(f"Trainer/model/{done}/file"),
        Path(f"Trainer/.system/executor_execution/{done}/file"),
    }


def test_a_failed_step_that_could_not_remove_its_folders_is_no_result(store, work, execute):
    failed = execute("FAILED")
    clear_leftovers(store, work, "shop")
    assert states(store) == {failed: "FAILED"}
    assert list(work.artifacts.rglob("*/file")) == []


def test_the_executions_of_another_pipeline_are_left_alone(store, work, execute):
    other = execute("RUNNING", pipeline="other")
    (work.artifacts / "Trainer").rename(work.root / "elsewhere")
    clear_leftovers(store, work, "shop")
    assert states(store) == {other: "RUNNING"}


def test_artifacts_that_the_books_know_nothing_of_are_refused(store, work, execute):
    number = execute("COMPLETE")
    unknown = work.artifacts / "Trainer" / "model" / str(number + 1)
    touch(unknown / "file")
    with pytest.raises(Misuse) as misuse:
        clear_leftovers(store, work, "shop")
    assert str(misuse.value) == (
        f"{unknown} holds the results of a step that ML Metadata knows nothing of: it was deleted, "
        f"or is another's. Put it back, or move {work.artifacts} away, and every step runs anew"
    )
    assert (unknown / "file").exists()


def test_what_is_written_aside_and_reports_without_a_page_are_removed(store, work):
    kept = ("serving/17/saved_model.pb", "reports/a/index.html", "reports/a-b.html", "logs/a.log")
    gone = (
        *("serving/.incoming/1/saved_model.pb", "checkpoints/1.gone/x", "analyses/2026.x.part"),
        *("reports/b/facts.json", "reports/a/facts.json.part", "timings/a.part", "days/a.part"),
    )
    for name in (*kept, *gone):
        touch(work.root / name)
    clear_leftovers(store, work, "shop")
    left = {str(path.relative_to(work.root)) for path in work.root.rglob("*") if path.is_file()}
    assert left == set(kept)
    assert not (work.reports / "b").exists() and not (work.serving / ".incoming").exists()


def test_a_new_work_directory_has_nothing_to_clear(store, work):
    clear_leftovers(store, work, "shop")
    assert list(work.root.iterdir()) == []

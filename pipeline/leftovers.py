"""What a run that was killed left behind: ended in the books, and removed from the disk.

TFX records that a step began, and nobody records its end when the process is killed: such a step
would run for ever. Its output folders hold half a result, and no step ever reads or removes them.
"""

import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

from ml_metadata import errors
from ml_metadata.metadata_store import ListOptions, MetadataStore, OrderByField
from ml_metadata.proto import metadata_store_pb2

from pipeline.errors import Misuse
from pipeline.work_dir import WorkDir

_State = metadata_store_pb2.Execution
_ENDED = (_State.COMPLETE, _State.CACHED)
_AT_WORK = (_State.NEW, _State.RUNNING)
# Every run looks, so what is unfinished is of the last one. A graph has some twenty nodes.
_NEWEST = 200
# Beside artifacts: what is written aside and renamed when it is whole.
_ASIDE = ("serving/.incoming", "checkpoints/*.gone", "*/*.part", "reports/*/*.part")
_PAGE = "index.html"


def clear_leftovers(store: MetadataStore, work: WorkDir, pipeline_name: str) -> None:
    """Ends the executions that a killed run left running, and removes what is only half there.

    No other run may be at work in the folder.

    Args:
        store: ML Metadata.
        work: where the runs write.
        pipeline_name: of the graph.

    Raises:
        Misuse: if there are artifacts that `store` knows nothing of: new ones would get the same
            names, and old and new files would mix.
    """
    _cancel_unfinished(store, pipeline_name)
    folders = dict(_folders(work.artifacts))
    states = _states(store, folders.values())
    if unknown := [folder for folder, number in folders.items() if number not in states]:
        raise Misuse(
            f"{unknown[0]} holds the results of a step that ML Metadata knows nothing of: it was "
            f"deleted, or is another's. Put it back, or move {work.artifacts} away, and every step "
            "runs anew"
        )
    for folder, number in folders.items():
        if states[number] not in _ENDED:
            shutil.rmtree(folder)
    for path in _aside(work):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()


def _cancel_unfinished(store: MetadataStore, pipeline_name: str) -> None:
    try:
        context = store.get_context_by_type_and_name("pipeline", pipeline_name)
    except errors.NotFoundError:  # of the type: nothing ever ran
        return
    if context is None:
        return
    newest = ListOptions(limit=_NEWEST, order_by=OrderByField.ID, is_asc=False)
    found = store.get_executions_by_context(context.id, newest)
    unfinished = [execution for execution in found if execution.last_known_state in _AT_WORK]
    for execution in unfinished:
        execution.last_known_state = _State.CANCELED
    if unfinished:
        store.put_executions(unfinished)


def _folders(artifacts: Path) -> Iterator[tuple[Path, int]]:
    """Yields the folders that TFX makes for one execution each, with the execution's number."""
    for pattern in ("*/*/*", "*/.system/*/*"):
        for folder in sorted(artifacts.glob(pattern)):
            if folder.name.isdecimal():
                yield folder, int(folder.name)


def _states(store: MetadataStore, numbers: Iterable[int]) -> dict[int, int]:
    """Returns the states of those executions that there are."""
    wanted = sorted(set(numbers))
    found = store.get_executions_by_id(wanted) if wanted else []
    return {execution.id: execution.last_known_state for execution in found}


def _aside(work: WorkDir) -> Iterator[Path]:
    for pattern in _ASIDE:
        yield from work.root.glob(pattern)
    # A page is written last: without it there is no report.
    yield from (one for one in work.reports.glob("*/") if not (one / _PAGE).exists())

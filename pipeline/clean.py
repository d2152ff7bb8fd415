"""Gives back the space of old runs: artifacts, versions and checkpoints that nobody needs.

Needed is what the newest runs made or took from TFX's cache, the newest versions, and what those
were pushed from, since a warm start goes on from it. The rest is removed, and ML Metadata told so.
A run of old data makes it anew: TFX takes nothing from the cache that is not there.
"""

import dataclasses
import datetime
import os
from collections.abc import Iterator, Set
from pathlib import Path

from ml_metadata import errors
from ml_metadata.metadata_store import MetadataStore
from ml_metadata.proto import metadata_store_pb2

from components.atomic_pusher.origin import read_origin
from components.atomic_pusher.versions import SUPERSEDED, WITHDRAWN, versions
from components.removal import remove_tree
from pipeline.work_dir import WorkDir

# Trainings that were stopped go on from their checkpoints; who has not come back by then will not.
FORSAKEN = datetime.timedelta(days=7)
_RUN = "pipeline_run"
_DELETED = metadata_store_pb2.Artifact.DELETED


@dataclasses.dataclass(frozen=True)
class Unneeded:
    """What may go.

    Attributes:
        folders: of artifacts, versions and checkpoints.
        bytes: of all of them.
        artifacts: that ML Metadata has there.
    """

    folders: tuple[Path, ...]
    bytes: int
    artifacts: tuple[metadata_store_pb2.Artifact, ...]


def unneeded(store: MetadataStore, work: WorkDir, keep: int, now: datetime.datetime) -> Unneeded:
    """Returns what nobody needs any more.

    Args:
        store: ML Metadata.
        work: where the runs write; none may be at work there.
        keep: how many of the newest runs, and of the newest versions, are kept whole.
        now: the moment, in UTC.
    """
    live = {
        artifact.id: artifact
        for artifact in store.get_artifacts()
        if artifact.state != _DELETED and Path(artifact.uri).is_relative_to(work.artifacts)
    }
    runs = _runs(store, live.keys())
    needed = {one for run in runs[:keep] for one in run}
    origins, gone = _versions(work, keep)
    old = tuple(
        artifact
        for artifact in live.values()
        if artifact.id not in needed
        and not any(path.is_relative_to(artifact.uri) for path in origins)
    )
    found = {Path(artifact.uri) for artifact in old} | gone | {*_forsaken(work.checkpoints, now)}
    there = tuple(sorted(path for path in found if path.is_dir()))
    return Unneeded(there, sum(map(_size, there)), old)


def remove(store: MetadataStore, old: Unneeded) -> None:
    """Removes what is not needed; what is not yet removed when it is killed, the next time."""
    for folder in old.folders:
        remove_tree(str(folder))  # of a version that is a link, the link
    for artifact in old.artifacts:
        artifact.state = _DELETED
    if old.artifacts:
        store.put_artifacts(old.artifacts)


def _runs(store: MetadataStore, ours: Set[int]) -> list[set[int]]:
    """Returns the artifacts of each run of this work directory, the newest run first."""
    try:
        contexts = store.get_contexts_by_type(_RUN)
    except errors.NotFoundError:  # of the type: nothing ever ran
        return []
    found = []
    for context in sorted(contexts, key=lambda one: one.id, reverse=True):
        executions = [one.id for one in store.get_executions_by_context(context.id)]
        events = store.get_events_by_execution_ids(executions) if executions else ()
        of_run = {event.artifact_id for event in events}
        if of_run & ours:  # a database may have other work directories' runs, too
            found.append(of_run)
    return found


def _versions(work: WorkDir, keep: int) -> tuple[set[Path], set[Path]]:
    """Returns what the newest versions were pushed from, and the folders of the others.

    What is not served counts for itself: many that came too late push out none that is served.
    """
    origins, gone = set(), set()
    for place in (work.serving, work.serving / SUPERSEDED, work.serving / WITHDRAWN):
        found = [place / str(version) for version in versions(str(place))]
        gone |= set(found[:-keep])
        pushed = (read_origin(str(folder)) for folder in found[-keep:])
        origins |= {Path(model) for model in pushed if model is not None}
    return origins, gone


def _forsaken(checkpoints: Path, now: datetime.datetime) -> Iterator[Path]:
    """Yields the folders of trainings that were stopped long ago."""
    for folder in checkpoints.glob("*"):
        changed = max(os.stat(path).st_mtime for path in (folder, *folder.rglob("*")))
        if now.timestamp() - changed > FORSAKEN.total_seconds():
            yield folder


def _size(folder: Path) -> int:
    return sum(path.lstat().st_size for path in folder.rglob("*"))

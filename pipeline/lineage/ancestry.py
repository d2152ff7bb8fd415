"""What ML Metadata knows of an artifact: what made it, and what made what it was made from."""

import dataclasses
import datetime
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ml_metadata.proto import metadata_store_pb2

from pipeline.metadata_store import noted_store, open_store
from pipeline.work_dir import WorkDir
from schemas.metadata_store import SqliteStore

PUSHED = "PushedModel"

_INPUTS = (metadata_store_pb2.Event.INPUT, metadata_store_pb2.Event.DECLARED_INPUT)
_OUTPUTS = (metadata_store_pb2.Event.OUTPUT, metadata_store_pb2.Event.DECLARED_OUTPUT)


@dataclasses.dataclass(frozen=True)
class Kept:
    """An artifact.

    Attributes:
        id: in ML Metadata.
        type: as TFX calls it.
        name: of the output that it is.
        uri: where it lies.
        properties: its custom properties.
    """

    id: int
    type: str
    name: str
    uri: str
    properties: Mapping[str, Any]


@dataclasses.dataclass(frozen=True)
class Made:
    """An execution that made artifacts.

    Attributes:
        id: in ML Metadata.
        pipeline: its name.
        node: of the pipeline.
        run: the first run of the pipeline that it belongs to; later ones took it from the cache.
        finished: when.
        parameters: as they were given, by name.
        outputs: what it made.
    """

    id: int
    pipeline: str
    node: str
    run: str
    finished: datetime.datetime
    parameters: Mapping[str, Any]
    outputs: tuple[Kept, ...]

    def output(self, name: str) -> Kept | None:
        """Returns the output of that name, None if there is none."""
        return next((kept for kept in self.outputs if kept.name == name), None)


class Ancestry:
    """Reads a metadata store; nothing is written to it.

    Args:
        work: whose runs are read; of a database that it shares only what was pushed there.
    """

    def __init__(self, work: WorkDir):
        self._store = open_store(work, read_only=True)
        self._serving = None if noted_store(work) == SqliteStore() else work.serving

    def pushed(self) -> dict[str, Kept]:
        """Returns the pushed models by version; of one version pushed twice the last."""
        found = {}
        for artifact in sorted(self._store.get_artifacts_by_type(PUSHED), key=lambda one: one.id):
            kept = _kept(artifact, "pushed_model")
            if kept.properties.get("pushed") and self._ours(kept):
                found[str(kept.properties["pushed_version"])] = kept
        return found

    def ancestors(self, artifact: int) -> tuple[Made, ...]:
        """Returns the executions that an artifact came of, in the order in which they ran.

        Of those that made the same artifact, as cached ones seem to, it is the first.
        """
        makers: set[int] = set()
        fresh = {artifact}
        seen: set[int] = set()
        while fresh:
            seen |= fresh
            new = self._makers(fresh) - makers
            makers |= new
            fresh = self._artifacts(new, _INPUTS) - seen
        return self._made(makers)

    def users(self, artifact: int) -> tuple[Made, ...]:
        """Returns the executions that read an artifact, in the order in which they ran."""
        events = self._store.get_events_by_artifact_ids([artifact])
        return self._made({event.execution_id for event in events if event.type in _INPUTS})

    def _ours(self, pushed: Kept) -> bool:
        """Returns whether a pushed model is of this work directory."""
        if self._serving is None:  # nobody else writes there, and it may have been moved since
            return True
        return Path(str(pushed.properties["pushed_destination"])).parent == self._serving

    def _makers(self, artifacts: Iterable[int]) -> set[int]:
        first: dict[int, int] = {}
        for event in self._store.get_events_by_artifact_ids(sorted(artifacts)):
            if event.type in _OUTPUTS:
                made = first.get(event.artifact_id, event.execution_id)
                first[event.artifact_id] = min(made, event.execution_id)
        return set(first.values())

    def _artifacts(self, executions: Iterable[int], types: Sequence[int]) -> set[int]:
        events = self._events(executions)
        return {event.artifact_id for event in events if event.type in types}

    def _events(self, executions: Iterable[int]) -> list[metadata_store_pb2.Event]:
        wanted = sorted(executions)
        return list(self._store.get_events_by_execution_ids(wanted)) if wanted else []

    def _made(self, ids: Iterable[int]) -> tuple[Made, ...]:
        wanted = sorted(ids)
        if not wanted:
            return ()
        names = {
            (event.execution_id, event.artifact_id): event.path.steps[0].key
            for event in self._events(wanted)
            if event.type in _OUTPUTS
        }
        artifacts = {
            artifact.id: artifact
            for artifact in self._store.get_artifacts_by_id([one for _, one in names])
        }
        found = []
        executions = self._store.get_executions_by_id(wanted)
        for execution in sorted(executions, key=lambda one: one.id):
            contexts = self._contexts(execution.id)
            pipeline = contexts.get("pipeline", "")
            outputs = [
                _kept(artifacts[artifact], name)
                for (maker, artifact), name in sorted(names.items())
                if maker == execution.id
            ]
            found.append(
                Made(
                    id=execution.id,
                    pipeline=pipeline,
                    node=contexts.get("node", execution.type).removeprefix(f"{pipeline}."),
                    run=contexts.get("pipeline_run", ""),
                    finished=datetime.datetime.fromtimestamp(
                        execution.last_update_time_since_epoch / 1000, datetime.UTC
                    ),
                    parameters=_values(execution.custom_properties),
                    outputs=tuple(outputs),
                )
            )
        return tuple(found)

    def _contexts(self, execution: int) -> dict[str, str]:
        """Returns the names of an execution's contexts by their types; of several the first."""
        contexts = self._store.get_contexts_by_execution(execution)
        ordered = sorted(contexts, key=lambda one: one.id, reverse=True)
        return {context.type: context.name for context in ordered}


def _kept(artifact: metadata_store_pb2.Artifact, name: str) -> Kept:
    return Kept(artifact.id, artifact.type, name, artifact.uri, _values(artifact.custom_properties))


def _values(properties: Mapping[str, Any]) -> dict[str, Any]:
    return {name: getattr(value, value.WhichOneof("value")) for name, value in properties.items()}

"""What ML Metadata knows of the newest execution of each node: its state and its outputs."""

import dataclasses
from collections.abc import Mapping
from typing import Any

from ml_metadata import errors
from ml_metadata.metadata_store import MetadataStore
from ml_metadata.proto import metadata_store_pb2

from pipeline.metadata_store import open_store
from pipeline.work_dir import WorkDir


@dataclasses.dataclass(frozen=True)
class Output:
    """An artifact that a node made.

    Attributes:
        uri: where it lies.
        properties: its custom properties.
    """

    uri: str
    properties: Mapping[str, Any]


@dataclasses.dataclass(frozen=True)
class Execution:
    """The newest execution of a node.

    Attributes:
        id: in ML Metadata; greater is newer.
        cached: whether it took an earlier execution's outputs.
        outputs: by output name.
    """

    id: int
    cached: bool
    outputs: Mapping[str, Output]


def newest_executions(work: WorkDir, pipeline_name: str, nodes: list[str]) -> dict[str, Execution]:
    """Returns the newest finished execution of each node that has one."""
    store = open_store(work)
    found: dict[str, Execution] = {}
    for node in nodes:
        try:
            context = store.get_context_by_type_and_name("node", f"{pipeline_name}.{node}")
        except errors.NotFoundError:
            continue
        if context is None:
            continue
        done = (metadata_store_pb2.Execution.COMPLETE, metadata_store_pb2.Execution.CACHED)
        executions = [
            execution
            for execution in store.get_executions_by_context(context.id)
            if execution.last_known_state in done
        ]
        if executions:
            newest = max(executions, key=lambda execution: execution.id)
            found[node] = Execution(
                newest.id,
                newest.last_known_state == metadata_store_pb2.Execution.CACHED,
                _outputs(store, newest.id),
            )
    return found


def _outputs(store: MetadataStore, execution_id: int) -> dict[str, Output]:
    events = [
        event
        for event in store.get_events_by_execution_ids([execution_id])
        if event.type == metadata_store_pb2.Event.OUTPUT
    ]
    names = {event.artifact_id: event.path.steps[0].key for event in events}
    return {
        names[artifact.id]: Output(
            artifact.uri,
            {
                key: getattr(value, value.WhichOneof("value"))
                for key, value in artifact.custom_properties.items()
            },
        )
        for artifact in store.get_artifacts_by_id(list(names))
    }

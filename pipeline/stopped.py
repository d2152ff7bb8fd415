"""The report of a run that stopped on its way, from what the nodes before left behind."""

from collections.abc import Mapping
from pathlib import Path

from tfx import types
from tfx.orchestration import metadata
from tfx.orchestration.pipeline import Pipeline
from tfx.orchestration.portable.mlmd import execution_lib

from components.refusal import Refusal
from components.run_report.component import RunReport
from components.run_report.executor import PARAMETERS
from components.run_report.facts import Stop
from components.run_report.gathering import gather
from components.run_report.writing import write
from pipeline.executions import Execution
from pipeline.failures import reason
from pipeline.metadata_store import connection
from pipeline.work_dir import WorkDir

# Without what became of the rows there is nothing to show.
_LEAST = "ledger"


def stop_at(node: str, error: BaseException, log: Path) -> Stop:
    """Returns where a run stopped, and why.

    Args:
        node: that failed.
        error: that it raised.
        log: the file that has the whole story.
    """
    if isinstance(error, Refusal):
        return Stop(node=node, objections=error.objections, way_out=error.way_out)
    whole = f"The whole story is in {log}"
    return Stop(node=node, objections=(reason(error),), way_out=whole)


def report_stopped(
    graph: Pipeline, work: WorkDir, executions: Mapping[str, Execution], stop: Stop
) -> None:
    """Writes the report that the graph's RunReport would have written, of what there is.

    A graph without RunReport has none, nor has a run that stopped before its logs were read.

    Args:
        graph: that was run.
        work: where it wrote.
        executions: of this run's nodes that are done.
        stop: where the run stopped.
    """
    for node in graph.components:
        if isinstance(node, RunReport):
            artifacts = _artifacts(node, work, executions)
            if _LEAST in artifacts:
                told = {name: node.exec_properties[name] for name in PARAMETERS}
                reports = told.pop("reports")
                write(gather(artifacts, root=str(work.root), stop=stop, **told), reports)


def _artifacts(
    node: RunReport, work: WorkDir, executions: Mapping[str, Execution]
) -> dict[str, types.Artifact]:
    """Returns those of a node's inputs that nodes of this run made, by the inputs' names."""
    found = {}
    with metadata.Metadata(connection(work)) as store:
        for name, channel in node.inputs.items():
            execution = executions.get(channel.producer_component_id)
            if execution is not None:
                made = execution_lib.get_output_artifacts(store, execution.id)
                found[name] = made[channel.output_key][0]
    return found

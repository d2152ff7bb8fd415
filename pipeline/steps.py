"""Follows a run node by node: which is at work, how long it took, how many rows it saw."""

from collections.abc import Callable, Mapping
from typing import Any

from components.log_example_gen.ledger import FATES
from components.transform.properties import ANALYSED, TRAINED
from pipeline.config import PipelineConfig
from pipeline.display import Display
from pipeline.executions import Execution, newest_executions
from pipeline.metadata_store import store_name
from pipeline.results import read_ledger
from pipeline.timings import Peak, Timings
from pipeline.work_dir import WorkDir

# Rows that a step goes through, from the ledger's counts.
_ROWS: Mapping[str, Callable[[Mapping[str, Any], int], int]] = {
    "LogExampleGen": lambda ledger, _: sum(ledger[log]["read"] for log in FATES if log in ledger),
    "StatisticsGen": lambda ledger, _: sum(ledger["examples"].values()),
    "Transform": lambda ledger, _: sum(ledger["examples"].values()),
    "Trainer": lambda ledger, epochs: ledger["examples"]["train"] * epochs,
    "Evaluator": lambda ledger, _: ledger["examples"]["eval"],
}


class Steps:
    """Hears of nodes that start and end, tells the display, and writes down what they took.

    Args:
        config: that the graph is of.
        work: where it writes.
        display: to show the nodes.
        run: the name of the run, under which its timings are kept.

    Attributes:
        current: the node at work, or the last one.
        executions: of the nodes that are done.
    """

    def __init__(self, config: PipelineConfig, work: WorkDir, display: Display, run: str):
        self.current = "the graph"
        self.executions: dict[str, Execution] = {}
        self._config = config
        self._work = work
        self._display = display
        self._timings = Timings(work.timings / f"{run}.json", Peak())

    def on_node(self, node: str, took: float | None) -> None:
        """Notes that a node starts (`took` is None) or ended after `took` seconds."""
        self.current = node
        if took is None:
            self._display.start(node)
            self._timings.start()
            return
        found = newest_executions(self._work, self._config.name, [node])
        if node not in found:  # TFX skips a step whose inputs it cannot find, and says nothing
            raise ValueError(
                f"{store_name(self._work)} no longer has what this run wrote there: it was deleted "
                "or replaced meanwhile. Put it back, then run again"
            )
        self.executions.update(found)
        cached = found[node].cached
        rows = None if cached else self._rows(node)
        self._timings.end(node, took, cached=cached, rows=rows)
        if cached:
            self._display.finish(node, None, None)
        else:
            self._display.finish(node, took, rows, self._note(node))

    def _note(self, node: str) -> str:
        """Returns what else there is to say of a step: how many spans had not been analysed."""
        outputs = self.executions[node].outputs if node in self.executions else {}
        told = outputs["transform_graph"].properties if "transform_graph" in outputs else {}
        if TRAINED not in told:
            return ""
        return f"{told[ANALYSED]}/{told[TRAINED]} spans new"

    def _rows(self, node: str) -> int | None:
        if node not in _ROWS or "LogExampleGen" not in self.executions:
            return None
        return _ROWS[node](read_ledger(self.executions), self._config.training.epochs)

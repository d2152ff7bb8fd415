"""One run on this machine, from checked inputs to the tables it ends in."""

import contextlib
import datetime
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape

from pipeline.config import PipelineConfig
from pipeline.day_record import DayRecord, made_from, write_day
from pipeline.display import Display, TrainingWatch
from pipeline.errors import Interrupted, RunFailed
from pipeline.failures import told_in
from pipeline.interrupts import signal_of, terminable
from pipeline.lock import locked
from pipeline.preflight import Inputs
from pipeline.quantities import place, seconds
from pipeline.quiet import chatter_to
from pipeline.temporary import temporary_files_in
from pipeline.work_dir import WorkDir

if TYPE_CHECKING:
    from tfx.orchestration.pipeline import Pipeline

    from pipeline.executions import Execution
    from pipeline.results import Results

# Why a model was refused; a gate on every value of a feature may refuse a thousand times.
_MOST_REASONS = 10


def run(config: PipelineConfig, inputs: Inputs, work: WorkDir) -> bool:
    """Runs a pipeline from its logs to a pushed model; returns whether the gates let it pass.

    A run that stops after its logs were read has a report too. What the run came to is kept as that
    of its newest day.

    Raises:
        RunFailed: naming the step, the reason and the log file; or who else is at work there.
    """
    started = time.monotonic()
    work.prepare()
    log = work.new_log(datetime.datetime.now(datetime.UTC))
    spans, digest = inputs.spans, made_from(config, inputs, work)
    day = DayRecord(span=spans[-1], run=log.stem, made_from=digest, outcome="failed")
    with locked(work), chatter_to(log) as console:
        console.print(f"[bold]{config.name}[/]: {len(spans)} spans, {spans[0]} to {spans[-1]}")
        try:
            with Display(console) as display:
                executions = execute(
                    config, work, display, log, lambda: _graph(config, inputs, work, log.stem), []
                )
            with told_in(log, lambda: "the report"):
                results = _report(config, executions, console)
                write_day(work, _ended(day, results))
        except RunFailed as failure:
            with contextlib.suppress(OSError):  # a full disk, say: the run's own end is told
                write_day(work, day.model_copy(update={"reasons": (str(failure),)}))
            raise
        finally:
            page = work.reports / log.stem / "index.html"
            if page.exists():
                console.print(f"[bold]report[/] {escape(place(page))}", soft_wrap=True)
        console.print(f"[bold]logs[/]   {escape(place(log))}", soft_wrap=True)
        console.print(f"Done in {seconds(time.monotonic() - started)}.")
    return results.passed


def _ended(day: DayRecord, results: "Results") -> DayRecord:
    """Returns the record of a run that came to its end."""
    if results.model_dir is None:
        reasons = tuple(verdict.reason for verdict in results.refused)
        return day.model_copy(update={"outcome": "refused", "reasons": reasons})
    return day.model_copy(update={"outcome": "pushed", "version": results.model_dir.name})


def _graph(config: PipelineConfig, inputs: Inputs, work: WorkDir, run: str) -> "Pipeline":
    from pipeline.asked import Asked
    from pipeline.pipeline import create_pipeline

    return create_pipeline(config, Asked.of(inputs, run), work)


def execute(
    config: PipelineConfig,
    work: WorkDir,
    display: Display,
    log: Path,
    graph: Callable[[], "Pipeline"],
    watches: Sequence[logging.Handler],
) -> "Mapping[str, Execution]":
    """Runs a graph, and shows its steps and its training as they go.

    Args:
        config: that the graph is of.
        work: where it writes.
        display: to show its steps.
        log: the file that has the whole story.
        graph: makes the graph, once TFX is loaded.
        watches: what else hears the records of `models.progress.LOGGER`.

    Returns:
        The executions of its nodes, by name.

    Raises:
        RunFailed: naming the step, the reason and the log file; the report of what was done by then
            is written.
        Misuse: if ML Metadata and the artifacts do not belong together, or are of others.
        Interrupted: by Ctrl-C or SIGTERM.
    """
    # Before all else: without it nothing that a step does is written down. It loads ML Metadata,
    # which must come before TensorFlow where the C++ library is newer than the machine's.
    from pipeline.metadata_store import open_store, prepare_store

    prepare_store(config.metadata, work, config.name)
    display.start("loading TFX")
    began = time.monotonic()
    with told_in(log, lambda: "loading TFX"):
        from absl import logging as absl_logging

        from models.progress import LOGGER as PROGRESS_LOGGER
        from pipeline.leftovers import clear_leftovers
        from pipeline.local_runner import run_locally
        from pipeline.steps import Steps

    with told_in(log, lambda: "the graph"):
        pipeline = graph()
    logging.basicConfig(level=logging.INFO, force=True)
    # TensorFlow silences TFX's logger for a while, and then puts back what it was told to be.
    absl_logging.set_verbosity(absl_logging.INFO)
    display.finish("loading TFX", time.monotonic() - began, None)
    steps = Steps(config, work, display, run=log.stem)
    graph_name = pipeline.pipeline_info.pipeline_name
    told, handlers = logging.getLogger(PROGRESS_LOGGER), (TrainingWatch(display), *watches)
    told.setLevel(logging.INFO)
    for handler in handlers:
        told.addHandler(handler)
    try:
        with told_in(log, lambda: steps.current):
            clear_leftovers(open_store(work), work, graph_name)
            with terminable() as stopped, temporary_files_in(work.temporary):

                def on_node(node: str, took: float | None) -> None:
                    stopped()
                    steps.on_node(node, took)

                run_locally(pipeline, work, on_node)
    except KeyboardInterrupt as interrupt:
        clear_leftovers(open_store(work), work, graph_name)
        raise Interrupted(
            f"Interrupted at {steps.current}. What was finished is kept: the same command goes on "
            "from there",
            signal_of(interrupt),
        ) from interrupt
    except RunFailed as failure:
        # Whatever keeps the report from being written goes to the log: the run's own end is told.
        with contextlib.suppress(RunFailed), told_in(log, lambda: "the report"):
            from pipeline.stopped import report_stopped, stop_at

            stop = stop_at(steps.current, failure.__cause__ or failure, log)
            report_stopped(pipeline, work, steps.executions, stop)
        raise
    finally:
        for handler in handlers:
            told.removeHandler(handler)
    return steps.executions


def _report(
    config: PipelineConfig, executions: "Mapping[str, Execution]", console: Console
) -> "Results":
    """Prints what became of the rows, how good the model is and what the gates said."""
    from pipeline.findings import findings, model_findings
    from pipeline.gates_table import gates_table
    from pipeline.model_tables import probabilities_table, ranking_table, values_table
    from pipeline.results import read_results
    from pipeline.serving_table import serving_lines, serving_table
    from pipeline.tables import ledger_table, seesaw_table

    results = read_results(executions)
    console.print()
    console.print(ledger_table(results.ledger))
    for finding in findings(results.ledger, results.rejects, config.split):
        console.print(finding, soft_wrap=True)
    console.print()
    kinds = config.kinds()
    rates = [name for name in kinds if kinds[name] == "rate"]
    if rates:
        console.print(ranking_table(results.evaluation, rates))
        console.print()
        console.print(probabilities_table(results.evaluation, rates))
    if len(rates) < len(kinds):
        values = [name for name in kinds if name not in rates]
        console.print(values_table(results.evaluation, values))
    for finding in model_findings(results.diagnostics):
        console.print(finding, soft_wrap=True)
    console.print()
    if "seesaw" in results.diagnostics:
        console.print(seesaw_table(results.diagnostics["seesaw"]))
        console.print()
    console.print(serving_table(results.serving))
    for line in serving_lines(results.serving):
        console.print(line, soft_wrap=True)
    console.print()
    console.print(gates_table(results.verdicts))
    console.print()
    _print_model(results, console)
    return results


def _print_model(results: "Results", console: Console) -> None:
    """Prints where the model is served, or why it is not."""
    if results.model_dir is None:
        console.print("[bold red]The model was refused[/] and is not served:")
        for verdict in results.refused[:_MOST_REASONS]:
            console.print(f"  {escape(verdict.reason)}", soft_wrap=True)
        if (more := len(results.refused) - _MOST_REASONS) > 0:
            console.print(f"  and {more} more: the report has them")
        return
    if results.served:
        console.print(f"[bold]model[/]  {escape(place(results.model_dir))}", soft_wrap=True)
        return
    from components.atomic_pusher.versions import whereabouts
    from pipeline.rollback import put_back

    if results.standing == "superseded":
        console.print(
            f"[bold]model[/]  {escape(place(results.model_dir))}\n"
            "It passed, and is not served: a model of a later day is.",
            soft_wrap=True,
        )
    else:
        console.print(
            f"[bold red]Nothing new is served[/]: this is the model of version "
            f"{results.model_dir.name}, which was {results.standing} since.",
            soft_wrap=True,
        )
    aside = whereabouts(str(results.model_dir))
    way_out = (
        f"To serve it: {put_back(Path(aside))}"
        if aside is not None
        else f"Put back {place(results.model_dir)}, or change the config: then a new one is trained"
    )
    console.print(f"  {escape(way_out)}", soft_wrap=True)

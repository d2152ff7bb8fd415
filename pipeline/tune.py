"""The command `tune`: which options make the best model, by trials on the validation split."""

import dataclasses
import datetime
import json
import math
import shlex
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import yaml
from rich.console import Console
from rich.markup import escape

from models.tuning.config import TuningConfig
from models.tuning.trials import Trial, ranked, write_whole
from pipeline.config import PipelineConfig
from pipeline.display import Display
from pipeline.errors import Misuse
from pipeline.failures import told_in
from pipeline.lock import locked
from pipeline.preflight import Inputs
from pipeline.quantities import place, seconds
from pipeline.quiet import chatter_to
from pipeline.run import execute
from pipeline.tables import trials_table
from pipeline.trial_watch import TrialWatch
from pipeline.work_dir import WorkDir

if TYPE_CHECKING:
    from tfx.orchestration.pipeline import Pipeline


def searched(config: PipelineConfig) -> TuningConfig:
    """Returns what a config says of its search.

    Raises:
        Misuse: if it says nothing, or its trainings need processes on several machines.
    """
    if config.tuning is None:
        raise Misuse(
            "this config has no `tuning`: say what to search and by what, as in `tuning: {metric: "
            f"{config.outputs()[-1]}.auc, space: {{training.learning_rate: {{float: [1e-4, 1e-2], "
            "log: true}}}`"
        )
    if config.training.strategy in ("multi_worker", "parameter_server"):
        raise Misuse(
            "a search trains one model after the other in this process, and training.strategy: "
            f"{config.training.strategy} needs several. Give `--set training.strategy=one_device`"
        )
    return config.tuning


def tune(
    config: PipelineConfig,
    inputs: Inputs,
    work: WorkDir,
    trials: int,
    seed: int,
    again: Sequence[str],
) -> None:
    """Searches, and prints and keeps what was found.

    Args:
        config: with `tuning`.
        inputs: what the search reads.
        work: where it writes.
        trials: how many in all, those of earlier calls included.
        seed: same seed, same trials.
        again: the arguments of `funnelrank run` that stand for this config and work directory.

    Raises:
        Misuse: if the config has no `tuning`.
        RunFailed: naming the step, the reason and the log file; also if no trial could be trained,
            or another run is at work there.
    """
    tuning = searched(config)
    started = time.monotonic()
    work.prepare()
    log = work.new_log(datetime.datetime.now(datetime.UTC))
    with locked(work), chatter_to(log) as console:
        spans = inputs.spans
        console.print(f"[bold]{config.name}[/]: {len(spans)} spans, {spans[0]} to {spans[-1]}")
        with Display(console) as display:
            watch = TrialWatch(display, console, tuning, trials)
            execute(
                config, work, display, log,
                lambda: _graph(config, inputs, work, trials, seed), [watch],
            )  # fmt: skip
        with told_in(log, lambda: "the report"):
            best_first = ranked(watch.done, greater=tuning.greater)
            report = work.root / "reports" / "tune.json"
            write_whole(report, _as_json(tuning, seed, best_first))
            _tell(config, tuning, best_first, trials, again, console)
        console.print(f"[bold]trials[/]  {escape(place(report))}", soft_wrap=True)
        console.print(f"[bold]logs[/]    {escape(place(log))}", soft_wrap=True)
        console.print(f"Done in {seconds(time.monotonic() - started)}.")


def _graph(
    config: PipelineConfig, inputs: Inputs, work: WorkDir, trials: int, seed: int
) -> "Pipeline":
    from pipeline.asked import Asked
    from pipeline.tuning_pipeline import create_tuning_pipeline

    return create_tuning_pipeline(config, Asked.of(inputs, run=""), work, trials, seed)


def _as_json(tuning: TuningConfig, seed: int, trials: Sequence[Trial]) -> str:
    found = {
        "tuning": tuning.model_dump(mode="json", by_alias=True, exclude_defaults=True),
        "seed": seed,
        "trials": [dataclasses.asdict(trial) for trial in trials],
    }
    return json.dumps(found, indent=1, allow_nan=False)


def _tell(
    config: PipelineConfig,
    tuning: TuningConfig,
    trials: Sequence[Trial],
    wanted: int,
    again: Sequence[str],
    console: Console,
) -> None:
    console.print()
    console.print(trials_table(trials, tuning, console.width))
    for trial in trials:
        if trial.failure is not None:
            console.print(f"trial {trial.number + 1}: {escape(trial.failure)}", soft_wrap=True)
    if len(trials) < wanted:
        console.print(f"The space has no more than these {len(trials)} trials.")
    best = overrides(config, trials[0].values)
    console.print("\nThe best, to write in the config:\n")
    nested: dict[str, dict[str, Any]] = {}
    for key, value in best.items():
        head, _, rest = key.partition(".")
        nested.setdefault(head, {})[rest] = value
    lines = [
        f"{head}:\n" + "".join(f"  {key}: {yaml_text(value)}\n" for key, value in keys.items())
        for head, keys in nested.items()
    ]
    console.print(escape("".join(lines)), soft_wrap=True)
    sets = [word for key, value in best.items() for word in ("--set", f"{key}={yaml_text(value)}")]
    command = shlex.join(["funnelrank", "run", *again, *sets])
    console.print(f"or to run now:\n\n{escape(command)}\n", soft_wrap=True)


def overrides(config: PipelineConfig, values: Mapping[str, Any]) -> dict[str, Any]:
    """Returns what sets a config to a trial's values: keys right under model and training.

    An option of a method comes with its method: `model.trunk.experts: 8` is all of `model.trunk`.
    """
    found = config.trying(values)
    parts = {
        "model": found.model.model_dump(mode="json"),
        "training": found.training.model_dump(mode="json"),
    }
    changed = {}
    for head, key in dict.fromkeys(tuple(key.split(".")[:2]) for key in values):
        whole = f"{head}.{key}"
        options = any(other.startswith(f"{whole}.") for other in values)
        changed[whole] = parts[head][key] if options else values[whole]
    return changed


def yaml_text(value: Any) -> str:
    """Returns a value as YAML in one line."""
    text = yaml.safe_dump(value, default_flow_style=True, sort_keys=False, width=math.inf)
    return text.removesuffix("...\n").strip()

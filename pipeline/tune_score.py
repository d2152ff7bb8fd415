"""The command `tune-score`: other weights for a config's score, and what each costs which label."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.markup import escape
from rich.progress import Progress
from rich.table import Table

from pipeline.config import PipelineConfig
from pipeline.errors import Misuse
from pipeline.metadata_store import has_store, store_name
from pipeline.quantities import count, place
from pipeline.quiet import quietly
from pipeline.work_dir import WorkDir
from schemas.score_weights import weights

if TYPE_CHECKING:
    from pipeline.pareto import Ranking, Tuned

_MOST_SHOWN = 10


def tune_score(
    config: PipelineConfig, source: Path, work: WorkDir, trials: int, rows: int, seed: int
) -> None:
    """Tries other weights on a run's held-back rows; prints and keeps what they trade.

    Args:
        config: with a score.
        source: the YAML that it came from.
        work: of a run of it that has pushed a model.
        trials: how many weighings to try.
        rows: most rows to try them on.
        seed: of the weighings.

    Raises:
        Misuse: if there is no score, no weight in it, no model, or nothing to rank by.
        RunFailed: naming the reason and the log file.
    """
    expression = _expression(config)
    model_dir = _newest_model(work, source)
    log = work.logs / "tune-score.log"
    with quietly("tuning the score", log) as console:
        from pipeline.pareto import tune

        values, ranking = _read(config, expression, model_dir, work, rows, console)
        with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
            task = bar.add_task("Trying weights", total=None)
            tuned = tune(
                expression, values, ranking, trials, seed,
                lambda done, total: bar.update(task, completed=done, total=total),
            )  # fmt: skip
        where = "AUC" if config.group is None else f"AUC within {config.group}"
        files = _keep(tuned, ranking, where, work.root / "reports")
        _tell(tuned, ranking, where, console)
        if tuned.recommended:
            console.print(f"\nTo take the recommended one, write in {escape(str(source))}:")
            line = " ".join(tuned.trials[tuned.recommended].expression.split())
            console.print(f'\nscore: "{escape(line)}"\n', soft_wrap=True)
        else:
            console.print("\nNo weighing does better for all labels: keep the present one.\n")
        for kind, file in files.items():
            console.print(f"[bold]{kind}[/] {escape(place(file))}", soft_wrap=True)


def _expression(config: PipelineConfig) -> str:
    if config.score is None:
        raise Misuse(
            "this config has no score to tune. Give it one whose weights are numbers, as in "
            '`score: "ctr ** 1.0 * cvr ** 1.0"`'
        )
    if not weights(config.score):
        raise Misuse(
            "the score has no weight to tune: write exponents or factors as numbers, as in "
            f"`ctr ** 1.0 * cvr ** 1.0` or `1.0 * ctr + 5.0 * cvr`. Received: {config.score!r}"
        )
    return config.score


def _newest_model(work: WorkDir, source: Path) -> Path:
    versions = (
        [path for path in work.serving.iterdir() if path.name.isdigit()]
        if work.serving.is_dir() and has_store(work)
        else []
    )
    if not versions:
        raise Misuse(
            f"there is no model under {place(work.serving)}. Make one with "
            f"`funnelrank run {source} --work {place(work.root)}`, or name another --work"
        )
    return max(versions, key=lambda path: int(path.name))


def _read(
    config: PipelineConfig,
    expression: str,
    model_dir: Path,
    work: WorkDir,
    limit: int,
    console: Console,
) -> "tuple[dict[str, Any], Ranking]":
    """Returns the columns of the score and what it is judged by, of the last run's eval split."""
    from pipeline.executions import newest_executions
    from pipeline.pareto import Ranking
    from pipeline.pushed_model import read_spec
    from pipeline.score_rows import read_score_rows
    from schemas.score import names_in_score

    spec = read_spec(model_dir)
    known = {*config.outputs(), *(column.name for column in spec.columns)}
    if config.heads != spec.heads or (set(names_in_score(expression)) - known):
        raise Misuse(
            f"the model in {place(model_dir)} was made with other heads, or from examples without "
            f"a column of the score {expression!r}. Run the pipeline with this config first"
        )
    ran = newest_executions(work, config.name, ["LogExampleGen"])
    if "LogExampleGen" not in ran:
        raise Misuse(f"no run of {config.name} is known in {store_name(work)}")
    folder = Path(ran["LogExampleGen"].outputs["examples"].uri) / "Split-eval"
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("Asking the model", total=None)
        rows = read_score_rows(
            model_dir, spec, expression, sorted(folder.iterdir()), limit,
            lambda done: progress.update(task, completed=done, description=f"{count(done)} rows"),
        )  # fmt: skip
    return dict(rows.values), Ranking(rows.gains, rows.groups)


def _keep(tuned: "Tuned", ranking: "Ranking", where: str, folder: Path) -> dict[str, Path]:
    """Writes all trials as JSON, and as a picture; returns the files by what they are."""
    from pipeline.score_plot import plot_trials

    folder.mkdir(parents=True, exist_ok=True)
    found = {
        "rows": ranking.rows,
        "labels": ranking.positives(),
        "metric": where,
        "present": tuned.trials[0].expression,
        "recommended": tuned.trials[tuned.recommended].expression,
        "trials": [
            {
                "score": trial.expression,
                "auc": dict(trial.aucs),
                "front": number in tuned.front,
                "kept": tuned.kept[number],
            }
            for number, trial in enumerate(tuned.trials)
        ],
    }
    files = {
        kind: folder / f"tune-score.{suffix}"
        for kind, suffix in (("trials", "json"), ("plot  ", "svg"), ("image ", "png"))
    }
    files["trials"].write_text(json.dumps(found, indent=1, allow_nan=False), encoding="utf-8")
    plot_trials(tuned, where, [files["plot  "], files["image "]])
    return files


def _tell(tuned: "Tuned", ranking: "Ranking", where: str, console: Console) -> None:
    positives = ", ".join(f"{count(n)} {name}" for name, n in ranking.positives().items())
    tried, rows = count(len(tuned.trials)), count(ranking.rows)
    console.print(f"{tried} weighings on {rows} held-back rows ({positives})", soft_wrap=True)
    console.print(f"present: {escape(tuned.trials[0].expression)}\n", soft_wrap=True)
    console.print(_table(tuned, ranking.labels, where))
    console.print(
        "→ recommended  • present\n"
        "kept: of the best AUC above 0.5 that any weighing reaches, the mean over the labels",
        style="dim",
    )


def _table(tuned: "Tuned", labels: Sequence[str], where: str) -> Table:
    """Returns the front: the weights, the AUC of each label, and what it keeps."""
    table = Table(
        title=f"{where} of each label, where no other weighing beats it", title_justify="left",
        title_style="bold", box=None, pad_edge=False, collapse_padding=True,
    )  # fmt: skip
    signs = {"exponent": "{} **", "factor": "* {}"}
    table.add_column("", no_wrap=True)
    for weight in weights(tuned.trials[0].expression):
        table.add_column(escape(signs[weight.kind].format(weight.of)), min_width=6)
    for name in labels:
        table.add_column(name, justify="right", min_width=max(map(len, ["0.1234", *name.split()])))
    table.add_column("kept", justify="right", no_wrap=True)
    for number in _shown(tuned):
        trial = tuned.trials[number]
        marks = "→" * (number == tuned.recommended) + "•" * (number == 0)
        table.add_row(
            marks,
            *(f"{weight.value:g}" for weight in weights(trial.expression)),
            *(f"{trial.aucs[name]:.4f}" for name in labels),
            f"{tuned.kept[number]:.1%}",
            style="bold" if marks else None,
        )
    return table


def _shown(tuned: "Tuned") -> Sequence[int]:
    """Returns some of the front, evenly, with the present and the recommended weighing."""
    step = max(1, -(-len(tuned.front) // _MOST_SHOWN))
    some = {*tuned.front[::step], tuned.front[-1], tuned.recommended, 0}
    first = next(iter(tuned.trials[0].aucs))
    return sorted(some, key=lambda number: -tuned.trials[number].aucs[first])

"""`score` and `tune-score`: what a model answers, and the weights of a score."""

from pathlib import Path

import click


@click.command()
@click.argument("model_dir", type=click.Path(path_type=Path))
@click.argument("logs", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("-o", "--out", required=True, type=click.Path(path_type=Path), help="Parquet file.")
@click.option(
    "--served",
    is_flag=True,
    help="With the time and the model's version: a served log, as `monitor` reads it.",
)
def score(model_dir: Path, logs: tuple[Path, ...], out: Path, served: bool) -> None:
    """Score rows of impression LOGS (files or folders) with the model in MODEL_DIR."""
    from pipeline.score import score_to_parquet

    score_to_parquet(model_dir, logs, out, served=served)


@click.command("tune-score")
@click.argument("config", type=click.Path(path_type=Path))
@click.option("--work", type=click.Path(path_type=Path), help="Of a run. [default: runs/<name>]")
@click.option(
    "--trials", default=256, show_default=True, type=click.IntRange(min=1), help="Weights to try."
)
@click.option(
    "--rows",
    default=1_000_000,
    show_default=True,
    type=click.IntRange(min=1),
    help="Held-back rows to try them on, at most.",
)
@click.option("--seed", default=0, show_default=True, help="Same seed, same weights.")
@click.option("--set", "overrides", multiple=True, help="Override a key: --set score='ctr ** 1.0'")
def tune_score(
    config: Path, work: Path | None, trials: int, rows: int, seed: int, overrides: tuple[str, ...]
) -> None:
    """Try other weights for the score of CONFIG, and show what they trade between labels."""
    from pipeline.config_file import load_config
    from pipeline.tune_score import tune_score as tune
    from pipeline.work_dir import WorkDir

    loaded = load_config(config, overrides)
    tune(
        loaded, config, WorkDir((work or Path("runs") / loaded.name).resolve()), trials, rows, seed
    )

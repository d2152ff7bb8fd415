"""`compile`: a pipeline as a file that Kubeflow runs."""

from pathlib import Path

import click


@click.command("compile")
@click.argument("config", type=click.Path(path_type=Path))
@click.option(
    "-o",
    "output",
    required=True,
    type=click.Path(path_type=Path, dir_okay=False),
    help="The YAML file to write.",
)
@click.option("--tune", is_flag=True, help="The search of CONFIG's `tuning`, instead of a run.")
@click.option(
    "--trials",
    default=20,
    show_default=True,
    type=click.IntRange(min=1),
    help="With --tune: in all.",
)
@click.option(
    "--seed",
    default=0,
    show_default=True,
    type=click.IntRange(min=0),
    help="With --tune: same seed, same trials.",
)
@click.option("--set", "overrides", multiple=True, help="Override a key: --set training.epochs=2")
def compile_pipeline(
    config: Path, output: Path, tune: bool, trials: int, seed: int, overrides: tuple[str, ...]
) -> None:
    """Compile CONFIG (a YAML file with `kubeflow`) for Kubeflow Pipelines."""
    from pipeline.config_file import load_config

    loaded = load_config(config, overrides)
    from pipeline.kubeflow.output import write_compiled

    if tune:
        from pipeline.tune import searched

        searched(loaded)
    write_compiled(loaded, output, (trials, seed) if tune else None)

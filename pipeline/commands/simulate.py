"""`simulate`: logs of a shop with a known truth."""

from pathlib import Path

import click


@click.command()
@click.argument("out", type=click.Path(path_type=Path))
@click.option("--impressions", default=200_000, show_default=True, help="How many.")
@click.option("--days", default=5, show_default=True, help="Spread over how many spans.")
@click.option("--seed", default=0, show_default=True, help="Same seed, same bytes.")
@click.option(
    "--format",
    "format_",
    type=click.Choice(["parquet", "csv", "jsonl"]),
    default="parquet",
    show_default=True,
    help="Of the three logs.",
)
@click.option("--click-rate", default=0.08, show_default=True, help="Clicks an impression.")
@click.option("--conversion-rate", default=0.08, show_default=True, help="Conversions a click.")
def simulate(
    out: Path,
    impressions: int,
    days: int,
    seed: int,
    format_: str,
    click_rate: float,
    conversion_rate: float,
) -> None:
    """Write the logs of a simulated shop to the new directory OUT, with their truth beside them."""
    from pipeline.simulate import simulate_logs

    simulate_logs(
        out,
        impressions=impressions,
        days=days,
        seed=seed,
        format=format_,
        click_rate=click_rate,
        conversion_rate=conversion_rate,
    )

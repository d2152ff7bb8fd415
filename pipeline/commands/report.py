"""`report`: the reports of a work directory, and two of them side by side."""

from pathlib import Path

import click
from rich.console import Console
from rich.markup import escape


@click.command()
@click.argument("work_dir", type=click.Path(path_type=Path))
@click.argument("runs", nargs=-1)
@click.option("--compare", is_flag=True, help="Put the two newest runs side by side.")
def report(work_dir: Path, runs: tuple[str, ...], compare: bool) -> None:
    """List the reports in WORK_DIR, or put two RUNS side by side in one page.

    With one of RUNS it prints where its page lies, with two where the comparison lies.
    """
    from pipeline.quantities import place
    from pipeline.report import choose, reports, reports_table, side_by_side

    if len(runs) > 2 or (compare and runs):
        raise click.UsageError(
            "a comparison is of two RUNS, or with --compare of the two newest. "
            f"Received: {' '.join(runs)}{' --compare' * compare}"
        )
    found = reports(work_dir)
    console = Console(highlight=False)
    if compare and len(found) < 2:
        raise click.UsageError(f"two runs are compared, and there is one: {found[0].run}")
    chosen = found[-2:] if compare else [choose(found, run) for run in runs]
    if len(chosen) == 2:
        page = side_by_side(work_dir, *chosen)
        console.print(f"[bold]report[/] {escape(place(page))}", soft_wrap=True)
        return
    if not chosen:
        console.print(reports_table(found))
        console.print()
    page = (chosen or found)[-1].page
    console.print(f"[bold]report[/] {escape(place(page))}", soft_wrap=True)

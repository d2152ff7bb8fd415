"""`doctor`: what this machine lacks."""

import sys
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

_FAILED = 1  # exit code


@click.command()
@click.option("--work", default="runs", type=click.Path(path_type=Path), help="Where runs write.")
def doctor(work: Path) -> None:
    """Say what this machine lacks; exit code 1 if a run could not work."""
    from pipeline.doctor import examine

    findings = examine(work)
    table = Table(box=None, pad_edge=False, show_header=False)
    for finding in findings:
        mark = "[green]✓[/]" if finding.ok else "[red]✗[/]"
        table.add_row(mark, finding.name, finding.found, "" if finding.ok else finding.way_out)
    Console(highlight=False).print(table)
    if not all(finding.ok for finding in findings):
        sys.exit(_FAILED)

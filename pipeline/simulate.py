"""The command `simulate`: settings checked, progress shown, what was written told."""

from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.progress import Progress

from pipeline.errors import Misuse
from pipeline.quantities import count
from simulation.settings import Settings
from simulation.simulate import simulate


def simulate_logs(out: Path, **settings: object) -> None:
    """Simulates a shop into `out` and prints what was written.

    Args:
        out: directory to make.
        settings: fields of simulation.Settings.

    Raises:
        Misuse: if a setting or `out` cannot be used.
    """
    console = Console(highlight=False)
    try:
        chosen = Settings(**settings)  # type: ignore[arg-type]
        with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
            task = progress.add_task("Simulating", total=chosen.impressions)
            summary = simulate(
                out, chosen, lambda done, total: progress.update(task, completed=done, total=total)
            )
    except (ValueError, FileExistsError) as error:
        raise Misuse(str(error)) from error
    console.print(
        f"{count(summary.impressions)} impressions, {count(summary.clicks)} clicks and "
        f"{count(summary.conversions)} conversions, with "
        f"{count(summary.duplicated_impressions)} duplicated impressions and "
        f"{count(summary.repeated_clicks)} repeated clicks",
        soft_wrap=True,
    )
    console.print(f"[bold]logs[/]   {escape(str(out))}", soft_wrap=True)

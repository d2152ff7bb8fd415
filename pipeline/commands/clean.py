"""`clean`: gives back the space of old runs."""

import datetime
from pathlib import Path

import click
from rich.console import Console
from rich.markup import escape


@click.command()
@click.argument("work_dir", type=click.Path(path_type=Path))
@click.option(
    "--keep",
    default=7,
    show_default=True,
    type=click.IntRange(min=2),
    help="The newest runs, and the newest versions, that stay whole.",
)
@click.option("--dry-run", is_flag=True, help="Say what would go, and remove nothing.")
def clean(work_dir: Path, keep: int, dry_run: bool) -> None:
    """Remove from WORK_DIR the artifacts and versions of old runs.

    What the newest runs took from the cache stays, and so do reports, logs and ML Metadata. A
    training that was stopped a week ago and has not gone on loses its checkpoints.
    """
    from pipeline.clean import remove, unneeded
    from pipeline.errors import Misuse
    from pipeline.lock import locked
    from pipeline.metadata_store import has_store, open_store
    from pipeline.quantities import place, size
    from pipeline.work_dir import WorkDir

    work = WorkDir(work_dir.resolve())
    if not has_store(work):
        raise Misuse(
            f"{work_dir} is no work directory: no run is written down there. Give the --work of a "
            "run, such as runs/demo"
        )
    work.prepare()  # no link leads out of it
    console = Console(highlight=False)
    with locked(work):
        store = open_store(work)
        old = unneeded(store, work, keep, datetime.datetime.now(datetime.UTC))
        if not dry_run:
            remove(store, old)
    for folder in old.folders:
        console.print(escape(place(folder)), soft_wrap=True)
    told = "would be removed" if dry_run else "removed"
    console.print(f"{len(old.folders)} folders {told}: {size(old.bytes)}")

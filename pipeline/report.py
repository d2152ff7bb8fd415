"""The reports of a work directory: which there are, and two of them side by side."""

import dataclasses
import difflib
from collections.abc import Sequence
from pathlib import Path

import pydantic
from rich.markup import escape
from rich.table import Table

from components.run_report.comparison import compare
from components.run_report.facts import FACTS_FILE, PAGE_FILE, Facts
from components.run_report.headline import headline
from pipeline.errors import Misuse
from pipeline.quantities import place
from pipeline.tables import plain_table
from pipeline.work_dir import WorkDir

_COLOURS = {"pushed": "green", "refused": "red", "stopped": "red", "unknown": "yellow"}


@dataclasses.dataclass(frozen=True)
class Report:
    """The report of a run.

    Attributes:
        run: id of the run.
        page: where it lies.
        facts: what it shows; None where they cannot be read, being of another version.
    """

    run: str
    page: Path
    facts: Facts | None


def reports(work: Path) -> tuple[Report, ...]:
    """Returns the reports of a work directory, the oldest first.

    Raises:
        Misuse: if there are none.
    """
    folder = WorkDir(work.resolve()).reports
    found = [
        Report(page.parent.name, page, _facts(page.with_name(FACTS_FILE)))
        for page in sorted(folder.glob(f"*/{PAGE_FILE}"))
    ]
    if not found:
        raise Misuse(
            f"there is no report in {place(folder)}. WORK_DIR is where a run wrote, as in "
            "runs/demo; every run that gets past its logs writes a report"
        )
    return tuple(found)


def _facts(path: Path) -> Facts | None:
    try:
        return Facts.model_validate_json(path.read_bytes())
    except (OSError, pydantic.ValidationError):
        return None


def choose(found: Sequence[Report], run: str) -> Report:
    """Returns the report of a run.

    Raises:
        Misuse: if there is none; it names the nearest.
    """
    for report in found:
        if report.run == run:
            return report
    ids = [report.run for report in found]
    near = difflib.get_close_matches(run, ids, n=1, cutoff=0) or ids
    raise Misuse(f"run {run!r} has no report. Did you mean {near[0]}? There are {len(ids)}")


def side_by_side(work: Path, first: Report, second: Report) -> Path:
    """Writes two runs side by side, and returns where.

    Raises:
        Misuse: if the facts of one cannot be read.
    """
    one, other = _readable(first), _readable(second)
    path = WorkDir(work.resolve()).reports / f"{first.run}-{second.run}.html"
    aside = path.with_suffix(".part")
    aside.write_text(compare(one, other), encoding="utf-8")
    aside.replace(path)
    return path


def _readable(report: Report) -> Facts:
    if report.facts is None:
        raise Misuse(
            f"the facts of run {report.run} cannot be read: another version of funnelrank wrote "
            f"them. Its page can: {place(report.page)}"
        )
    return report.facts


def reports_table(found: Sequence[Report]) -> Table:
    """Returns the runs, the oldest first: when, what became of the model, its main figures."""
    lines = [headline(report.facts) if report.facts else None for report in found]
    outputs = dict.fromkeys(card.output for line in lines if line for card in line.cards)
    rows = []
    for report, line in zip(found, lines, strict=True):
        if line is None:
            rows.append((report.run, "cannot be read", *("" for _ in outputs)))
            continue
        values = {card.output: card.value for card in line.cards}
        said = f"[{_COLOURS[line.state]}]{escape(line.title)}[/]"
        rows.append((report.run, said, *(values.get(output, "") for output in outputs)))
    return plain_table("Reports", ("run", "model", *outputs), rows, left=("model",))

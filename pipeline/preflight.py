"""Everything that can be known to be wrong before any work starts, and what a run will read."""

import dataclasses
import datetime
from collections.abc import Iterable, Sequence

import pyarrow as pa

from components.log_example_gen.config import cut_off
from components.log_example_gen.files import fingerprint, sources
from components.log_example_gen.read import Unreadable, read
from components.log_example_gen.rejects import Rejects
from components.log_example_gen.spans import choose_spans
from pipeline.beam_runner import check_job_service
from pipeline.config import PipelineConfig
from pipeline.errors import Misuse
from pipeline.schema import schema_of
from schemas.columns import source_columns
from schemas.logs import HashSplit


@dataclasses.dataclass(frozen=True)
class Inputs:
    """What one run reads.

    Attributes:
        spans: the dates, oldest first.
        fingerprint: of every log file that will be read.
        as_of: the cut-off: what happened later is not known yet.
    """

    spans: tuple[datetime.date, ...]
    fingerprint: str
    as_of: datetime.datetime


def resolve_inputs(
    config: PipelineConfig,
    span: datetime.date | None = None,
    window: int | None = None,
    as_of: datetime.datetime | None = None,
) -> Inputs:
    """Returns what a run will read, after checking that it can be read.

    Args:
        config: of the pipeline.
        span: the newest span; the newest with impressions if None.
        window: how many spans up to it; the config's if None.
        as_of: the cut-off; now if None.

    Raises:
        Misuse: if a span is empty or lies after the cut-off, too many files cannot be read, a
            column is absent, the schema does not describe one, the split leaves nothing to train
            on, or no job service of Beam's answers where the config says.
    """
    known = as_of or datetime.datetime.now(datetime.UTC)
    schema_of(config)
    check_job_service(config.beam)
    try:
        spans = choose_spans(config.logs, config.split, span, window or config.window, known)
        known = cut_off(known, spans, config.attribution)
        _check_columns(config, spans)
        read_files = sources(config.logs, spans, config.attribution)
        return Inputs(spans, fingerprint(read_files), known)
    except ValueError as error:
        raise Misuse(str(error)) from error


def _check_columns(config: PipelineConfig, spans: tuple[datetime.date, ...]) -> None:
    """Checks the first readable file of each log for the columns that the config names.

    Raises:
        Unreadable: if no file of a log can be read, or one more than may be broken.
        ValueError: if a column is absent.
    """
    wanted = {
        name: [*log.id, log.time.column, *filter(None, [log.event_id, log.value])]
        for name, log in config.logs.present().items()
    }
    wanted["impressions"] += [c.name for c in source_columns(config.columns(), config.logs)]
    if isinstance(config.split, HashSplit):
        wanted["impressions"].append(config.split.key)
    checked: set[str] = set()
    unreadable: list[tuple[str, Unreadable]] = []
    for source in sources(config.logs, spans, config.attribution):
        if source.log in checked:
            continue
        try:
            columns = _first_columns(source.path, wanted[source.log])
        except Unreadable as error:
            unreadable.append((source.log, error))
            if len(unreadable) > config.limits.max_broken_files:  # LogGate would refuse them too
                raise
            continue
        for field in columns:
            checked.add(source.log)
            # Where rows need not have every key (JSONL), one that none has is of type null.
            if pa.types.is_null(field.type):
                raise ValueError(
                    f"{source.path} has no column {field.name!r} in its first rows; the config "
                    "names it"
                )
    for log, first in unreadable:
        if log not in checked:
            raise first


def _first_columns(path: str, wanted: Sequence[str]) -> Iterable[pa.Field]:
    """Returns the wanted columns as the first rows of a file have them; none if it has no row."""
    rows = next(read(path, wanted, Rejects("", path)), None)
    return () if rows is None else rows.batch.schema

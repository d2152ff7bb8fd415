"""What became of impressions, by the rules of attribution that make the examples of a run."""

import collections
import dataclasses
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from components.log_example_gen import ledger
from components.log_example_gen.blocks import Reading, read_blocks
from components.log_example_gen.config import IngestConfig
from components.log_example_gen.files import bundles
from components.log_example_gen.join import Joining, label
from components.log_example_gen.rejects import FILE
from components.log_example_gen.spill import Segment
from pipeline.config import PipelineConfig
from pipeline.errors import RunFailed
from pipeline.monitoring.period import Period
from schemas.columns import Column
from schemas.logs import (
    CLICK_MATURE,
    CONVERSION_MATURE,
    EVAL,
    IMPRESSION_ID,
    SETTLED,
    TimeSplit,
)

_AGES = (CLICK_MATURE, CONVERSION_MATURE, SETTLED)
Columns = Mapping[str, npt.NDArray[np.float64]]
_NONE = np.zeros(0)


@dataclasses.dataclass(frozen=True)
class Outcomes:
    """What became of the impressions of a partition.

    Attributes:
        ids: [N] of the impressions, each once.
        columns: [N] each: labels, masks, and whether labels are mature or settled; NaN where one
            is absent.
    """

    ids: pa.Array
    columns: Columns


class OutcomeReader:
    """Reads the logs once, and labels a partition at a time.

    Args:
        config: of the pipeline.
        period: which files to read.
        partitions: over how many to deal the rows out.
        folder: where rows wait.
    """

    def __init__(self, config: PipelineConfig, period: Period, partitions: int, folder: Path):
        self._columns = outcome_columns(config)
        ingest = IngestConfig(
            logs=config.logs,
            attribution=config.attribution,
            split=TimeSplit(eval=1),
            columns=self._columns,
        )
        splits = dict.fromkeys(period.spans, EVAL)
        self._reading = Reading(
            ingest, splits, period.known_until, partitions, str(folder), sampled=0.0
        )
        self._joining = Joining(ingest, period.spans, period.known_until, period.logs)
        self._limit = config.limits.max_broken_files

    def read(self) -> dict[int, list[Segment]]:
        """Reads all files, and returns where their rows wait, by partition.

        Raises:
            RunFailed: if more files are broken than the config's limit.
        """
        segments: dict[int, list[Segment]] = collections.defaultdict(list)
        broken, first = 0, ""
        for group in bundles(self._joining.sources):
            for block in read_blocks(group, self._reading):
                for partition, segment in block.segments:
                    segments[partition].append(segment)
                files = _broken(block.account)
                broken, first = broken + files, first or _first(block.account)
        if broken > self._limit:
            raise RunFailed(
                f"{broken} file(s) of the logs cannot be read to their end, so outcomes would be "
                f"missing: {first}. Mend them, or raise limits.max_broken_files"
            )
        return segments

    def label(self, partition: int, tables: Mapping[str, pa.RecordBatch]) -> Outcomes:
        """Returns what became of the impressions of a partition."""
        parts = label(partition, tables, self._joining).labelled
        names = [column.name for column in self._columns if column.role != "key"]
        ids = [part.column(IMPRESSION_ID) for part in parts]
        columns = {
            name: np.concatenate([_NONE, *(numbers(part.column(name)) for part in parts)])
            for name in names
        }
        return Outcomes(pa.concat_arrays(ids) if ids else pa.array([], pa.string()), columns)


def outcome_columns(config: PipelineConfig) -> tuple[Column, ...]:
    """Returns the columns of an example that say what became of it: no feature is encoded."""
    masks = {head.mask for head in config.heads.values()}
    found = []
    for column in config.columns():
        if column.role in ("key", "label") or column.name in _AGES:
            found.append(column)
        elif column.name in masks:
            # A label travels as it is, where a mask would be encoded.
            role = column.role if column.role == "outcome" else "label"
            found.append(dataclasses.replace(column, role=role))
    return tuple(found)


def numbers(array: pa.Array) -> npt.NDArray[np.float64]:
    """Returns a column as float64, NaN where a value is absent."""
    return np.asarray(array.cast(pa.float64()).fill_null(np.nan))


def _broken(account: ledger.Account) -> int:
    return sum(count for path, count in account.counts.items() if path[0] == ledger.BROKEN)


def _first(account: ledger.Account) -> str:
    """Returns a broken file and what it suffers from, or ""."""
    found = (
        f"{first['file']} {first['reason']}"
        for (_, scope, _), first in sorted(account.firsts.items())
        if scope == FILE
    )
    return next(found, "")

"""Shards of a span -> a sample of its examples, counts of its labels and of its values."""

import collections
import dataclasses
import os
import re
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import apache_beam as beam
import numpy as np
from apache_beam.pvalue import TaggedOutput
from tfx.dsl.io import fileio

from components.log_example_gen.decode import Columns, hashes, present, read_columns
from components.span_statistics.settings import StatisticsSettings, rates
from components.span_statistics.summary import Rate
from components.span_statistics.unseen import count_values, deal
from evaluation.populations import counted, outcome_columns
from schemas.logs import EXAMPLE_WEIGHT

LABELS = "labels"
SAMPLES = "samples"
VALUES = "values"
# Shards that one worker reads at a time, about 64 MiB each.
_SHARDS = 4
_SPAN = re.compile(r"-(\d{4}-\d{2}-\d{2})-\d{5}-of-\d{5}\.gz$")


@dataclasses.dataclass(frozen=True)
class Piece:
    """Some shards of a span.

    Attributes:
        span: ISO date.
        paths: of the shards.
        share: of their examples that are sampled.
    """

    span: str
    paths: tuple[str, ...]
    share: float


def shards(uri: str, splits: Iterable[str]) -> dict[str, list[str]]:
    """Returns the paths of an Examples artifact's shards by span, the newest last.

    Raises:
        ValueError: if there are none, or one is not named as LogExampleGen names them.
    """
    found: dict[str, list[str]] = collections.defaultdict(list)
    for split in splits:
        for path in fileio.glob(f"{uri}/Split-{split}/*"):
            named = _SPAN.search(path)
            if named is None:
                raise ValueError(
                    f"{path} is no shard of a span: examples must come from LogExampleGen, which "
                    "names the date in each"
                )
            found[named[1]].append(path)
    if not found:
        raise ValueError(f"there are no examples in {uri}: ingestion must come first")
    return {span: sorted(found[span]) for span in sorted(found)}


def pieces(found: Mapping[str, Sequence[str]], shares: Mapping[str, float]) -> list[Piece]:
    """Returns the shards in pieces of one span, a few each.

    Args:
        found: paths by span.
        shares: which share of its examples is sampled, by span.
    """
    return [
        Piece(span, tuple(paths[start : start + _SHARDS]), shares[span])
        for span, paths in found.items()
        for start in range(0, len(paths), _SHARDS)
    ]


class Scan(beam.DoFn):
    """Piece -> (piece, Rates by label), and tagged SAMPLES and VALUES.

    SAMPLES are (span, first path, serialized examples); VALUES ((feature, part), (span, Values)).

    Args:
        settings: of the component.
        parts: how many parts the values of a feature are dealt out to.
    """

    def __init__(self, settings: StatisticsSettings, parts: int):
        super().__init__()
        self._settings = settings
        self._parts = parts

    def process(self, piece: Piece) -> Iterator[Any]:
        """Reads the shards once."""
        settings = self._settings
        names = [column.name for column in settings.columns]
        wanted = {*outcome_columns(settings.heads, names), *settings.vocabularies()}
        # The names of the shards decide what is sampled: it is the same in every run.
        names_of_shards = "".join(map(os.path.basename, piece.paths))
        draws = np.random.default_rng(zlib.crc32(names_of_shards.encode()))
        labels = dict.fromkeys(rates(settings.heads), Rate())
        texts: dict[str, list[Any]] = collections.defaultdict(list)
        sample: list[bytes] = []
        for columns in read_columns(piece.paths, settings.columns, wanted):
            for name, rate in self._rates(columns).items():
                labels[name] += rate
            for name in settings.vocabularies():
                texts[name].append(_values(columns, name))
            chosen = draws.random(len(columns.serialized)) < piece.share
            sample += columns.serialized.numpy()[chosen].tolist()
        yield piece.span, labels
        yield TaggedOutput(SAMPLES, (piece.span, piece.paths[0], sample))
        for name, found in texts.items():
            values = count_values(*(np.concatenate(arrays) for arrays in zip(*found, strict=True)))
            for part, dealt in enumerate(deal(values, self._parts)):
                yield TaggedOutput(VALUES, ((name, part), (piece.span, dealt)))

    def _rates(self, columns: Columns) -> dict[str, Rate]:
        found = {}
        for name, output in rates(self._settings.heads).items():
            rows = counted(output, self._settings.heads, columns.numbers)
            weight = rows.weight[rows.kept]
            found[name] = Rate(
                rows=len(weight),
                left_out=int(rows.masked.sum()),
                weight=float(weight.sum()),
                squares=float(weight @ weight),
                events=float(weight @ rows.label[rows.kept]),
            )
        return found


def _values(columns: Columns, name: str) -> tuple[np.ndarray, np.ndarray]:
    """Returns the hashes of a column's values, where there is one, and the weights of the rows."""
    there = present(columns.texts[name]).numpy()
    weights = columns.numbers.get(EXAMPLE_WEIGHT, np.ones(len(there)))
    return hashes(columns.texts[name])[there], weights[there]

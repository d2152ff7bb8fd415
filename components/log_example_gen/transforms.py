"""The Beam steps: read, deal out by id, label, write, and add up what was counted.

What travels between steps is few and large: blocks of Arrow record batches, never a row.
"""

import datetime
import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import apache_beam as beam
import pyarrow.compute as pc
from apache_beam.io.filesystem import CompressionTypes
from apache_beam.io.filesystems import FileSystems
from apache_beam.pvalue import PCollection

from components.log_example_gen import join, ledger
from components.log_example_gen.blocks import Block, read_blocks, tables
from components.log_example_gen.config import EVAL, TRAIN, IngestConfig, eval_spans
from components.log_example_gen.encode import encode
from components.log_example_gen.files import Source
from components.log_example_gen.join import Labelled
from components.log_example_gen.tfrecord import Shard, shard_name

COUNTS = "counts"
LEDGER_FILE = "ledger.json"
INCOMPLETE = "incomplete"


class ReadEvents(beam.PTransform):
    """Files -> blocks of typed rows, keyed by the partition of their ids.

    Takes (number, Source) pairs; returns `blocks`, of (partition, Block), and `counts`.
    """

    def __init__(self, config: IngestConfig, spans: Sequence[datetime.date], partitions: int):
        super().__init__()
        self._rest = (config, eval_spans(config.split, spans), partitions)

    def expand(self, pcoll: PCollection) -> Any:
        """Wires reading: files are spread first, for one worker may have listed them."""
        read = (
            pcoll
            | "Spread the files" >> beam.Reshuffle()
            | "Read" >> beam.FlatMap(_read, *self._rest).with_outputs(COUNTS, main="blocks")
        )
        return {"blocks": read["blocks"], COUNTS: read[COUNTS]}


class LabelImpressions(beam.PTransform):
    """Blocks of the three logs -> the labelled impressions of each partition and split.

    Takes (partition, Block) pairs; returns `examples`, of Labelled, and `counts`.
    """

    def __init__(self, config: IngestConfig):
        super().__init__()
        self._config = config

    def expand(self, pcoll: PCollection) -> Any:
        """Wires the join: all blocks of a partition come to one place."""
        labelled = (
            pcoll
            | "Meet in a partition" >> beam.GroupByKey()
            | "Join and label"
            >> beam.FlatMap(_label, self._config).with_outputs(COUNTS, main="examples")
        )
        return {"examples": labelled["examples"], COUNTS: labelled[COUNTS]}


class WriteExamples(beam.PTransform):
    """Labelled impressions -> one gzip TFRecord shard each; returns their paths."""

    def __init__(self, uri: str, partitions: int):
        super().__init__()
        self._rest = (uri, partitions)

    def expand(self, pcoll: PCollection) -> PCollection:
        """Wires the writing of one shard for each split of each partition."""
        return pcoll | "Encode and write" >> beam.Map(_write_shard, *self._rest)


class WriteLedger(beam.PTransform):
    """Counts -> their sums, checked, as one JSON file; returns its path."""

    def __init__(self, uri: str):
        super().__init__()
        self._uri = uri

    def expand(self, pcoll: PCollection) -> PCollection:
        """Wires the sum of the counts and its check."""
        return (
            pcoll
            | "Add up" >> beam.CombineGlobally(ledger.add)
            | "Check and write" >> beam.Map(_write_ledger, self._uri)
        )


def _read(
    numbered: tuple[int, Source], config: IngestConfig, evaluated: frozenset[Any], partitions: int
) -> Iterator[Any]:
    for found in read_blocks(*numbered, config, evaluated, partitions):
        yield beam.pvalue.TaggedOutput(COUNTS, found) if isinstance(found, dict) else found


def _label(keyed: tuple[int, Iterable[Block]], config: IngestConfig) -> Iterator[Any]:
    partition, blocks = keyed
    labelled, counts = join.label(partition, tables(blocks), config.logs, config.attribution)
    for examples in labelled:
        counts = ledger.add([counts, _positives(examples, config)])
        yield examples
    yield beam.pvalue.TaggedOutput(COUNTS, dict(counts))


def _positives(examples: Labelled, config: IngestConfig) -> ledger.Counts:
    """Counts the examples of a split, and those where each label is 1."""
    counts: dict[tuple[str, ...], int] = {("examples", examples.split): len(examples.rows)}
    for column in config.columns:
        if column.role == "label" and column.type == "int":
            values = examples.column(column.name)
            counts["positives", examples.split, column.name] = pc.sum(values).as_py() or 0
    return counts


def _write_shard(examples: Labelled, uri: str, partitions: int) -> str:
    path = FileSystems.join(uri, shard_name(examples.split, examples.partition, partitions))
    with Shard(path, FileSystems.join(uri, INCOMPLETE)) as shard:
        for batch in examples.batches():
            shard.write(encode(batch))
    return path


def _write_ledger(counts: ledger.Counts, uri: str) -> str:
    ledger.check(counts, (TRAIN, EVAL))
    path = FileSystems.join(uri, LEDGER_FILE)
    with FileSystems.create(path, compression_type=CompressionTypes.UNCOMPRESSED) as file:
        file.write(json.dumps(ledger.nested(counts), indent=2).encode())
    return path

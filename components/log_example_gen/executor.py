"""What TFX runs: properties in, a Beam pipeline, artifacts out."""

import datetime
import json
import time
from typing import Any

import apache_beam as beam
from tfx import types
from tfx.components.util import examples_utils
from tfx.dsl.components.base import base_beam_executor
from tfx.dsl.io import fileio
from tfx.proto import example_gen_pb2
from tfx.types import artifact_utils

from components.log_example_gen import files, partition
from components.log_example_gen.blocks import Reading
from components.log_example_gen.config import (
    IngestConfig,
    cut_off,
    parse_as_of,
    span_number,
    splits_of_spans,
)
from components.log_example_gen.contents import digests, write_contents
from components.log_example_gen.join import Joining
from components.log_example_gen.spans import choose_spans
from components.log_example_gen.transforms import (
    ACCOUNTS,
    INCOMPLETE,
    LEDGER_FILE,
    REJECTS,
    SAMPLES,
    SEGMENTS,
    FindLeaks,
    ReadEvents,
    WriteExamples,
    WriteLedger,
    WriteRejects,
)
from schemas.logs import split_names
from schemas.spans import SPANS, parse_span, spans_text

# Impressions in which leaks are looked for, about.
LEAK_SAMPLE_ROWS = 50_000
# Custom properties of the examples, besides SPANS.
AS_OF = "as_of"
FINGERPRINT = "fingerprint"
UNCLICKED = "unclicked"
# In the ledger.
SPLITS = "splits"


class Executor(base_beam_executor.BaseBeamExecutor):
    """Joins, labels and writes the logs of some spans."""

    def Do(
        self,
        input_dict: dict[str, list[types.Artifact]],
        output_dict: dict[str, list[types.Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Fills the artifacts `examples`, `ledger` and `rejects`; called by TFX.

        The spans are resolved here, not in a driver: open-source Kubeflow runs none.

        Args:
            input_dict: nothing.
            output_dict: the three artifacts.
            exec_properties: as the component says.

        Raises:
            ValueError: if there are no such spans, a log has no file, the files are not those whose
                fingerprint was told, or rows were lost.
        """
        self._log_startup(input_dict, output_dict, exec_properties)
        config = IngestConfig.model_validate_json(exec_properties["config"])
        now = datetime.datetime.now(datetime.UTC)
        as_of = parse_as_of(exec_properties["as_of"]) if exec_properties["as_of"] else now
        span = parse_span(exec_properties["span"]) if exec_properties["span"] else None
        spans = choose_spans(config.logs, config.split, span, exec_properties["window"], as_of)
        of_spans = splits_of_spans(config.split, spans)
        known = cut_off(as_of, spans, config.attribution)
        sources = files.sources(config.logs, spans, config.attribution)
        found, expected = files.fingerprint(sources), exec_properties["fingerprint"]
        if expected and found != expected:  # the examples would be cached as those of other files
            raise ValueError(
                "log files came, changed or went between the checks and the reading: run the same "
                "command again"
            )
        examples, ledger, rejects = (
            artifact_utils.get_single_instance(output_dict[name])
            for name in ("examples", "ledger", "rejects")
        )
        _describe(examples, config, spans, known)
        examples.set_string_custom_property(FINGERPRINT, found)
        splits = split_names(config.split)
        incomplete = f"{examples.uri}/{INCOMPLETE}"
        folders = [f"{examples.uri}/Split-{split}" for split in splits]
        for folder in (*folders, incomplete, ledger.uri, rejects.uri):
            fileio.makedirs(folder)

        partitions = partition.count(sources)
        known_until = round(known.timestamp() * 1_000_000)
        sampled = partition.share_of_rows(sources, LEAK_SAMPLE_ROWS)
        reading = Reading(config, of_spans, known_until, partitions, incomplete, sampled)
        joining = Joining(config, spans, known_until, sources)
        facts = {AS_OF: known.isoformat(), UNCLICKED: _unclicked(config), SPLITS: splits}
        with self._make_beam_pipeline() as pipeline:
            read = (
                pipeline
                | "List the files" >> beam.Create(files.bundles(sources))
                | "Read the logs" >> ReadEvents(reading)
            )
            written = read[SEGMENTS] | "Write the examples" >> WriteExamples(
                joining, examples.uri, partitions
            )
            leaks = written[SAMPLES] | "Find leaks" >> FindLeaks(config)
            (
                (read[ACCOUNTS], written[ACCOUNTS])
                | "Gather the accounts" >> beam.Flatten()
                | "Write the ledger" >> WriteLedger(ledger.uri, rejects.uri, leaks, facts)
            )
            (
                (read[REJECTS], written[REJECTS])
                | "Gather the rejects" >> beam.Flatten()
                | "Write the rejects" >> WriteRejects(rejects.uri)
            )
        fileio.rmtree(incomplete)
        with fileio.open(f"{ledger.uri}/{LEDGER_FILE}") as file:
            told = json.loads(file.read())
        write_contents(examples.uri, digests(config, sources, told["spans"]))


def _describe(
    examples: types.Artifact,
    config: IngestConfig,
    spans: tuple[datetime.date, ...],
    known: datetime.datetime,
) -> None:
    """Says on the artifact what the examples are, as TFX's own readers and ours want to know it."""
    examples.split_names = artifact_utils.encode_split_names(list(split_names(config.split)))
    examples.span = span_number(spans[-1])
    # A span that is read again is a newer version of itself.
    examples.version = int(time.time())
    tf_example = example_gen_pb2.PayloadFormat.Value("FORMAT_TF_EXAMPLE")  # type: ignore[attr-defined]
    examples_utils.set_payload_format(examples, tf_example)
    examples_utils.set_file_format(examples, "tfrecords_gzip")
    examples.set_string_custom_property(SPANS, spans_text(spans))
    examples.set_string_custom_property(AS_OF, known.isoformat())
    examples.set_float_custom_property(UNCLICKED, _unclicked(config))


def _unclicked(config: IngestConfig) -> float:
    """Returns the share of unclicked training impressions that are examples."""
    return 1.0 if config.sampling is None else config.sampling.unclicked

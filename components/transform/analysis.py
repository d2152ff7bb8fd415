"""Vocabularies, means and quantiles of the training split, found span by span.

What tf.Transform finds of rows can be added up: it is kept for each span, and of a moved window
only the new span is read.
"""

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import apache_beam as beam
import tensorflow_transform as tft
import tensorflow_transform.beam as tft_beam
from tensorflow_metadata.proto.v0 import schema_pb2
from tensorflow_transform.beam import analysis_graph_builder, analyzer_cache
from tensorflow_transform.beam.tft_beam_io.beam_metadata_io import WriteMetadata
from tensorflow_transform.beam.tft_beam_io.transform_fn_io import WriteTransformFn
from tensorflow_transform.tf_metadata import dataset_metadata
from tfx_bsl.tfxio import tf_example_record

from components.transform.accumulation import accumulate
from components.transform.analyses import Analyses, read_values

# Packs a batch, as tf.Transform's preprocessing functions do.
PreprocessingFn = Callable[[Mapping[str, Any]], Mapping[str, Any]]
# So many new spans are analysed one by one, and kept: the newest, which stay in the window longest.
# Each is a copy of every analyser; older ones are analysed together.
MOST_APART = 8
# With more copies of analysers than these, spans are found by one pipeline and added up by the
# next: a pipeline's memory grows with the square of its steps.
MOST_COPIES = 100
_KNOWN = analyzer_cache.DatasetKey("known")
_TOGETHER = analyzer_cache.DatasetKey("together", is_cached=False)
_Cache = dict[analyzer_cache.DatasetKey, analyzer_cache.DatasetCache]
_Patterns = dict[analyzer_cache.DatasetKey, list[str]]
_Rows = dict[analyzer_cache.DatasetKey, beam.PCollection]


@dataclasses.dataclass(frozen=True)
class Plan:
    """What an analysis reads.

    Attributes:
        known: copies of the analyses that are kept, by name.
        apart: the names of those that are made, and kept from now on.
        together: the names of spans that are analysed as one.
        entries: what tf.Transform finds of a span.
    """

    known: Mapping[str, str]
    apart: tuple[str, ...]
    together: tuple[str, ...]
    entries: frozenset[bytes]

    @property
    def split(self) -> bool:
        """Whether `apart` is found by a pipeline of its own, before the one that adds up."""
        return len(self.apart) * len(self.entries) > MOST_COPIES


class Analysis:
    """The analysis of some spans.

    Args:
        files: for the name of each span's analysis a pattern of gzipped TFRecords of tf.Examples.
            Names sort as the spans do.
        schema: of the examples.
        preprocessing_fn: what to find analyses for.
    """

    def __init__(
        self, files: Mapping[str, str], schema: schema_pb2.Schema, preprocessing_fn: PreprocessingFn
    ):
        self._files = files
        self._schema = schema
        self._fn = preprocessing_fn
        self._source = _source(list(files.values()), schema)
        self._specs = self._source.TensorAdapter().OriginalTypeSpecs()
        self._columns = tft.get_analyze_input_columns(preprocessing_fn, self._specs)
        self._batches = self._source.Project(self._columns)

    def plan(self, analyses: Analyses, temporary: str) -> Plan:
        """Returns what to read, after copying what is known to the folder `temporary`."""
        entries = analysis_graph_builder.get_analysis_cache_entry_keys(
            self._fn, self._specs, [_KNOWN], False
        )
        known = analyses.fetch(self._files, temporary, entries)
        new = sorted(self._files.keys() - known.keys())
        return Plan(known, tuple(new[-MOST_APART:]), tuple(new[:-MOST_APART]), frozenset(entries))

    def find(self, pipeline: beam.Pipeline, plan: Plan, analyses: Analyses) -> None:
        """Wires in what finds and keeps the spans of `plan.apart`; inside a `tft_beam.Context`.

        Args:
            pipeline: to wire it into.
            plan: what to read.
            analyses: where to keep what is new.
        """
        rows = self._read(pipeline, self._patterns(plan.apart))
        made = accumulate(pipeline, rows, self._batches.TensorAdapterConfig(), self._fn)
        for key, found in made.items():
            _keep(found, key.key, plan, analyses)

    def proceed(self, plan: Plan, analyses: Analyses, temporary: str) -> Plan:
        """Returns what is left to read when `find` has run, as `plan` returns it."""
        found = analyses.fetch(plan.apart, temporary, plan.entries)
        left = tuple(name for name in plan.apart if name not in found)
        return dataclasses.replace(plan, known={**plan.known, **found}, apart=left)

    def run(self, pipeline: beam.Pipeline, plan: Plan, analyses: Analyses, graph: str) -> None:
        """Wires the analysis into a pipeline; to be called inside a `tft_beam.Context`.

        Args:
            pipeline: to wire it into.
            plan: what to read.
            analyses: where to keep what is new.
            graph: where to write the transform graph.
        """
        patterns = self._patterns(plan.apart)
        if plan.together:
            patterns[_TOGETHER] = [self._files[name] for name in plan.together]
        rows = self._read(pipeline, patterns)
        cache = _known(pipeline, plan) if plan.known else {}
        transform_fn, found = (
            {**rows, **dict.fromkeys(cache)},
            cache,
            self._batches.TensorAdapterConfig(),
        ) | "Analyse" >> tft_beam.AnalyzeDatasetWithCache(self._fn, pipeline=pipeline)
        _ = transform_fn | "Write the graph" >> WriteTransformFn(graph)
        _ = dataset_metadata.DatasetMetadata(self._schema) | "Write the metadata" >> WriteMetadata(
            f"{graph}/{tft.TFTransformOutput.RAW_METADATA_DIR}", pipeline
        )
        for key, made in (found or {}).items():
            _keep(made.cache_dict, key.key, plan, analyses)

    def _patterns(self, names: Iterable[str]) -> _Patterns:
        return {analyzer_cache.DatasetKey(name): [self._files[name]] for name in names}

    def _read(self, pipeline: beam.Pipeline, patterns: _Patterns) -> _Rows:
        return {
            key: pipeline
            | f"Read {key.key}" >> _source(found, self._schema).Project(self._columns).BeamSource()
            for key, found in patterns.items()
        }


def _source(patterns: list[str], schema: schema_pb2.Schema) -> tf_example_record.TFExampleRecord:
    return tf_example_record.TFExampleRecord(
        patterns, schema=schema, telemetry_descriptors=["Transform"]
    )


def _known(pipeline: beam.Pipeline, plan: Plan) -> _Cache:
    """Returns all known analyses as that of one dataset: they are added up in any case.

    As one each they would be a step a span and entry, thousands in a long window.
    """
    tags = {entry: entry.hex() for entry in plan.entries}
    values = (
        pipeline
        | "List what is known" >> beam.Create(sorted(plan.known.values()))
        | "Spread it" >> beam.Reshuffle()
        | "Read it" >> beam.FlatMap(_tagged).with_outputs(*tags.values())
    )
    return {_KNOWN: analyzer_cache.DatasetCache({e: values[tag] for e, tag in tags.items()}, None)}


def _tagged(path: str) -> Iterator[beam.pvalue.TaggedOutput]:
    for entry, value in read_values(path):
        yield beam.pvalue.TaggedOutput(entry.hex(), value)


def _keep(
    found: Mapping[bytes, beam.PCollection], name: str, plan: Plan, analyses: Analyses
) -> beam.PCollection:
    """Wires the writing of what was found of a span: all of it comes to one place."""
    keyed = [
        values
        | f"Entry {i} of {name}" >> beam.Map(lambda value, entry: ("", (entry, value)), entry)
        for i, (entry, values) in enumerate(sorted(found.items()))
    ]
    return (
        keyed
        | f"Gather {name}" >> beam.Flatten()
        | f"Meet {name}" >> beam.GroupByKey()
        | f"Keep {name}"
        >> beam.MapTuple(lambda _, values: analyses.write(name, plan.entries, values))
    )

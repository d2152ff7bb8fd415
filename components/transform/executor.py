"""What TFX runs: examples in, a Beam pipeline that analyses, one that packs, artifacts out."""

import contextlib
import datetime
import functools
import hashlib
import json
import logging
from collections.abc import Iterator
from typing import Any

import apache_beam as beam
import tensorflow_transform as tft
import tensorflow_transform.beam as tft_beam
from tfx import types
from tfx.components.util import examples_utils
from tfx.dsl.components.base import base_beam_executor
from tfx.dsl.io import fileio
from tfx.proto import example_gen_pb2
from tfx.types import artifact_utils
from tfx.utils import import_utils, io_utils

from components.log_example_gen.contents import train_contents
from components.transform.analyses import Analyses
from components.transform.analysis import Analysis, PreprocessingFn
from components.transform.packing import PackShards, packed_shards
from components.transform.properties import ANALYSED, TRAINED
from schemas.spans import SPANS, SPANS_FILE

_TEMPORARY = ".temporary"


class Executor(base_beam_executor.BaseBeamExecutor):
    """Analyses the spans of the training split that are new, and packs all splits."""

    def Do(
        self,
        input_dict: dict[str, list[types.Artifact]],
        output_dict: dict[str, list[types.Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Fills the artifacts `transform_graph` and `transformed_examples`; called by TFX.

        Args:
            input_dict: `examples` of LogExampleGen and their `schema`.
            output_dict: the two artifacts.
            exec_properties: as the component says.
        """
        self._log_startup(input_dict, output_dict, exec_properties)
        examples, schema = (
            artifact_utils.get_single_instance(input_dict[name]) for name in ("examples", "schema")
        )
        graph, packed = (
            artifact_utils.get_single_instance(output_dict[name])
            for name in ("transform_graph", "transformed_examples")
        )
        self._analyse(examples, schema, graph, exec_properties)
        self._pack(examples, graph, packed)

    def _analyse(
        self,
        examples: types.Artifact,
        schema: types.Artifact,
        graph: types.Artifact,
        exec_properties: dict[str, Any],
    ) -> None:
        path, config = exec_properties["preprocessing_fn"], exec_properties["custom_config"]
        parsed = io_utils.SchemaReader().read(io_utils.get_only_uri_in_dir(schema.uri))
        files = {
            _name(span, [content, path, config, str(parsed), tft.__version__]): pattern
            for span, (content, pattern) in train_contents(examples.uri).items()
        }
        analyses = Analyses(exec_properties["analyses"])
        analysis = Analysis(files, parsed, _preprocessing_fn(path, config))
        temporary = f"{graph.uri}/{_TEMPORARY}"
        fileio.makedirs(temporary)
        plan = analysis.plan(analyses, temporary)
        read = len(files) - len(plan.known)
        logging.info("Analysing %d of %d spans: %s are known", read, len(files), sorted(plan.known))
        if plan.split:
            with self._pipeline(temporary) as pipeline:
                analysis.find(pipeline, plan, analyses)
            plan = analysis.proceed(plan, analyses, temporary)
        with self._pipeline(temporary) as pipeline:
            analysis.run(pipeline, plan, analyses, graph.uri)
        analyses.drop(files, datetime.datetime.now(datetime.UTC))
        spans = examples.get_string_custom_property(SPANS)
        io_utils.write_string_file(f"{graph.uri}/{SPANS_FILE}", spans)
        fileio.rmtree(temporary)
        graph.set_int_custom_property(ANALYSED, read)
        graph.set_int_custom_property(TRAINED, len(files))

    @contextlib.contextmanager
    def _pipeline(self, temporary: str) -> Iterator[beam.Pipeline]:
        with (
            self._make_beam_pipeline() as pipeline,
            tft_beam.Context(temp_dir=temporary, use_deep_copy_optimization=True),
        ):
            yield pipeline

    def _pack(
        self, examples: types.Artifact, graph: types.Artifact, packed: types.Artifact
    ) -> None:
        splits = artifact_utils.decode_split_names(examples.split_names)
        incomplete = f"{packed.uri}/{_TEMPORARY}"
        for folder in (*(f"{packed.uri}/Split-{split}" for split in splits), incomplete):
            fileio.makedirs(folder)
        with self._make_beam_pipeline() as pipeline:
            _ = (
                pipeline
                | "List the shards" >> beam.Create(packed_shards(examples.uri, packed.uri, splits))
                | "Spread them" >> beam.Reshuffle()
                | "Pack" >> beam.ParDo(PackShards(graph.uri, incomplete))
            )
        fileio.rmtree(incomplete)
        packed.split_names = artifact_utils.encode_split_names(splits)
        packed.span = examples.span
        tf_example = example_gen_pb2.PayloadFormat.Value("FORMAT_TF_EXAMPLE")  # type: ignore[attr-defined]
        examples_utils.set_payload_format(packed, tf_example)
        examples_utils.set_file_format(packed, "tfrecords_gzip")


def _name(span: str, deciding: list[str]) -> str:
    """Returns the name of a span's analysis: other rows or another function, another name."""
    return f"{span}-{hashlib.sha256(json.dumps(deciding).encode()).hexdigest()[:16]}"


def _preprocessing_fn(path: str, config: str) -> PreprocessingFn:
    module, _, name = path.rpartition(".")
    return functools.partial(
        import_utils.import_func_from_module(module, name), custom_config=json.loads(config)
    )

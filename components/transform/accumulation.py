"""What tf.Transform finds of spans, and nothing more: not added up, no graph written.

Adding up takes ten times the Beam steps of finding a span, and in a local run each stage holds a
description of every step's result: a pipeline that only finds is small.

tf.Transform has no door for this. Here its own analysis is built, and of it only the nodes wired
that end in a span's cache.
"""

from collections.abc import Callable, Mapping
from typing import Any

import apache_beam as beam
import tensorflow_transform.beam as tft_beam
from tensorflow_transform import graph_tools, impl_helper, nodes
from tensorflow_transform.beam import analysis_graph_builder, analyzer_cache
from tensorflow_transform.beam import common as wiring
from tfx_bsl.tfxio import tensor_adapter


def accumulate(
    pipeline: beam.Pipeline,
    rows: Mapping[analyzer_cache.DatasetKey, beam.PCollection],
    config: tensor_adapter.TensorAdapterConfig,
    preprocessing_fn: Callable[[Mapping[str, Any]], Mapping[str, Any]],
) -> dict[analyzer_cache.DatasetKey, dict[bytes, beam.PCollection]]:
    """Wires what finds the entries of spans; to be called inside a `tft_beam.Context`.

    Args:
        pipeline: to wire it into.
        rows: of each span, Arrow record batches.
        config: of the batches.
        preprocessing_fn: what to find entries for.

    Returns:
        The encoded values of each span's entries: those that
        `tft_beam.AnalyzeDatasetWithCache` would give.
    """
    folder = tft_beam.Context.create_base_temp_dir()
    specs = tensor_adapter.TensorAdapter(config).OriginalTypeSpecs()
    graph, inputs, outputs = impl_helper.trace_preprocessing_function(
        preprocessing_fn, specs, False, folder
    )
    fingerprint = graph_tools.get_analyzers_fingerprint(graph, inputs)
    built: Any = analysis_graph_builder.build(graph, inputs, outputs, rows.keys(), cache_dict={})
    visitor = wiring.ConstructBeamPipelineVisitor(
        wiring.ConstructBeamPipelineVisitor.ExtraArgs(
            base_temp_dir=folder,
            pipeline=pipeline,
            flat_pcollection=None,
            pcollection_dict=dict(rows),
            tf_config=None,
            graph=graph,
            input_signature=inputs,
            input_specs=specs,
            input_tensor_adapter_config=config,
            use_tf_compat_v1=False,
            cache_pcoll_dict={},
            preprocessing_fn=preprocessing_fn,
            analyzers_fingerprint=fingerprint,
            save_options=tft_beam.Context.get_save_options(),
        )
    )
    wire = nodes.Traverser(visitor).visit_value_node
    return {
        key: {entry: wire(node) for entry, node in entries.items()}
        for key, entries in built[1].items()
    }

"""What TFX runs: examples and models in, a Beam pipeline that scores and counts, figures out."""

import logging
from collections.abc import Iterable, Sequence
from typing import Any

import apache_beam as beam
from apache_beam.io.filesystems import FileSystems
from tensorflow_model_analysis import constants
from tensorflow_model_analysis.evaluators import metrics_plots_and_validations_evaluator
from tensorflow_model_analysis.writers import (
    eval_config_writer,
    metrics_plots_and_validations_writer,
)
from tfx import types
from tfx.dsl.components.base import base_beam_executor
from tfx.dsl.io import fileio
from tfx.types import artifact_utils
from tfx.utils import path_utils

from components.baseline_model.component import OWN_BASELINE
from components.evaluator.answers import Sources
from components.evaluator.head_metrics import eval_config, extract, figures_of, metrics_of
from components.evaluator.scoring import SEGMENTS, VALUES, Score, Scoring
from components.evaluator.settings import EvaluatorSettings
from components.evaluator.slicing import MergeValues, slicings
from components.evaluator.tallies import MergeTallies
from components.evaluator.tallying import Tally, Tallying
from components.evaluator.truth import truth_files
from components.evaluator.writing import write_figures
from components.popularity.rates import read_overall
from evaluation.figures import BASELINE, CANDIDATE, CONSTANT, POPULARITY, TRUTH
from schemas.logs import EVAL

_TEMPORARY = ".temporary"


class Executor(base_beam_executor.BaseBeamExecutor):
    """Evaluates the models on the evaluation split."""

    # Of compressed examples, some 400,000 rows of a dozen features. All rows of a user are in one.
    BYTES_A_PARTITION = 32 * 2**20

    def Do(
        self,
        input_dict: dict[str, list[types.Artifact]],
        output_dict: dict[str, list[types.Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Fills the artifact `evaluation`; called by TFX.

        Args:
            input_dict: `examples` of LogExampleGen, `model`, `baseline`, and `popularity`.
            output_dict: the artifact.
            exec_properties: `settings`, EvaluatorSettings as JSON.
        """
        self._log_startup(input_dict, output_dict, exec_properties)
        settings = EvaluatorSettings.model_validate_json(exec_properties["settings"])
        uri = artifact_utils.get_single_uri(output_dict["evaluation"])
        examples = artifact_utils.get_single_uri(input_dict["examples"])
        popularity = artifact_utils.get_single_uri(input_dict["popularity"])
        shards = FileSystems.match([f"{examples}/Split-{EVAL}/*"])[0].metadata_list
        paths = sorted(shard.path for shard in shards)
        settings = _with_known_truth(settings, paths)
        sources = _sources(input_dict, settings, popularity)
        temporary = f"{uri}/{_TEMPORARY}"
        fileio.makedirs(temporary)
        partitions = 1 + sum(shard.size_in_bytes for shard in shards) // self.BYTES_A_PARTITION
        scoring = Scoring(settings, sources, partitions, temporary)
        tallying = Tallying(settings, _models(settings, sources), read_overall(popularity))
        with self._make_beam_pipeline() as pipeline:
            tallies = _count(pipeline, paths, scoring, tallying)
            _tell(tallies, tallying, sources, examples, uri)
        fileio.rmtree(temporary)


def _with_known_truth(settings: EvaluatorSettings, shards: Iterable[str]) -> EvaluatorSettings:
    """Returns settings that name a truth only where there is one of these shards."""
    pattern = settings.truth
    if pattern is None or any(truth_files(pattern, shard) for shard in shards):
        return settings
    logging.warning("There is no truth of these examples at %s: its figures are left out", pattern)
    return settings.model_copy(update={"truth": None})


def _sources(
    inputs: dict[str, list[types.Artifact]], settings: EvaluatorSettings, popularity: str
) -> Sources:
    [baseline] = inputs["baseline"]
    models = {CANDIDATE: artifact_utils.get_single_uri(inputs["model"])}
    if not baseline.get_int_custom_property(OWN_BASELINE):
        models[BASELINE] = baseline.uri
    paths = {name: path_utils.serving_model_path(uri) for name, uri in models.items()}
    return Sources(paths, None if settings.evaluation.item is None else popularity)


def _models(settings: EvaluatorSettings, sources: Sources) -> tuple[str, ...]:
    """Returns the models that answer, the candidate first."""
    by_item = [] if sources.popularity is None else [POPULARITY]
    true = [] if settings.truth is None else [TRUTH]
    return (*sources.models, *by_item, CONSTANT, *true)


def _count(
    pipeline: beam.Pipeline, shards: Sequence[str], scoring: Scoring, tallying: Tallying
) -> beam.PCollection:
    """Returns a tally of each slice, that of all rows in any case."""
    features = scoring.settings.slices
    scored = (
        pipeline
        | "List the shards" >> beam.Create(list(enumerate(shards)))
        | "Spread them" >> beam.Reshuffle()
        | "Score" >> beam.ParDo(Score(scoring)).with_outputs(VALUES, main=SEGMENTS)
    )
    kept = (
        scored[VALUES]
        | "Gather the values" >> beam.CombinePerKey(MergeValues())
        | "Bring them together" >> beam.combiners.ToDict()
        | "Choose the slices" >> beam.Map(slicings, features)
    )
    counted = (
        scored[SEGMENTS]
        | "Meet by user" >> beam.GroupByKey()
        | "Count" >> beam.ParDo(Tally(tallying), beam.pvalue.AsSingleton(kept))
    )
    nothing = pipeline | "Count nothing" >> beam.Create([((), tallying.nothing())])
    return (
        (nothing, counted)
        | "Gather the tallies" >> beam.Flatten()
        | "Add them up" >> beam.CombinePerKey(MergeTallies())
        | "Leave the keys" >> beam.Values()
    )


def _tell(
    tallies: beam.PCollection, tallying: Tallying, sources: Sources, examples: str, uri: str
) -> None:
    """Writes figures.json, and the files by which TFMA knows an evaluation."""
    settings = tallying.settings
    outputs = [output.name for output in settings.outputs()]
    config = eval_config(tallying.models, outputs, settings.slices)
    measure = metrics_plots_and_validations_evaluator.MetricsPlotsAndValidationsEvaluator(config)
    measured = (tallies | "Extract" >> beam.Map(extract) | "Measure" >> measure.ptransform)[
        constants.METRICS_KEY
    ]
    _ = (
        measured
        | "Take the figures" >> beam.Map(figures_of)
        | "Bring the slices together" >> beam.combiners.ToList()
        | "Write the figures" >> beam.Map(write_figures, tallying.models, settings.slices, uri)
    )
    evaluation = {constants.METRICS_KEY: measured | "Take the rest" >> beam.Map(metrics_of)}
    paths = {constants.METRICS_KEY: f"{uri}/{constants.METRICS_KEY}"}
    for writer in (
        metrics_plots_and_validations_writer.MetricsPlotsAndValidationsWriter(paths, config),
        eval_config_writer.EvalConfigWriter(
            uri,
            config,
            data_location=examples,
            data_file_format="tfrecords_gzip",
            model_locations={name: sources.models.get(name, name) for name in tallying.models},
        ),
    ):
        _ = evaluation | writer.stage_name >> writer.ptransform

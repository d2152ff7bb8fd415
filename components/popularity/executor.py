"""What TFX runs: training examples in, a Beam pipeline that counts, rates out."""

from typing import Any

import apache_beam as beam
from tfx import types
from tfx.dsl.components.base import base_beam_executor
from tfx.dsl.io import fileio
from tfx.types import artifact_utils

from components.popularity.counting import AddUp, CountShard
from components.popularity.rates import write_rates
from components.popularity.settings import PopularitySettings
from schemas.logs import TRAIN


class Executor(base_beam_executor.BaseBeamExecutor):
    """Counts the training split."""

    def Do(
        self,
        input_dict: dict[str, list[types.Artifact]],
        output_dict: dict[str, list[types.Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Fills the artifact `rates`; called by TFX.

        Args:
            input_dict: `examples` of LogExampleGen.
            output_dict: the artifact.
            exec_properties: `settings`, PopularitySettings as JSON.
        """
        self._log_startup(input_dict, output_dict, exec_properties)
        settings = PopularitySettings.model_validate_json(exec_properties["settings"])
        examples = artifact_utils.get_single_uri(input_dict["examples"])
        uri = artifact_utils.get_single_uri(output_dict["rates"])
        fileio.makedirs(uri)
        with self._make_beam_pipeline() as pipeline:
            _ = (
                pipeline
                | "List the shards"
                >> beam.Create(sorted(fileio.glob(f"{examples}/Split-{TRAIN}/*")))
                | "Spread them" >> beam.Reshuffle()
                | "Count" >> beam.ParDo(CountShard(settings))
                | "Add up" >> beam.CombineGlobally(AddUp())
                | "Write the rates" >> beam.Map(write_rates, settings.heads, uri)
            )

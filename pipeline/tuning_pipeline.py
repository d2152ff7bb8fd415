"""The graph of a search: from three logs to the trials of a Tuner."""

import datetime

from tfx.components.tuner.component import Tuner
from tfx.orchestration.pipeline import Pipeline
from tfx.proto import trainer_pb2

from models import tuner
from pipeline.asked import Asked
from pipeline.beam_runner import beam_args
from pipeline.config import PipelineConfig
from pipeline.data_nodes import data_nodes
from pipeline.model_spec import MODEL_CODE, dotted_path, model_spec
from pipeline.source_hash import source_hash
from pipeline.work_dir import WorkDir
from schemas.logs import TRAIN, VALIDATION


def create_tuning_pipeline(
    config: PipelineConfig, asked: Asked, work: WorkDir, trials: int, seed: int
) -> Pipeline:
    """Returns the graph of one search; nothing runs yet.

    Up to Transform it is that of a run, under the same name: what a run has done is taken from
    TFX's cache.

    Args:
        config: with `tuning`.
        asked: of the search.
        work: where it writes.
        trials: how many in all.
        seed: same seed, same trials.
    """
    if config.tuning is None:
        raise ValueError("this config has no `tuning`")
    data = data_nodes(config, asked, work)
    search = Tuner(
        tuner_fn=dotted_path(tuner.tuner_fn),
        examples=data.transform.outputs["transformed_examples"],
        transform_graph=data.transform.outputs["transform_graph"],
        train_args=trainer_pb2.TrainArgs(splits=[TRAIN]),
        eval_args=trainer_pb2.EvalArgs(splits=[VALIDATION]),
        custom_config={
            "spec": model_spec(config, source_hash(*MODEL_CODE)).model_dump_json(),
            "tuning": config.tuning.model_dump_json(by_alias=True),
            "trials": trials,
            "seed": seed,
            "folder": str(work.tuning),
            # The search knows by itself which trials are done: TFX need not.
            "asked": datetime.datetime.now(datetime.UTC).isoformat(),
        },
    )
    return Pipeline(
        pipeline_name=config.name,
        pipeline_root=str(work.artifacts),
        components=[*data.all(), search],
        enable_cache=True,
        beam_pipeline_args=beam_args(config.beam, str(work.artifacts)),
    )

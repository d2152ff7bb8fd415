"""The graph: from three logs to a pushed model. The same for every runner."""

from tfx.components.trainer.component import Trainer
from tfx.dsl.components.base.base_node import BaseNode
from tfx.orchestration.pipeline import Pipeline
from tfx.proto import pusher_pb2, trainer_pb2
from tfx.types import BaseChannel

from components.atomic_pusher.component import AtomicPusher
from components.run_report.component import RunReport
from components.starting_model.component import StartingModel, starting_model
from models import trainer
from pipeline.asked import Asked
from pipeline.beam_runner import beam_args
from pipeline.config import PipelineConfig
from pipeline.data_nodes import data_nodes
from pipeline.judging_nodes import judging_nodes
from pipeline.model_spec import MODEL_CODE, dotted_path, model_spec
from pipeline.source_hash import source_hash
from pipeline.work_dir import WorkDir
from schemas.logs import TRAIN, split_names


def create_pipeline(config: PipelineConfig, asked: Asked, work: WorkDir) -> Pipeline:
    """Returns the graph of one run; nothing runs yet.

    Args:
        config: of the pipeline.
        asked: which spans the run reads, as of when.
        work: where it writes.
    """
    return Pipeline(
        pipeline_name=config.name,
        pipeline_root=str(work.artifacts),
        components=_nodes(config, asked, work),
        enable_cache=True,
        beam_pipeline_args=beam_args(config.beam, str(work.artifacts)),
    )


def _nodes(config: PipelineConfig, asked: Asked, work: WorkDir) -> list[BaseNode]:
    data = data_nodes(config, asked, work)
    examples, transform = data.ingest.outputs["examples"], data.transform
    watched = [name for name in split_names(config.split) if name != TRAIN]
    spec = model_spec(config, source_hash(*MODEL_CODE))
    start = _starting_model(examples, asked, work) if config.training.warm_start else None
    training = Trainer(
        run_fn=dotted_path(trainer.run_fn),
        examples=transform.outputs["transformed_examples"],
        transform_graph=transform.outputs["transform_graph"],
        base_model=start and start.outputs["base"],
        train_args=trainer_pb2.TrainArgs(splits=[TRAIN]),
        eval_args=trainer_pb2.EvalArgs(splits=watched),
        custom_config={"spec": spec.model_dump_json(), "checkpoints": str(work.checkpoints)},
    )
    model = training.outputs["model"]
    judging = judging_nodes(config, data, model, work)
    pusher = AtomicPusher(
        model=model,
        model_blessing=judging.gate.outputs["blessing"],
        infra_blessing=judging.serving_check.outputs["blessing"],
        push_destination=pusher_pb2.PushDestination(
            filesystem=pusher_pb2.PushDestination.Filesystem(base_directory=str(work.serving))
        ),
    )
    report = RunReport(
        run=asked.run,
        name=config.name,
        spec=spec.model_dump_json(),
        config=config.as_yaml(),
        reports=str(work.reports),
        timings=str(work.timings / f"{asked.run}.json") if asked.run else "",
        examples=examples,
        ledger=data.ingest.outputs["ledger"],
        rejects=data.ingest.outputs["rejects"],
        statistics=data.statistics.outputs["statistics"],
        anomalies=data.validator.outputs["anomalies"],
        data_report=data.report.outputs["report"],
        model_run=training.outputs["model_run"],
        model=model,
        baseline=judging.baseline.outputs["baseline"],
        serving=judging.serving_check.outputs["blessing"],
        evaluation=judging.evaluator.outputs["evaluation"],
        blessing=judging.gate.outputs["blessing"],
        pushed_model=pusher.outputs["pushed_model"],
    )
    return [
        *data.all(), *filter(None, [start]), training, *judging.all(), pusher, report,
    ]  # fmt: skip


def _starting_model(examples: BaseChannel, asked: Asked, work: WorkDir) -> BaseNode:
    """Returns the node that finds what training goes on from."""
    serving, span = str(work.serving), asked.known_span
    found = starting_model(serving, span).version if span else None
    return StartingModel(examples=examples, serving_dir=serving, version=found or "")

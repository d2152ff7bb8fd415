"""What a model is made from, as the graph hands it to preprocessing and training."""

from collections.abc import Callable

from models.spec import ModelSpec
from pipeline.config import PipelineConfig
from pipeline.source_hash import source_hash
from schemas.heads import target_columns

MODEL_CODE = ("schemas", "evaluation", "models")
PREPROCESSING_CODE = ("schemas", "models.spec", "models.preprocessing", "components.transform")


def model_spec(config: PipelineConfig, code: str) -> ModelSpec:
    """Returns what the model is made from, but for its spans: the trainer learns them."""
    return ModelSpec(
        name=config.name,
        id=config.logs.impressions.id,
        time=config.logs.impressions.time,
        columns=config.columns(),
        features=config.features,
        heads=config.heads,
        targets=target_columns(config.heads, config.model.objective.outcomes),
        group=config.group,
        model=config.model,
        training=config.training,
        export=config.export,
        score=config.score,
        unclicked=1.0 if config.sampling is None else config.sampling.unclicked,
        split=config.split,
        code=code,
    )


def transform_spec(config: PipelineConfig) -> str:
    """Returns, as JSON, what preprocessing reads of the spec: no other change re-runs it."""
    spec = model_spec(config, source_hash(*PREPROCESSING_CODE))
    fields = type(config)
    return spec.model_copy(
        update={
            "time": None,
            "heads": {},
            "score": None,
            "split": None,
            "model": fields.model_fields["model"].default,
            "training": fields.model_fields["training"].default,
            "export": fields.model_fields["export"].default,
        }
    ).model_dump_json()


def dotted_path(function: Callable[..., object]) -> str:
    """Returns the import path by which TFX finds `function` in another process."""
    return f"{function.__module__}.{function.__qualname__}"

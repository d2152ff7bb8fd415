"""How often a step is tried, and whether its outputs may come from an earlier run."""

from kfp.pipeline_spec import pipeline_spec_pb2 as pb

from pipeline.config import PipelineConfig
from schemas.kubeflow import Resources

# They read or change what their inputs do not name, which Kubeflow's cache key does not see: logs,
# served versions, the moment.
READS_OUTSIDE = ("LogExampleGen", "StartingModel", "BaselineModel", "AtomicPusher", "RunReport")
# They fail when they refuse: a second look finds the same.
_GATES = ("LogGate", "DataGate")
_RETRIES = 2
_FIRST_WAIT, _LONGEST_WAIT = 60, 600  # seconds


def set_task(
    name: str, task: pb.PipelineTaskSpec, resources: Resources, config: PipelineConfig
) -> None:
    """Writes retries and caching into a task's spec.

    Args:
        name: of the component.
        task: to be changed.
        resources: what the config says of it.
        config: of the pipeline.
    """
    caching = resources.caching
    task.caching_options.enable_cache = (
        not _reads_outside(name, config) if caching is None else caching
    )
    retries = resources.retries
    if retries is None:
        retries = 0 if name in _GATES else _RETRIES
    if retries:
        task.retry_policy.max_retry_count = retries
        task.retry_policy.backoff_duration.seconds = _FIRST_WAIT
        task.retry_policy.backoff_factor = 2
        task.retry_policy.backoff_max_duration.seconds = _LONGEST_WAIT


def _reads_outside(name: str, config: PipelineConfig) -> bool:
    match name:
        case "DataReport":
            return config.served is not None
        case "Evaluator":
            return config.truth is not None
        case "Tuner":  # the trials so far
            return True
    return name in READS_OUTSIDE

import pytest
from kfp.dsl.structures import RetryPolicy
from kfp.pipeline_spec import pipeline_spec_pb2 as pb

from pipeline.kubeflow.task import set_task
from schemas.kubeflow import Resources

SERVED = 'served={path: "served/{SPAN}/*.parquet", id: id, time: {column: time}}'


def task(config, name, **said):
    found = pb.PipelineTaskSpec()
    set_task(name, found, Resources(**said), config)
    return found


@pytest.mark.parametrize(
    "name",
    ["LogExampleGen", "StartingModel", "BaselineModel", "AtomicPusher", "RunReport", "Tuner"],
)
def test_what_reads_more_than_its_inputs_is_never_taken_from_a_cache(name, config):
    assert not task(config(), name).caching_options.enable_cache
    assert task(config(), name, caching=True).caching_options.enable_cache


@pytest.mark.parametrize("name", ["Transform", "Trainer", "DataReport", "Evaluator", "LogGate"])
def test_what_reads_its_inputs_alone_may_be_taken_from_a_cache(name, config):
    assert task(config(), name).caching_options.enable_cache
    assert not task(config(), name, caching=False).caching_options.enable_cache


@pytest.mark.parametrize(
    ("name", "override"), [("DataReport", SERVED), ("Evaluator", "truth=truth/{SPAN}/*.parquet")]
)
def test_what_reads_more_of_some_configs_is_not_cached_there(name, override, config):
    assert not task(config(override), name).caching_options.enable_cache


def test_a_step_is_tried_three_times_at_growing_distance(config):
    oracle = RetryPolicy(2, "60s", 2.0, "600s").to_proto()
    assert task(config(), "Trainer").retry_policy == oracle


@pytest.mark.parametrize("name", ["LogGate", "DataGate"])
def test_a_gate_that_refused_is_not_asked_again(name, config):
    assert not task(config(), name).HasField("retry_policy")
    assert task(config(), name, retries=1).retry_policy.max_retry_count == 1


def test_retries_may_be_none(config):
    assert not task(config(), "Trainer", retries=0).HasField("retry_policy")

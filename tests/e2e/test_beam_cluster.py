"""Every Beam step, with Beam elsewhere: a job service and a worker pool, processes of their own.

The options are those that a Flink cluster takes; Beam's own job service is in Flink's place. What
no Beam step does, training above all, is left out: `benchmarks/beam.py` makes whole runs.
"""

import re
from pathlib import Path
from typing import Any

import pytest

from benchmarks.engines.cluster import cluster
from benchmarks.engines.compare import STEPS, left_by
from pipeline.asked import Asked
from pipeline.config import PipelineConfig
from pipeline.work_dir import WorkDir
from simulation.settings import Settings
from simulation.simulate import simulate

pytestmark = pytest.mark.e2e

ASKED = Asked(span="2026-01-03", window=3, as_of="2027-01-01T00:00:00+00:00")


def config(logs: Path, beam: dict) -> PipelineConfig:
    log = {"id": "impression_id", "time": {"column": "timestamp"}}
    return PipelineConfig.model_validate(
        {
            "name": "elsewhere",
            "logs": {
                "root": str(logs),
                **{
                    name: {"path": f"{name}/{{SPAN}}/*.parquet", **log}
                    for name in ("impressions", "clicks", "conversions")
                },
            },
            "window": 3,
            "features": {
                "user_id": {"kind": "categorical", "side": "user", "hash": 100, "width": 4},
                "item_id": {"kind": "categorical", "side": "item", "vocabulary": {"max_size": 100}},
                "history": {"kind": "sequence", "side": "user", "shares": "item_id"},
                "price": {"kind": "numeric", "side": "item", "transform": "log"},
            },
            "heads": {"ctr": {"label": "click"}, "cvr": {"label": "conversion", "given": "ctr"}},
            "slices": ["item_id"],
            "evaluation": {"user": "user_id", "request": "request_id", "item": "item_id"},
            "beam": beam,
        }
    )


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    place = tmp_path_factory.mktemp("beam")
    simulate(place / "logs", Settings(impressions=3000, days=3, seed=5))
    return place


@pytest.fixture(scope="module")
def judged(place):
    """A model that answers by the price alone, and nothing to compare it with."""
    import tensorflow as tf
    from tfx.types import standard_artifacts

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="examples")])
    def answer(examples):
        price = tf.io.FixedLenFeature([], tf.float32, 1.0)
        odds = tf.io.parse_example(examples, {"price": price})["price"] / 100
        return {name: odds / (1 + odds) for name in ("ctr", "cvr", "ctcvr")}

    signature = answer.get_concrete_function()
    folder = str(place / "model" / "Format-Serving")
    tf.saved_model.save(tf.Module(), folder, signatures={"serving_default": signature})
    model, baseline = standard_artifacts.Model(), standard_artifacts.Model()
    model.uri = str(place / "model")
    baseline.set_int_custom_property("own_baseline", 1)
    return {("Trainer", "model"): model, ("BaselineModel", "baseline"): baseline}


def execute(chosen: PipelineConfig, folder: Path, judged: dict[tuple[str, str], Any]) -> None:
    """Runs the Beam steps of a graph, and what they need, with the options the graph has."""
    from pipeline.pipeline import create_pipeline

    pipeline = create_pipeline(chosen, ASKED, WorkDir(folder))
    made = dict(judged)
    for node in pipeline.components:
        if node.id not in ("ExamplesSchema", *STEPS):
            continue
        inputs = {
            key: [made[channel.producer_component_id, channel.output_key]]
            for key, channel in node.inputs.items()
        }
        outputs = {key: [channel.type()] for key, channel in node.outputs.items()}
        for key, [artifact] in outputs.items():
            artifact.uri = str(folder / "artifacts" / node.id / key)
            Path(artifact.uri).mkdir(parents=True)
            made[node.id, key] = artifact
        of = {} if node.id not in STEPS else {"beam_pipeline_args": pipeline.beam_pipeline_args}
        executor = node.executor_spec.executor_class
        context = executor.Context(tmp_dir=str(folder), unique_id=node.id, **of)
        executor(context).Do(inputs, outputs, node.exec_properties)


def test_every_step_comes_to_the_same_on_a_cluster(place, judged):
    found = {}
    with cluster(place / "cluster") as elsewhere:
        for beam in ({"runner": "local"}, elsewhere):
            folder = place / beam["runner"]
            execute(config(place / "logs", beam), folder, judged)
            found[beam["runner"]] = left_by(folder / "artifacts")
    assert {name.split("/")[0] for name in found["local"]} == set(STEPS)
    assert found["flink"] == found["local"]
    # One for each Beam pipeline, of which Transform makes two.
    workers = re.findall("Starting worker", (place / "cluster" / "pool.log").read_text())
    assert len(workers) == len(STEPS) + 1

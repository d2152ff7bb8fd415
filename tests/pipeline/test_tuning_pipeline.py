import datetime
import json

import pytest
from tfx.dsl.compiler.compiler import Compiler

from models.spec import ModelSpec
from models.tuning.config import TuningConfig
from pipeline.asked import Asked
from pipeline.config_file import load_config
from pipeline.model_spec import model_spec
from pipeline.pipeline import create_pipeline
from pipeline.preflight import Inputs
from pipeline.tuning_pipeline import create_tuning_pipeline
from pipeline.work_dir import WorkDir

DAYS = (datetime.date(2026, 1, 1), datetime.date(2026, 1, 2), datetime.date(2026, 1, 3))
NODES = [
    "ExamplesSchema",
    "LogExampleGen",
    "LogGate",
    "SpanStatistics",
    "StatisticsGen",
    "ExampleValidator",
    "DataReport",
    "DataGate",
    "Transform",
    "Tuner",
]
SPACE = "tuning={metric: ctr.auc, space: {training.learning_rate: {float: [0.1, 0.2]}}}"
SETS = ("window=3", "split={by: time, eval: 1 span, validation: 1 span}", SPACE)


@pytest.fixture
def graphs(write_config, tmp_path):
    """Makes the graph of a search and that of a run with the same config."""
    config = load_config(write_config(), SETS)
    known = datetime.datetime(2026, 1, 4, tzinfo=datetime.UTC)
    inputs = Inputs(DAYS, "abc", known)
    work = WorkDir(tmp_path / "work")
    return (
        config,
        create_tuning_pipeline(config, Asked.of(inputs, run=""), work, 7, 3),
        create_pipeline(config, Asked.of(inputs, "20260104T000000Z"), work),
    )


def test_a_search_has_the_nodes_of_a_run_up_to_transform_and_a_tuner(graphs):
    config, search, run = graphs
    assert [node.id for node in search.components] == NODES
    assert (search.pipeline_name, search.enable_cache) == (config.name, True)
    ours, theirs = (
        {node.id: node.exec_properties for node in graph.components} for graph in (search, run)
    )
    for name in NODES[:-1]:  # so that TFX's cache has them
        assert ours[name] == theirs[name], name


def test_it_compiles(graphs):
    _, search, _ = graphs
    compiled = Compiler().compile(search)
    assert [node.pipeline_node.node_info.id for node in compiled.nodes] == NODES


def test_the_tuner_sees_training_and_validation_rows_alone(graphs, tmp_path):
    config, search, _ = graphs
    (tuner,) = (node for node in search.components if node.id == "Tuner")
    splits = [
        json.loads(tuner.exec_properties[f"{name}_args"])["splits"] for name in ("train", "eval")
    ]
    assert splits == [["train"], ["validation"]]
    told = json.loads(tuner.exec_properties["custom_config"])
    assert (told["trials"], told["seed"], told["folder"]) == (
        7,
        3,
        str(tmp_path / "work" / "tuning"),
    )
    assert TuningConfig.model_validate_json(told["tuning"]) == config.tuning
    spec = ModelSpec.model_validate_json(told["spec"])
    assert spec == model_spec(config, spec.code)
    assert tuner.exec_properties["tuner_fn"] == "models.tuner.tuner_fn"

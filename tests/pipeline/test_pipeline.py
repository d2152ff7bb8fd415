import datetime
import json

import pytest
from tfx.dsl.compiler.compiler import Compiler

from pipeline.beam_runner import beam_args
from pipeline.errors import Misuse
from schemas.beam import LocalBeam

IMAGE = "registry.example/funnelrank@sha256:" + 64 * "0"
DAYS = (datetime.date(2026, 1, 1), datetime.date(2026, 1, 2))
RUN = "20260103T020000Z"
NODES = [
    "ExamplesSchema",
    "LogExampleGen",
    "LogGate",
    "SpanStatistics",
    "StatisticsGen",
    "ExampleValidator",
    "DataReport",
    "DataGate",
    "Popularity",
    "Transform",
    "Trainer",
    "BaselineModel",
    "ServingCheck",
    "Evaluator",
    "ModelGate",
    "AtomicPusher",
    "RunReport",
]


def test_the_graph_has_its_nodes_in_their_order(create):
    pipeline = create()
    assert pipeline.pipeline_name == "tiny"
    assert pipeline.enable_cache
    assert [node.id for node in pipeline.components] == NODES


def test_it_compiles_and_two_calls_compile_to_the_same(create):
    one, other = (Compiler().compile(create()) for _ in range(2))
    assert [node.pipeline_node.node_info.id for node in one.nodes] == NODES
    assert one == other


def test_nothing_is_pushed_without_both_blessings(create, nodes):
    pipeline = create()
    pusher = nodes(pipeline)["AtomicPusher"]
    producers = {
        name: channel.producer_component_id for name, channel in pusher.spec.inputs.items()
    }
    assert producers == {
        "model": "Trainer",
        "model_blessing": "ModelGate",
        "infra_blessing": "ServingCheck",
    }


def test_sampling_changes_the_examples_and_the_correction_of_the_model(create, properties, changed):
    sampled = create("sampling={unclicked: 10%}")
    everywhere = [
        *("ExamplesSchema", "LogExampleGen", "SpanStatistics", "DataReport", "Popularity"),
        *("Transform", "Trainer", "ServingCheck", "Evaluator"),
    ]
    assert changed(create(), sampled) == everywhere
    told = json.loads(properties(sampled, "LogExampleGen")["config"])
    assert told["sampling"] == {"unclicked": "10%"}
    assert told["columns"][-1]["name"] == "example_weight"


def test_the_report_is_of_this_run_and_tells_what_was_said(create, tmp_path, properties, upstream):
    given = properties(create("training.epochs=7"), "RunReport")
    assert "epochs: 7" in given["config"]
    assert given["run"] == RUN
    assert given["timings"] == str(tmp_path / "work" / "timings" / f"{RUN}.json")
    told = {"AtomicPusher", "ModelGate", "DataReport", "ServingCheck"}
    assert upstream(create(), "RunReport") >= told


def test_changing_the_model_leaves_the_data_alone(create, changed):
    assert changed(create(), create("model.units=[16]")) == ["Trainer"]
    assert changed(create(), create("training.epochs=2")) == ["Trainer"]


def test_changing_a_feature_re_runs_everything_from_the_examples_on(create, changed):
    found = changed(create(), create("features.user.hash=20"))
    assert found == ["SpanStatistics", "Transform", "Trainer", "ServingCheck"]
    found = changed(create(), create("features.age={kind: numeric, side: user}"))
    assert found == [
        *("ExamplesSchema", "LogExampleGen", "SpanStatistics", "DataReport", "Popularity"),
        *("Transform", "Trainer", "ServingCheck", "Evaluator"),
    ]


def test_a_later_span_is_told_to_ingestion_alone(create, changed):
    later = (*DAYS[1:], datetime.date(2026, 1, 3))
    assert changed(create(), create(spans=later)) == ["LogExampleGen"]


@pytest.mark.parametrize(
    ("module", "found"),
    [
        ("models.preprocessing", ["Transform", "Trainer"]),
        ("models.trainer", ["Trainer"]),
        ("components.log_example_gen.join", ["LogExampleGen"]),
        ("components.transform.packing", ["Transform", "ServingCheck"]),
        ("components.evaluator.head_metrics", ["Popularity", "Evaluator"]),
        ("components.data_report.distances", ["DataReport"]),
        ("evaluation.tally", ["Popularity", "Trainer", "Evaluator"]),
    ],
)
def test_edited_code_re_runs_what_it_is_in(module, found, create, monkeypatch, changed):
    before = create()
    real = __import__("pipeline.source_hash", fromlist=["source_hash"]).source_hash

    def edited(*packages):
        """The hash as it would be with another line in `module`."""
        inside = any(module == name or module.startswith(f"{name}.") for name in packages)
        return real(*packages) + ("edited" if inside else "")

    for user in ("pipeline", "data_nodes", "judging_nodes", "model_spec"):
        monkeypatch.setattr(f"pipeline.{user}.source_hash", edited)
    assert changed(before, create()) == found


def test_validation_files_go_to_training_beside_those_for_evaluation(create, properties):
    pipeline = create()
    assert json.loads(properties(pipeline, "Trainer")["train_args"]) == {"splits": ["train"]}
    assert json.loads(properties(pipeline, "Trainer")["eval_args"]) == {"splits": ["eval"]}
    watched = create("split={by: hash, key: user, eval: 10%, validation: 5%}")
    assert json.loads(properties(watched, "Trainer")["train_args"]) == {"splits": ["train"]}
    assert json.loads(properties(watched, "Trainer")["eval_args"]) == {
        "splits": ["validation", "eval"]
    }


def serve(tmp_path, version, *days):
    """Puts the spec of a served model where the graph looks for one to start from."""
    folder = tmp_path / "work" / "serving" / version / "assets.extra"
    folder.mkdir(parents=True)
    spans = [day.isoformat() for day in days]
    (folder / "funnelrank.json").write_text(json.dumps({"spans": spans}))


def test_a_warm_start_puts_a_node_before_the_trainer(create, nodes):
    pipeline = create("training.warm_start=true")
    order = [node.id for node in pipeline.components]
    assert [name for name in order if name != "StartingModel"] == NODES
    assert order.index("StartingModel") < order.index("Trainer")
    trainer = nodes(pipeline)["Trainer"]
    assert trainer.spec.inputs["base_model"].producer_component_id == "StartingModel"
    assert "base_model" not in nodes(create())["Trainer"].spec.inputs
    Compiler().compile(pipeline)


def test_the_node_gets_the_examples_and_the_serving_folder(create, tmp_path, properties):
    given = properties(create("training.warm_start=true"), "StartingModel")
    assert given == {"serving_dir": str(tmp_path / "work" / "serving"), "version": ""}


def test_what_there_is_to_start_from_is_part_of_the_cache_key(create, tmp_path, properties):
    def key():
        return properties(create("training.warm_start=true"), "StartingModel")["version"]

    serve(tmp_path, "17", datetime.date(2026, 1, 1))
    assert key() == "17"
    serve(tmp_path, "18", *DAYS)  # this run's own push
    assert key() == "17"
    serve(tmp_path, "19", datetime.date(2026, 1, 1))
    assert key() == "19"


def test_beam_steps_get_the_options_of_the_config(create, tmp_path):
    assert create().beam_pipeline_args == beam_args(LocalBeam(), "")
    elsewhere = create("beam={runner: spark, job_endpoint: 'a:1', worker_pool: 'localhost:2'}")
    assert elsewhere.beam_pipeline_args[:2] == ["--runner=SparkRunner", "--job_endpoint=a:1"]
    places = "project: p, region: r, temp_location: gs://b"
    dataflow = f"beam={{runner: dataflow, {places}, image: {IMAGE}}}"
    with pytest.raises(Misuse, match=f"buckets only.*{tmp_path / 'work'}/artifacts"):
        create(dataflow)

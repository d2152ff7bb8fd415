import datetime
import json

import pytest
from tfx.dsl.compiler.compiler import Compiler

from pipeline.config_file import load_config
from pipeline.model_spec import model_spec
from pipeline.pipeline import create_pipeline
from pipeline.preflight import Inputs
from pipeline.work_dir import WorkDir

DAYS = (datetime.date(2026, 1, 1), datetime.date(2026, 1, 2))
LOGS = ("impressions", "clicks", "conversions")
KNOWN = datetime.datetime(2026, 1, 3, 2, tzinfo=datetime.UTC)
RUN = "20260103T020000Z"
NODES = [
    "ImportSchemaGen",
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


@pytest.fixture
def create(write_config, tmp_path):
    """Makes the graph of the tiny config, with overrides."""

    def make(*overrides, spans=DAYS, fingerprint="abc", as_of=KNOWN):
        inputs = Inputs(spans, fingerprint, as_of, tmp_path / "schema.pbtxt")
        config = load_config(write_config(), overrides)
        return create_pipeline(config, inputs, WorkDir(tmp_path / "work"), RUN)

    return make


def nodes(pipeline):
    return {node.id: node for node in pipeline.components}


def properties(pipeline, node):
    return nodes(pipeline)[node].exec_properties


def changed(one, other):
    """Names the nodes whose parameters differ, but for the report, which has the whole config."""
    differ = [node for node in NODES if properties(one, node) != properties(other, node)]
    return [node for node in differ if node != "RunReport"]


def test_the_graph_has_its_nodes_in_their_order(create):
    pipeline = create()
    assert pipeline.pipeline_name == "tiny"
    assert pipeline.enable_cache
    assert [node.id for node in pipeline.components] == NODES


def test_it_compiles_and_two_calls_compile_to_the_same(create):
    one, other = (Compiler().compile(create()) for _ in range(2))
    assert [node.pipeline_node.node_info.id for node in one.nodes] == NODES
    assert one == other


def upstream(pipeline, name):
    return {node.id for node in nodes(pipeline)[name].upstream_nodes}


def test_no_example_is_looked_at_before_the_log_gate_has_spoken(create):
    pipeline = create()
    gate = nodes(pipeline)["LogGate"]
    for node in ("StatisticsGen", "SpanStatistics"):
        assert "LogGate" in upstream(pipeline, node)
    assert {name: found.producer_component_id for name, found in gate.spec.inputs.items()} == {
        "ledger": "LogExampleGen",
        "rejects": "LogExampleGen",
    }
    (compiled,) = [
        node.pipeline_node
        for node in Compiler().compile(pipeline).nodes
        if node.pipeline_node.node_info.id == "StatisticsGen"
    ]
    assert "LogGate" in compiled.upstream_nodes


def test_no_row_is_transformed_before_the_data_gate_has_spoken(create):
    pipeline = create()
    for node in ("Transform", "Popularity"):
        assert "DataGate" in upstream(pipeline, node)
    assert upstream(pipeline, "DataGate") == {"DataReport"}
    assert upstream(pipeline, "DataReport") == {"ExampleValidator", "SpanStatistics"}
    (compiled,) = [
        node.pipeline_node
        for node in Compiler().compile(pipeline).nodes
        if node.pipeline_node.node_info.id == "Transform"
    ]
    assert "DataGate" in compiled.upstream_nodes


def test_nothing_is_pushed_without_both_blessings(create):
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


def test_changing_a_gate_re_runs_the_gate_alone(create):
    assert changed(create(), create("gates.ctr.auc='>= 0.7'")) == ["ModelGate"]


def test_changing_a_limit_re_runs_its_gate_alone(create):
    found = create("limits={max_rejects: 2%, max_broken_files: 3}")
    assert changed(create(), found) == ["LogGate"]
    assert json.loads(properties(found, "LogGate")["limits"]) == {
        "max_rejects": "2%",
        "max_orphans": "100%",
        "max_broken_files": 3,
    }


def test_a_later_cut_off_is_ingested_anew(create):
    assert properties(create(), "LogExampleGen")["as_of"] == "2026-01-03T02:00:00+00:00"
    later = create(as_of=KNOWN + datetime.timedelta(hours=1))
    assert changed(create(), later) == ["LogExampleGen"]


def test_sampling_changes_the_examples_and_the_correction_of_the_model(create):
    sampled = create("sampling={unclicked: 10%}")
    everywhere = [
        *("LogExampleGen", "SpanStatistics", "DataReport", "Popularity", "Transform", "Trainer"),
        *("ServingCheck", "Evaluator"),
    ]
    assert changed(create(), sampled) == everywhere
    told = json.loads(properties(sampled, "LogExampleGen")["config"])
    assert told["sampling"] == {"unclicked": "10%"}
    assert told["columns"][-1]["name"] == "example_weight"


def test_changing_a_limit_of_the_data_re_runs_its_report_alone(create):
    assert changed(create(), create("data.drift=0.5")) == ["DataReport"]


def test_slices_and_the_columns_of_an_evaluation_re_run_the_evaluation_alone(create):
    assert changed(create(), create("slices=[[user]]")) == ["Evaluator"]
    assert changed(create(), create("evaluation={user: user, item: user}")) == [
        "Popularity",
        "Evaluator",
    ]


def test_the_report_is_of_this_run_and_tells_what_was_said(create, tmp_path):
    given = properties(create("training.epochs=7"), "RunReport")
    assert "epochs: 7" in given["config"]
    assert (given["run"], given["fingerprint"]) == (RUN, "abc")
    assert given["timings"] == str(tmp_path / "work" / "timings" / f"{RUN}.json")
    assert upstream(create(), "RunReport") >= {"AtomicPusher", "ModelGate", "DataReport"}


def test_changing_the_model_leaves_the_data_alone(create):
    assert changed(create(), create("model.units=[16]")) == ["Trainer"]
    assert changed(create(), create("training.epochs=2")) == ["Trainer"]


def test_changing_a_feature_re_runs_everything_from_the_examples_on(create):
    found = changed(create(), create("features.user.hash=20"))
    assert found == ["SpanStatistics", "Transform", "Trainer"]
    found = changed(create(), create("features.age={kind: numeric, side: user}"))
    assert found == [
        *("LogExampleGen", "SpanStatistics", "DataReport", "Popularity", "Transform", "Trainer"),
        *("ServingCheck", "Evaluator"),
    ]


def test_changed_logs_are_ingested_anew(create):
    assert changed(create(), create(fingerprint="abd")) == ["LogExampleGen"]


def test_a_later_span_is_ingested_and_kept_with_the_model(create):
    later = (*DAYS[1:], datetime.date(2026, 1, 3))
    assert changed(create(), create(spans=later)) == ["LogExampleGen", "Trainer"]


@pytest.mark.parametrize(
    ("module", "found"),
    [
        ("models.preprocessing", ["Transform", "Trainer"]),
        ("models.trainer", ["Trainer"]),
        ("components.log_example_gen.join", ["LogExampleGen"]),
        ("components.transform.packing", ["Transform"]),
        ("components.evaluator.head_metrics", ["Popularity", "Evaluator"]),
        ("components.data_report.distances", ["DataReport"]),
        ("evaluation.tally", ["Popularity", "Trainer", "Evaluator"]),
    ],
)
def test_edited_code_re_runs_what_it_is_in(module, found, create, monkeypatch):
    before = create()
    real = __import__("pipeline.source_hash", fromlist=["source_hash"]).source_hash

    def edited(*packages):
        """The hash as it would be with another line in `module`."""
        inside = any(module == name or module.startswith(f"{name}.") for name in packages)
        return real(*packages) + ("edited" if inside else "")

    for user in ("pipeline", "data_nodes", "judging_nodes", "model_spec"):
        monkeypatch.setattr(f"pipeline.{user}.source_hash", edited)
    assert changed(before, create()) == found


def test_the_spec_of_a_model_says_all_that_made_it(write_config):
    config = load_config(write_config(), ["score=ctr * price"])
    spec = model_spec(config, DAYS, "c0de")
    assert (spec.name, spec.code) == ("tiny", "c0de")
    assert spec.spans == ("2026-01-01", "2026-01-02")
    assert spec.targets == ("click", "conversion")
    assert spec.score == "ctr * price"
    assert (spec.id, spec.unclicked) == (("id",), 1.0)
    assert type(spec).model_validate_json(spec.model_dump_json()) == spec


def test_the_spec_of_a_model_says_which_share_it_saw_and_what_names_a_row(write_config):
    config = load_config(
        write_config(), ["sampling={unclicked: 10%}", *(f"logs.{log}.id=[a, b]" for log in LOGS)]
    )
    spec = model_spec(config, DAYS, "c0de")
    assert (spec.id, spec.unclicked) == (("a", "b"), 0.1)
    assert type(spec).model_validate_json(spec.model_dump_json()) == spec


def test_functions_are_named_by_paths_that_import(create):
    pipeline = create()
    assert properties(pipeline, "Transform")["preprocessing_fn"] == (
        "models.preprocessing.preprocessing_fn"
    )
    assert properties(pipeline, "Trainer")["run_fn"] == "models.trainer.run_fn"


def test_ingestion_gets_the_spans_and_the_columns_as_json(create):
    given = properties(create(), "LogExampleGen")
    assert json.loads(given["spans"]) == ["2026-01-01", "2026-01-02"]
    assert [column["name"] for column in json.loads(given["config"])["columns"]] == [
        "impression_id", "impression_time", "user", "price", "click", "conversion",
        "label_age", "click_mature", "conversion_mature", "conversion_count",
        "conversion_delay",
    ]  # fmt: skip
    assert given["fingerprint"] == "abc"


def test_validation_files_go_to_training_beside_those_for_evaluation(create):
    pipeline = create()
    assert json.loads(properties(pipeline, "Trainer")["train_args"]) == {"splits": ["train"]}
    assert json.loads(properties(pipeline, "Trainer")["eval_args"]) == {"splits": ["eval"]}
    watched = create("split={by: hash, key: user, eval: 10%, validation: 5%}")
    assert json.loads(properties(watched, "Trainer")["train_args"]) == {"splits": ["train"]}
    assert json.loads(properties(watched, "Trainer")["eval_args"]) == {
        "splits": ["validation", "eval"]
    }


def test_analyses_are_kept_beside_the_artifacts_for_every_run(create, tmp_path):
    assert properties(create(), "Transform")["analyses"] == str(tmp_path / "work" / "analyses")


def test_the_baseline_and_the_push_share_one_serving_folder(create, tmp_path):
    pipeline = create()
    serving = str(tmp_path / "work" / "serving")
    assert properties(pipeline, "BaselineModel")["serving_dir"] == serving
    destination = json.loads(properties(pipeline, "AtomicPusher")["push_destination"])
    assert destination["filesystem"]["base_directory"] == serving


def serve(tmp_path, version, *days):
    """Puts the spec of a served model where the graph looks for one to start from."""
    folder = tmp_path / "work" / "serving" / version / "assets.extra"
    folder.mkdir(parents=True)
    spans = [day.isoformat() for day in days]
    (folder / "funnelrank.json").write_text(json.dumps({"spans": spans}))


def test_a_warm_start_puts_a_node_before_the_trainer(create):
    pipeline = create("training.warm_start=true")
    order = [node.id for node in pipeline.components]
    assert [name for name in order if name != "StartingModel"] == NODES
    assert order.index("StartingModel") < order.index("Trainer")
    trainer = nodes(pipeline)["Trainer"]
    assert trainer.spec.inputs["base_model"].producer_component_id == "StartingModel"
    assert "base_model" not in nodes(create())["Trainer"].spec.inputs
    Compiler().compile(pipeline)


def test_the_node_gets_the_spans_and_the_serving_folder(create, tmp_path):
    given = properties(create("training.warm_start=true"), "StartingModel")
    assert given == {
        "serving_dir": str(tmp_path / "work" / "serving"),
        "spans": '["2026-01-01", "2026-01-02"]',
        "version": "",
    }


def test_what_there_is_to_start_from_is_part_of_the_cache_key(create, tmp_path):
    def key():
        return properties(create("training.warm_start=true"), "StartingModel")["version"]

    serve(tmp_path, "17", datetime.date(2026, 1, 1))
    assert key() == "17"
    serve(tmp_path, "18", *DAYS)  # this run's own push
    assert key() == "17"
    serve(tmp_path, "19", datetime.date(2026, 1, 1))
    assert key() == "19"

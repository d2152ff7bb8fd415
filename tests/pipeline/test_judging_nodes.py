"""The graph between a model and its push."""

import json


def test_changing_a_gate_re_runs_the_gate_alone(create, changed):
    assert changed(create(), create("gates.ctr.auc='>= 0.7'")) == ["ModelGate"]


def test_slices_and_the_columns_of_an_evaluation_re_run_the_evaluation_alone(create, changed):
    assert changed(create(), create("slices=[[user]]")) == ["Evaluator"]
    assert changed(create(), create("evaluation={user: user, item: user}")) == [
        "Popularity",
        "Evaluator",
    ]


def test_the_baseline_and_the_push_share_one_serving_folder(create, tmp_path, properties):
    pipeline = create()
    serving = str(tmp_path / "work" / "serving")
    assert properties(pipeline, "BaselineModel")["serving_dir"] == serving
    destination = json.loads(properties(pipeline, "AtomicPusher")["push_destination"])
    assert destination["filesystem"]["base_directory"] == serving

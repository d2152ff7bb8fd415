import html
import json

import pytest
from tfx.types.standard_artifacts import ModelEvaluation

from components.run_report.facts import Stop
from components.run_report.gathering import gather
from components.run_report.rendering import render


@pytest.fixture
def told(tmp_path, spec):
    timings = tmp_path / "timings.json"
    timings.write_text(json.dumps([{"node": "Trainer", "seconds": 1.5, "cached": False}]))
    return {
        "run": "20261122T150641Z",
        "name": "demo",
        "spec": spec,
        "config": "name: demo\n",
        "timings": str(timings),
        "root": str(tmp_path),
    }


def test_every_part_of_a_run_becomes_a_fact(artifacts, told):
    facts = gather(artifacts, **told)
    assert facts.missing == {}
    assert (facts.version, facts.blessed, facts.score) == ("1795360109", True, "ctr * price")
    assert list(facts.heads) == ["ctr", "cvr"]
    assert facts.verdicts[0].name == "ctr.auc"
    assert facts.evaluation.models == ("candidate", "constant")
    assert facts.funnel.rows == {"train": 8, "eval": 2}
    assert facts.training.curves[1].losses == {"loss": 0.6, "ctr_loss": 0.4}
    assert facts.training.curves[1].weights == {"ctr": 1.1}
    assert facts.training.validations[0].figures == {"ctr": {"auc": 0.7}}
    assert list(facts.features) == ["user", "price"]
    assert (facts.serving.load, facts.serving.budget.warm) == (1.4, 0.05)
    assert facts.timings[0].seconds == 1.5
    assert facts.lineage.base == "1795327100"
    assert facts.lineage.artifacts[0].path == "artifacts/ledger"
    assert "Pushed as version 1795360109" in render(facts)


def test_without_any_artifact_the_page_says_what_the_run_lacks(told):
    facts = gather({}, **{**told, "timings": ""})
    assert set(facts.missing) == {
        "pushed",
        "gates",
        "evaluation",
        "funnel",
        "training",
        "data",
        "serving",
        "timings",
    }
    text = render(facts)
    for sentence in facts.missing.values():
        assert html.escape(sentence, quote=False).replace("'", "&#39;") in text


@pytest.mark.parametrize(
    "name",
    [
        "ledger",
        "statistics",
        "anomalies",
        "data_report",
        "model_run",
        "model",
        "baseline",
        "serving",
        "evaluation",
        "blessing",
        "pushed_model",
    ],
)
def test_any_artifact_may_be_absent(artifacts, told, name):
    del artifacts[name]
    facts = gather(artifacts, **told)
    assert render(facts)


def test_an_artifact_that_lacks_its_file_says_which(artifacts, told, tmp_path):
    empty = ModelEvaluation()
    empty.uri = str(tmp_path / "empty")
    facts = gather({**artifacts, "evaluation": empty}, **told)
    assert facts.missing == {"evaluation": "The artifact evaluation holds no figures.json."}


def test_a_check_of_an_older_version_left_no_costs(artifacts, told, tmp_path):
    (tmp_path / "artifacts" / "serving" / "serving.json").unlink()
    facts = gather(artifacts, **told)
    assert facts.serving is None
    assert facts.missing == {"serving": "The artifact serving holds no serving.json."}
    assert facts.missing["serving"] in render(facts)


def test_a_refused_model_has_no_version(artifacts, told):
    artifacts["pushed_model"].set_int_custom_property("pushed", 0)
    facts = gather(artifacts, **told)
    assert facts.version is None
    assert "pushed" not in facts.missing


@pytest.mark.parametrize(("folder", "aside"), [("serving", False), ("serving/.superseded", True)])
def test_a_model_that_came_too_late_to_be_served_is_told_by_where_it_lies(
    artifacts, told, folder, aside
):
    pushed = artifacts["pushed_model"]
    pushed.set_string_custom_property("pushed_destination", f"/shop/{folder}/17")
    assert gather(artifacts, **told).superseded is aside


def test_a_file_that_is_broken_is_an_error_and_not_a_gap(artifacts, told, tmp_path):
    (tmp_path / "artifacts" / "evaluation" / "figures.json").write_text("{")
    with pytest.raises(ValueError, match="Evaluation"):
        gather(artifacts, **told)


def test_a_run_that_stopped_tells_what_it_came_to_and_where_the_rest_would_be(artifacts, told):
    late = ("model_run", "model", "baseline", "serving", "evaluation", "blessing", "pushed_model")
    done = {name: found for name, found in artifacts.items() if name not in late}
    stop = Stop(node="DataGate", objections=("user is new",), way_out="Mend the logs")
    facts = gather(done, stop=stop, **told)
    before = "The run stopped at DataGate, before it came to this."
    late_parts = ("pushed", "gates", "evaluation", "serving", "training")
    assert facts.missing == dict.fromkeys(late_parts, before)
    assert facts.stop == stop
    assert (facts.version, facts.blessed) == (None, None)
    assert facts.funnel.rows == {"train": 8, "eval": 2}
    assert (list(facts.heads), facts.score) == (["ctr", "cvr"], "ctr * price")
    assert facts.features["user"].coverage == 0.9
    assert facts.features["user"].importance == {}
    assert facts.data.objections == ("user is new",)
    assert facts.lineage.spans == ("2026-01-01", "2026-01-02")
    assert [one.name for one in facts.lineage.artifacts] == list(done)
    text = render(facts)
    assert text.count(before) == 6  # nobody expects to hear of a push
    assert "Stopped at DataGate" in text

"""Logs to a pushed model through LocalDagRunner, four runs of one small pipeline."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import models
from evaluation.figures import FIGURES_FILE, Evaluation
from models.spec import DIAGNOSTICS_FILE
from pipeline.config import PipelineConfig
from pipeline.executions import newest_executions
from pipeline.parity.compare import compare
from pipeline.preflight import resolve_inputs
from pipeline.run import run
from pipeline.work_dir import WorkDir
from schemas.doors import DOORS
from simulation.settings import Settings
from simulation.simulate import simulate
from tests.native.program import build, compiler, replay, replay_in_python

pytestmark = pytest.mark.e2e

NODES = [
    "ExamplesSchema",
    "LogExampleGen",
    "LogGate",
    "StatisticsGen",
    "ExampleValidator",
    "SpanStatistics",
    "DataReport",
    "DataGate",
    "Transform",
    "Trainer",
    "ServingCheck",
    "BaselineModel",
    "Popularity",
    "Evaluator",
    "ModelGate",
    "AtomicPusher",
    "RunReport",
]
FRESH = """
import json, sys
import tensorflow as tf
model = tf.saved_model.load(sys.argv[1]).signatures["predict_columns"]
columns = {k: tf.constant(v, getattr(tf, t)) for k, (v, t) in json.loads(sys.argv[2]).items()}
answers = {name: tensor.numpy().tolist() for name, tensor in model(**columns).items()}
ours = [m for m in sys.modules if m.split(".")[0] in ("models", "pipeline", "schemas", "tfx",
        "components", "tensorflow_transform", "tensorflow_recommenders", "tf_keras")]
print(json.dumps([answers, ours]))
"""


def config(root: Path, **changes: object) -> PipelineConfig:
    log = {"id": "impression_id", "time": {"column": "timestamp"}}
    return PipelineConfig.model_validate(
        {
            "name": "e2e",
            "logs": {
                "root": str(root),
                **{
                    name: {"path": f"{name}/{{SPAN}}/*.parquet", **log, **more}
                    for name, more in (
                        ("impressions", {}),
                        ("clicks", {}),
                        ("conversions", {"value": "value"}),
                    )
                },
            },
            "window": 3,
            "split": {"by": "time", "eval": "1 span"},
            "truth": "truth/{SPAN}/*.parquet",
            "features": {
                "user_id": {"kind": "categorical", "side": "user", "hash": 100, "width": 4},
                "item_id": {
                    "kind": "categorical",
                    "side": "item",
                    "vocabulary": {"max_size": 100, "oov": 2},
                    "width": 4,
                },
                "history": {"kind": "sequence", "side": "user", "shares": "item_id"},
                "price": {"kind": "numeric", "side": "item", "transform": "log"},
                "position": {"kind": "categorical", "side": "position", "hash": 20, "width": 2},
            },
            "group": "user_id",
            "heads": {
                "ctr": {"label": "click"},
                "cvr": {"label": "conversion", "given": "ctr", "mask": "conversion_mature"},
                "spend": {"label": "value", "given": "ctr", "kind": "value"},
            },
            "model": {
                "units": [8],
                "tower": [4],
                "trunk": {"kind": "mmoe", "experts": 2},
                "interaction": "dcn",
                "objective": "pairwise",
                "calibration": "platt",
            },
            "training": {"batch_size": 256, "held_back": "20%", "compare_single_tasks": True},
            "score": "ctr * cvr * price",
            "slices": ["item_id", ["position", "price"]],
            "evaluation": {"user": "user_id", "request": "request_id", "item": "item_id"},
            "gates": {"ctr.auc": ">= 0.1", "ctspend.rmse": "<= 1000"},
            **changes,
        }
    )


class Project:
    """A pipeline's logs and work directory, and a way to run it."""

    def __init__(self, place: Path):
        self.logs = place / "logs"
        self.work = WorkDir(place / "work")
        simulate(self.logs, Settings(impressions=4000, days=3, seed=11))

    def run(self, **changes: object) -> tuple[bool, set[str]]:
        """Runs; returns whether a model was pushed and which nodes were not cached."""
        chosen = config(self.logs, **changes)
        before = newest_executions(self.work, "e2e", NODES) if self.work.metadata.exists() else {}
        passed = run(chosen, resolve_inputs(chosen), self.work)
        after = newest_executions(self.work, "e2e", NODES)
        assert all(node not in before or after[node].id > before[node].id for node in NODES)
        return passed, {node for node in NODES if not after[node].cached}

    def evaluation(self) -> Evaluation:
        """Returns the figures of the newest evaluation."""
        evaluator = newest_executions(self.work, "e2e", NODES)["Evaluator"]
        figures = Path(evaluator.outputs["evaluation"].uri) / FIGURES_FILE
        return Evaluation.model_validate_json(figures.read_bytes())

    def newest_report(self) -> str:
        """Returns the page of the newest run."""
        return (max(self.work.reports.iterdir()) / "index.html").read_text(encoding="utf-8")

    def versions(self) -> list[Path]:
        return sorted(self.work.serving.glob("[0-9]*"))


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    return Project(tmp_path_factory.mktemp("e2e"))


@pytest.fixture(scope="module")
def first(project):
    return project.run()


def test_the_first_run_runs_every_node_and_pushes_a_model(project, first):
    passed, ran = first
    assert passed
    assert ran == set(NODES)
    assert [version.name.isdigit() for version in project.versions()] == [True]


def test_the_pushed_model_answers_in_a_process_that_knows_tensorflow_only(project, first, tmp_path):
    columns = {
        "user_id": (["u1", "", "nobody"], "string"),
        "item_id": (["i1", "i2", ""], "string"),
        "history": ([["i1", "i2"], ["", ""], ["i9", ""]], "string"),
        "history_length": ([2, 0, 1], "int64"),
        "price": ([10.0, float("nan"), 3.5], "float32"),
    }
    done = subprocess.run(
        [sys.executable, "-c", FRESH, str(project.versions()[0]), json.dumps(columns)],
        cwd=tmp_path,
        env={"PATH": "/usr/bin:/bin", "TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONSAFEPATH": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    answers, ours = json.loads(done.stdout.splitlines()[-1])
    assert ours == []
    assert set(answers) == {"ctr", "cvr", "spend", "ctcvr", "ctspend", "score"}
    for ctr, cvr, ctcvr in zip(*(answers[n] for n in ("ctr", "cvr", "ctcvr")), strict=True):
        assert 0 <= ctr <= 1 and 0 <= cvr <= 1
        assert ctcvr == pytest.approx(ctr * cvr, abs=1e-6) and ctcvr <= ctr
    for ctr, spend, ctspend in zip(*(answers[n] for n in ("ctr", "spend", "ctspend")), strict=True):
        assert ctspend == pytest.approx(ctr * spend, rel=1e-5)
    assert answers["score"][0] == pytest.approx(answers["ctcvr"][0] * 10, rel=1e-5)
    assert answers["score"][1] == 0  # no price


@pytest.mark.skipif(compiler() is None, reason="no C++ compiler here")
def test_the_pushed_model_answers_where_no_python_is(project, first):
    version = project.versions()[0]
    native, python = replay(build(), version), replay_in_python(version)
    assert {line["signature"] for line in native} == set(DOORS)
    for line, told in zip(native, python, strict=True):
        assert set(line["outputs"]) == {"ctr", "cvr", "spend", "ctcvr", "ctspend", "score"}
        for head, values in told["outputs"].items():
            assert line["outputs"][head] == pytest.approx(values, abs=1e-6)


def test_the_pushed_model_answers_raw_logs_as_training_does(project, first):
    found = compare(project.versions()[0], [project.logs / "impressions"], 1000)
    assert (found.rows, found.left_out, found.features) == (1000, {}, ())
    assert [door.door for door in found.doors] == list(DOORS)
    assert {gap.output for door in found.doors for gap in door.gaps} == {
        *("ctr", "cvr", "spend", "ctcvr", "ctspend", "score")
    }
    assert found.holds


def test_a_model_is_judged_beside_others_by_users_requests_and_slices(project, first):
    found = project.evaluation()
    assert found.models == ("candidate", "popularity", "constant", "truth")
    assert {tuple(each.slice) for each in found.slices} == {(), ("item_id",), ("position", "price")}
    ctr = found.overall["ctr"]
    assert ctr.models["constant"]["auc"].value == 0.5
    assert ctr.models["truth"]["auc"].value > 0.6
    assert {"gauc", "session_auc", "ndcg@10"} <= set(ctr.models["candidate"])
    by_item = [
        each.outputs["ctr"].rows for each in found.slices if tuple(each.slice) == ("item_id",)
    ]
    assert sum(by_item) == ctr.rows


def test_nothing_that_people_read_names_a_user_a_request_or_an_impression(project, first):
    of_shop = re.compile(rb"\b[iru]0\d{7,}\b")
    kinds = (".log", ".html", ".json", ".sqlite", ".pbtxt", ".yaml", ".txt")
    read = [path for path in project.work.root.rglob("*") if path.suffix in kinds]
    assert {".log", ".html", ".json", ".sqlite"} <= {path.suffix for path in read}
    assert [path for path in read if of_shop.search(path.read_bytes())] == []
    warm_up = project.versions()[0] / "assets.extra" / "tf_serving_warmup_requests"
    assert of_shop.search(warm_up.read_bytes())  # data: a model is kept as its logs are


def test_a_run_has_a_report_that_says_first_what_it_came_to(project, first):
    page = project.newest_report()
    assert f"Pushed as version {project.versions()[0].name}" in page
    assert page.index("Pushed as version") < page.index("ctr.auc")


def test_a_run_keeps_what_went_on_inside_the_model(project, first):
    trainer = newest_executions(project.work, "e2e", NODES)["Trainer"]
    found = json.loads((Path(trainer.outputs["model_run"].uri) / DIAGNOSTICS_FILE).read_text())
    assert set(found) == {
        "curves", "validations", "calibration", "gradient_cosine", "gate_mean", "gate_entropy",
        "expert_cosine", "dead_experts", "same_experts", "seesaw", "importance", "unseen",
    }  # fmt: skip
    assert set(found["seesaw"]) == {"ctr", "cvr", "ctcvr"}
    assert set(found["gate_mean"]) == {"ctr", "cvr", "spend"}
    assert {"ctr_order/ctcvr_order", "ctr/spend"} <= set(found["gradient_cosine"])
    assert found["calibration"]["ctr"]["kind"] == "platt"
    assert found["curves"][-1]["weights"] == dict.fromkeys(
        ["ctr", "ctcvr", "ctr_order", "ctcvr_order", "spend"], 1.0
    )


def test_the_same_run_again_is_fully_cached_and_pushes_nothing_new(project, first):
    pushed = project.versions()
    assert project.run() == (True, {"RunReport"})
    assert project.versions() == pushed


def test_a_gate_refuses_the_model_without_training_again(project, first):
    pushed = project.versions()
    passed, ran = project.run(gates={"ctr.auc": ">= 0.999"})
    assert not passed
    assert ran == {"ModelGate", "AtomicPusher", "RunReport"}
    assert project.versions() == pushed
    assert "Refused" in project.newest_report()


@pytest.mark.long
def test_changed_preprocessing_code_runs_transform_and_what_follows(
    project, first, tmp_path, monkeypatch
):
    copy = tmp_path / "models"
    shutil.copytree(next(iter(models.__path__)), copy)
    with (copy / "preprocessing.py").open("a", encoding="utf-8") as source:
        source.write("\n# changed\n")
    monkeypatch.setattr(models, "__path__", [str(copy)])
    passed, ran = project.run()
    assert passed
    assert ran >= {"Transform", "Trainer", "Evaluator"}
    assert not ran & {"LogExampleGen", "StatisticsGen", "ExampleValidator"}


def test_one_more_click_runs_everything_anew_and_is_compared_with_the_served_model(project, first):
    impressions = pq.read_table(project.logs / "impressions")
    clicks = project.logs / "clicks"
    day = sorted(clicks.iterdir())[0]
    clicked = set(pq.read_table(clicks).column("impression_id").to_pylist())
    unclicked = next(row for row in impressions.to_pylist() if row["impression_id"] not in clicked)
    one = {"impression_id": [unclicked["impression_id"]], "timestamp": [unclicked["timestamp"] + 5]}
    schema = pq.read_schema(next(day.glob("*.parquet")))
    pq.write_table(pa.table(one).cast(schema), day / "part-late.parquet")
    pushed = project.versions()
    passed, ran = project.run()
    assert passed
    assert ran == set(NODES) - {"ExamplesSchema"}
    assert len(project.versions()) == len(pushed) + 1
    baseline = newest_executions(project.work, "e2e", ["BaselineModel"])["BaselineModel"]
    assert baseline.outputs["baseline"].properties["own_baseline"] == 0
    assert baseline.outputs["baseline"].properties["version"] == pushed[-1].name
    assert "baseline" in project.evaluation().models

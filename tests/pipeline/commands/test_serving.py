"""`rollback`, `lineage` and `monitor` as a user calls them."""

import json
from pathlib import Path

import pyarrow.parquet
import pytest

from models.config import ModelConfig
from models.spec import SPEC_FILE, ModelSpec
from models.training_config import TrainingConfig
from schemas.columns import Column
from schemas.features import Numeric
from schemas.heads import Head
from schemas.logs import Clock

JAN_1 = 1_767_225_600
SERVED = 'served: {path: "served/{SPAN}/*.parquet", id: id, time: {column: time}}'


@pytest.fixture
def serving(tmp_path):
    """Two served versions."""
    folder = tmp_path / "runs" / "shop [1]" / "serving"
    for version, day in (("7", "2026-01-01"), ("8", "2026-01-02")):
        extra = folder / version / "assets.extra"
        extra.mkdir(parents=True)
        (folder / version / "saved_model.pb").write_bytes(b"")
        (extra / "funnelrank.json").write_text(json.dumps({"spans": [day]}))
    return folder


def test_a_rollback_says_what_is_withdrawn_what_is_newest_and_how_to_undo_it(
    serving, invoke, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    result = invoke("rollback", Path("runs") / "shop [1]" / "serving")
    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        "withdrawn 8  2026-01-02",
        "newest    7  2026-01-01",
        "model     runs/shop [1]/serving/7",
        "To serve what was withdrawn again:",
        "  mv 'runs/shop [1]/serving/.withdrawn/8' 'runs/shop [1]/serving'/",
    ]


def test_a_rollback_to_nowhere_is_misuse(serving, invoke, sentence, tmp_path):
    assert "there is no version 9" in sentence(invoke("rollback", serving, "--to", 9), 2)
    assert "there is no folder" in sentence(invoke("rollback", tmp_path / "none"), 2)


def test_a_lineage_of_nothing_is_misuse(invoke, sentence, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert "a version is a number" in sentence(invoke("lineage", "old"), 2)
    assert "must be of one run below runs" in sentence(invoke("lineage", "latest"), 2)
    assert "must be of one run below work" in sentence(invoke("lineage", "8", "--work", "work"), 2)


@pytest.fixture
def watched(tmp_path, write_config, write_rows, invoke):
    """Calls `monitor` on an hour of a hundred impressions; a quarter of them was clicked."""
    root = tmp_path / "logs"
    times = [JAN_1 + number for number in range(100)]

    def run(score, *options):
        shown = [{"id": t, "time": t, "user": "u", "price": 1.0} for t in times]
        clicks = [{"id": t, "time": t + 60} for t in times[::4]]
        write_rows(root / "impressions" / "2026-01-01" / "part.parquet", shown)
        write_rows(root / "clicks" / "2026-01-01" / "part.parquet", clicks)
        write_rows(root / "conversions" / "2026-01-01" / "part.parquet", clicks[:1])
        scores = [{"id": t, "time": t, "ctr": score} for t in times]
        write_rows(root / "served" / "2026-01-01" / "part.parquet", scores)
        config = write_config(("window: 2", f"window: 2\n{SERVED}"))
        few = ("--set", "monitor.min_positives=20")
        return invoke("monitor", config, "--work", tmp_path / "work", *few, *options)

    return run


def test_scores_as_they_should_be_end_with_zero(watched):
    result = watched(0.25)
    assert result.exit_code == 0
    assert "100 scores, 2026-01-01 00:00 to 2026-01-01 01:00 UTC" in result.stdout
    assert "no alert" in result.stdout


def test_scores_out_of_band_end_with_one_and_a_line(watched):
    result = watched(0.75)
    assert result.exit_code == 1
    assert "ALERT ctr COPC 0.333" in result.stdout.replace("\n", " ")
    assert result.stderr == ""


def test_hours_go_to_a_file_and_all_of_it_to_json(watched, tmp_path):
    result = watched(0.75, "--json", "--out", tmp_path / "hours.parquet")
    assert result.exit_code == 1
    told = json.loads(result.stdout)
    assert [(alert["measure"], alert["output"]) for alert in told["alerts"]] == [("COPC", "ctr")]
    hours = pyarrow.parquet.read_table(tmp_path / "hours.parquet").to_pylist()
    assert hours[0]["copc"] == pytest.approx(1 / 3)


def test_times_are_in_iso_8601(watched, sentence):
    assert watched(0.25, "--since", "2026-01-01", "--until", "2026-01-01T01:00").exit_code == 0
    result = watched(0.25, "--since", "yesterday")
    assert result.exit_code == 2
    assert "as in 2024-05-03 or 2024-05-03T14:00Z. Received: 'yesterday'" in result.stderr
    assert "they exist from" in sentence(watched(0.25, "--since", "2026-02-01"), 2)


def test_a_config_without_a_served_log_is_misuse(invoke, sentence, write_config, write_logs):
    write_logs()
    assert "does not say where served scores are" in sentence(invoke("monitor", write_config()), 2)


@pytest.fixture
def model_dir(tmp_path):
    """A served model whose click rate is the price."""
    import tensorflow as tf

    module = tf.Module()
    module.predict_columns = tf.function(
        lambda price: {"ctr": price},
        input_signature=[tf.TensorSpec([None], tf.float32, name="price")],
    )
    folder = tmp_path / "serving" / "17"
    tf.saved_model.save(module, str(folder), {"predict_columns": module.predict_columns})
    spec = ModelSpec(
        name="tiny",
        id=("id",),
        time=Clock(column="time"),
        columns=(Column("price", "float"),),
        features={"price": Numeric(kind="numeric", side="item")},
        heads={"ctr": Head(label="click")},
        targets=("click",),
        model=ModelConfig(),
        training=TrainingConfig(),
    )
    (folder / "assets.extra").mkdir()
    (folder / "assets.extra" / SPEC_FILE).write_text(spec.model_dump_json(), encoding="utf-8")
    return folder


def test_what_score_writes_is_a_served_log(watched, model_dir, invoke, tmp_path, write_rows):
    watched(0.25)
    root = tmp_path / "logs"
    shown = [{"id": JAN_1 + n, "time": JAN_1 + n, "user": "u", "price": 0.125} for n in range(100)]
    log = write_rows(root / "impressions" / "2026-01-01" / "part.parquet", shown)
    served = root / "served" / "2026-01-01" / "part.parquet"
    assert invoke("score", model_dir, log.parent, "--served", "-o", served).exit_code == 0
    few = ("--set", "monitor.min_positives=20")
    result = invoke("monitor", tmp_path / "tiny.yaml", "--work", tmp_path / "work", "--json", *few)
    assert result.exit_code == 1
    told = json.loads(result.stdout)
    assert list(told["versions"]) == ["17"]
    assert (told["outputs"][0]["positives"], told["outputs"][0]["predicted"]) == (25, 12.5)
    assert [(alert["output"], alert["value"]) for alert in told["alerts"]] == [("ctr", 2.0)]

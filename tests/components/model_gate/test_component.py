import dataclasses
import json
import math

import pytest
import tensorflow as tf
import tensorflow_model_analysis as tfma
from google.protobuf import json_format
from tensorflow_model_analysis.proto import config_pb2, metrics_for_slice_pb2
from tfx.types.standard_artifacts import Model, ModelBlessing, ModelEvaluation

from components.baseline_model.component import OWN_BASELINE
from components.model_gate.component import VERDICTS_FILE, ModelGate, overall_metrics
from schemas.gates import parse_gate

OUTPUTS = {"ctr": "rate", "cvr": "rate"}


def measured(slice_name=None, **models):
    """One slice as TFMA writes it; `models` are {(output, metric): value} by name."""
    found = metrics_for_slice_pb2.MetricsForSlice()
    if slice_name:
        found.slice_key.single_slice_keys.add(column="tab", bytes_value=slice_name.encode())
    for model, metrics in models.items():
        for (output, metric), value in metrics.items():
            kept = found.metric_keys_and_values.add()
            kept.key.CopyFrom(
                metrics_for_slice_pb2.MetricKey(
                    name=metric,
                    output_name=output,
                    model_name=model.removesuffix("_minus_baseline"),
                    is_diff=model.endswith("_minus_baseline"),
                )
            )
            kept.value.double_value.value = value
    return found


@pytest.fixture
def evaluation(tmp_path):
    """Writes the slices into a folder as TFMA does and returns the artifact."""

    def write(*slices):
        folder = tmp_path / "evaluation"
        folder.mkdir()
        config = tfma.EvalConfig(
            model_specs=[tfma.ModelSpec(name="candidate"), tfma.ModelSpec(name="baseline")]
        )
        run = config_pb2.EvalRun(eval_config=config, version=tfma.__version__)
        run.model_locations["candidate"] = run.model_locations["baseline"] = "model"
        (folder / "eval_config.json").write_text(json_format.MessageToJson(run))
        with tf.io.TFRecordWriter(str(folder / "metrics-00000-of-00001.tfrecord")) as writer:
            for one in slices:
                writer.write(one.SerializeToString())
        artifact = ModelEvaluation()
        artifact.uri = str(folder)
        return artifact

    return write


@pytest.fixture
def judged(evaluation, tmp_path):
    """Runs the gate on a candidate and a baseline; returns the blessing and its verdicts."""

    def run(bars, candidate, baseline, own_baseline=False):
        model, blessing = Model(), ModelBlessing()
        blessing.uri = str(tmp_path / "blessing")
        model.set_int_custom_property(OWN_BASELINE, int(own_baseline))
        gates = [parse_gate(name, bar, OUTPUTS) for name, bar in bars.items()]
        ModelGate.test_call(
            evaluation=evaluation(measured(candidate=candidate, baseline=baseline)),
            baseline=model,
            blessing=blessing,
            gates=json.dumps([dataclasses.asdict(gate) for gate in gates]),
            candidate_name="candidate",
            baseline_name="baseline",
        )
        verdicts = json.loads((tmp_path / "blessing" / VERDICTS_FILE).read_text())
        files = {path.name for path in (tmp_path / "blessing").iterdir()} - {VERDICTS_FILE}
        return blessing.get_int_custom_property("blessed"), files, verdicts

    return run


AUC = ("ctr", "auc")
BARS = {"ctr.auc": ">= 0.6", "cvr.calibration": "0.9 .. 1.1"}


def test_the_figures_are_those_of_one_model_over_all_rows(evaluation):
    given = evaluation(
        measured("first tab", candidate={AUC: 0.1}),
        measured(
            candidate={AUC: 0.75, ("cvr", "auc"): 0.625},
            baseline={AUC: 0.7},
            candidate_minus_baseline={AUC: 0.05},
        ),
        measured("last tab", candidate={AUC: 0.2}),
    )
    found = overall_metrics(given.uri, "candidate")
    assert found[AUC] == 0.75
    assert found["cvr", "auc"] == 0.625
    assert overall_metrics(given.uri, "baseline")[AUC] == 0.7


def test_a_model_that_passes_every_gate_is_blessed(judged):
    blessed, files, verdicts = judged(BARS, {AUC: 0.6, ("cvr", "calibration"): 1.1}, {})
    assert (blessed, files) == (1, {"BLESSED"})
    assert [(verdict["gate"], verdict["passed"]) for verdict in verdicts] == [
        ("ctr.auc", True),
        ("cvr.calibration", True),
    ]


def test_one_gate_is_enough_to_refuse_a_model_and_says_why(judged):
    blessed, files, verdicts = judged(BARS, {AUC: 0.7, ("cvr", "calibration"): 1.25}, {})
    assert (blessed, files) == (0, {"NOT_BLESSED"})
    assert [verdict["passed"] for verdict in verdicts] == [True, False]
    assert verdicts[1]["reason"] == (
        "cvr.calibration is 1.2500, it must be at least 0.9000 and at most 1.1000"
    )


def test_a_model_whose_figure_is_absent_or_no_number_is_refused(judged):
    blessed, _, verdicts = judged(BARS, {("cvr", "calibration"): math.nan}, {})
    assert blessed == 0
    assert [verdict["passed"] for verdict in verdicts] == [False, False]


@pytest.mark.parametrize(("own_baseline", "blessed"), [(False, 0), (True, 1)])
def test_a_gate_on_the_baseline_speaks_only_where_there_is_another_model(
    judged, own_baseline, blessed
):
    bars = {"ctr.auc": ">= baseline + 0.1"}
    found, _, verdicts = judged(bars, {AUC: 0.7}, {AUC: 0.7}, own_baseline)
    assert found == blessed
    assert verdicts[0]["baseline"] == (None if own_baseline else 0.7)


def test_without_gates_every_model_is_blessed(judged):
    assert judged({}, {AUC: 0.5}, {})[0] == 1

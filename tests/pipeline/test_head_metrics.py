import json
import math

import apache_beam as beam
import numpy as np
import pytest
from apache_beam.testing import util
from google.protobuf import text_format
from tensorflow_model_analysis import constants
from tensorflow_model_analysis.evaluators import metrics_plots_and_validations_evaluator
from tensorflow_model_analysis.extractors import slice_key_extractor
from tensorflow_model_analysis.metrics import metric_specs, metric_types
from tensorflow_model_analysis.proto import config_pb2
from tensorflow_model_analysis.utils import config_util

from pipeline.head_metrics import HeadMetrics

OUTPUTS = ("ctr", "cvr", "ctcvr")
CONFIG = """
model_specs { name: "candidate" }
model_specs { name: "baseline" is_baseline: true }
slicing_specs {}
slicing_specs { feature_keys: "device" }
metrics_specs {
  output_names: ["ctr", "cvr", "ctcvr"]
  metrics {
    class_name: "HeadMetrics"
    module: "pipeline.head_metrics"
    config: '{"populations": {"cvr": "ctr"}}'
  }
}
"""
# device, click, conversion, the candidate's answers for ctr and cvr
ROWS = [
    ("phone", 1, 1, 0.75, 0.5),
    ("phone", 1, 0, 0.25, 0.75),
    ("phone", 0, 0, 0.5, 0.5),
    ("tv", 1, 1, 0.75, 0.25),
    ("tv", 0, 0, 0.25, 0.875),
]


def row(device, click, conversion, ctr, cvr):
    """One row as TFMA's extractors leave it; the baseline answers 0.5 to everything."""
    answers = {"ctr": ctr, "cvr": cvr, "ctcvr": ctr * cvr}
    labels = {"ctr": click, "cvr": conversion, "ctcvr": conversion}
    labels = {n: np.array([v] if v is not None else [], np.float32) for n, v in labels.items()}
    return {
        constants.FEATURES_KEY: {"device": np.array([device])},
        constants.LABELS_KEY: {"candidate": labels, "baseline": labels},
        constants.PREDICTIONS_KEY: {
            "candidate": {name: np.array([[answer]]) for name, answer in answers.items()},
            "baseline": dict.fromkeys(OUTPUTS, np.array([[0.5]])),
        },
        constants.EXAMPLE_WEIGHTS_KEY: {
            model: dict.fromkeys(OUTPUTS, np.array([1.0])) for model in ("candidate", "baseline")
        },
    }


def tfma_config():
    """The config as TFMA completes it: with the names of the models to measure."""
    config = text_format.Parse(CONFIG, config_pb2.EvalConfig())
    return config_util.update_eval_config_with_defaults(config, has_baseline=True)


def combiner(populations=(("cvr", "ctr"),), models=("candidate", "baseline"), outputs=OUTPUTS):
    (computation,) = HeadMetrics(populations=dict(populations)).computations(
        model_names=list(models), output_names=list(outputs)
    )
    return computation.combiner


def measure(rows, parts=1):
    """Figures by (model, output, metric) of rows dealt to accumulators and merged."""
    found = combiner()
    accumulators = [found.create_accumulator() for _ in range(parts)]
    for number, values in enumerate(rows):
        inputs = metric_types.StandardMetricInputs(row(*values))
        place = number % parts
        accumulators[place] = found.add_input(accumulators[place], inputs)
    figures = found.extract_output(found.merge_accumulators(accumulators))
    return {(key.model_name, key.output_name, key.name): v for key, v in figures.items()}


def test_rows_outside_the_population_of_a_head_are_left_out():
    found = measure(ROWS)
    counts = {output: found["candidate", output, "example_count"] for output in OUTPUTS}
    assert counts == {"ctr": 5.0, "cvr": 3.0, "ctcvr": 5.0}
    assert found["candidate", "cvr", "mean_prediction"] == 0.5  # of 0.5, 0.75 and 0.25
    assert found["candidate", "cvr", "mean_label"] == pytest.approx(2 / 3)
    assert found["candidate", "cvr", "calibration"] == 0.75
    # Of the positives 0.5 and 0.25, none lies above the negative 0.75.
    assert found["candidate", "cvr", "auc"] == 0.0
    # Six pairs: 0.75 twice above both of 0.5 and 0.25; 0.25 below the one and level with the other.
    assert found["candidate", "ctr", "auc"] == pytest.approx(4.5 / 6)


def test_each_model_is_measured_by_its_own_answers():
    found = measure(ROWS)
    for output in OUTPUTS:
        assert found["baseline", output, "auc"] == 0.5
        assert found["baseline", output, "mean_prediction"] == 0.5
        assert found["baseline", output, "log_loss"] == pytest.approx(math.log(2))
    assert found["candidate", "ctcvr", "mean_prediction"] == pytest.approx(
        (0.375 + 0.1875 + 0.25 + 0.1875 + 0.21875) / 5
    )


@pytest.mark.parametrize("missing", [None, math.nan])
def test_a_row_without_a_label_does_not_count(missing):
    unclicked = ("phone", missing, 1, 0.875, 0.875)
    unconverted = ("phone", 1, missing, 0.5, 0.875)
    found = measure([*ROWS, unclicked, unconverted])
    counts = {output: found["candidate", output, "example_count"] for output in OUTPUTS}
    assert counts == {"ctr": 6.0, "cvr": 3.0, "ctcvr": 6.0}
    assert found["candidate", "cvr", "mean_prediction"] == 0.5


@pytest.mark.parametrize("parts", [2, 3, 7])
def test_merged_accumulators_say_what_one_says(parts):
    assert measure(ROWS, parts) == pytest.approx(measure(ROWS), nan_ok=True)


def test_a_slice_without_rows_counts_zero_and_knows_nothing_else():
    found = measure([])
    for (_, _, name), figure in found.items():
        assert figure == 0.0 if name == "example_count" else math.isnan(figure)


def test_a_lone_model_and_output_need_no_names():
    (computation,) = HeadMetrics(populations={}).computations()
    only = computation.combiner
    inputs = {
        constants.LABELS_KEY: np.array([1.0]),
        constants.PREDICTIONS_KEY: np.array([0.25]),
        constants.EXAMPLE_WEIGHTS_KEY: np.array([1.0]),
    }
    tallies = only.add_input(only.create_accumulator(), metric_types.StandardMetricInputs(inputs))
    figures = only.extract_output(tallies)
    assert figures[metric_types.MetricKey(name="mean_prediction")] == 0.25


def test_the_keys_carry_the_names_that_gates_use():
    config = tfma_config()
    (computation,) = metric_specs.to_computations(config.metrics_specs, eval_config=config)
    assert {(key.model_name, key.output_name, key.name) for key in computation.keys} == {
        (model, output, name)
        for model in ("candidate", "baseline")
        for output in OUTPUTS
        for name in (
            [
                "auc",
                "pr_auc",
                "log_loss",
                "calibration",
                "mean_label",
                "mean_prediction",
                "example_count",
            ]
        )
    }
    assert not any(key.is_diff for key in computation.keys)


def test_tfma_measures_each_slice_of_both_models():
    config = tfma_config()
    evaluator = metrics_plots_and_validations_evaluator.MetricsPlotsAndValidationsEvaluator(config)

    def check(sliced):
        found = {
            (str(dict(part).get("device", "")), key.model_name, key.output_name): value
            for part, figures in sliced
            for key, value in figures.items()
            if key.name == "example_count" and not key.is_diff
        }
        expected = {"": (5, 3, 5), "phone": (3, 2, 3), "tv": (2, 1, 2)}
        assert found == {
            (device, model, output): count
            for device, counts in expected.items()
            for model in ("candidate", "baseline")
            for output, count in zip(OUTPUTS, counts, strict=True)
        }, json.dumps({str(k): float(v) for k, v in found.items()})

    with beam.Pipeline(runner="DirectRunner") as pipeline:
        evaluated = (
            pipeline
            | beam.Create([row(*values) for values in ROWS])
            | slice_key_extractor.SliceKeyExtractor(eval_config=config).ptransform
            | evaluator.ptransform
        )
        util.assert_that(evaluated[constants.METRICS_KEY], check)


def test_a_value_is_measured_by_its_errors_and_is_nothing_without_its_parent():
    (computation,) = HeadMetrics(
        populations={"spend": "ctr"}, values={"spend": None, "ctspend": "ctr"}
    ).computations(model_names=["candidate"], output_names=["ctr", "spend", "ctspend"])
    found = computation.combiner
    tallies = found.create_accumulator()
    # click, what was spent (not logged without a click), answers for ctr and spend
    for click, spent, ctr, spend in [(1, 4.0, 0.5, 3.0), (0, None, 0.5, 2.0), (1, 0.0, 1.0, 1.0)]:
        labels = {"ctr": click, "spend": spent, "ctspend": spent}
        answers = {"ctr": ctr, "spend": spend, "ctspend": ctr * spend}
        inputs = metric_types.StandardMetricInputs(
            {
                constants.LABELS_KEY: {
                    "candidate": {
                        name: np.array([] if label is None else [label], np.float32)
                        for name, label in labels.items()
                    }
                },
                constants.PREDICTIONS_KEY: {
                    "candidate": {name: np.array([value]) for name, value in answers.items()}
                },
            }
        )
        tallies = found.add_input(tallies, inputs)
    merged = found.merge_accumulators([found.create_accumulator(), tallies])
    figures = {(key.output_name, key.name): value for key, value in
               found.extract_output(merged).items()}  # fmt: skip
    assert figures["spend", "example_count"] == 2
    assert figures["spend", "rmse"] == pytest.approx(1.0)  # off by 1 and by 1
    assert figures["spend", "mean_label"] == pytest.approx(2.0)
    assert figures["ctspend", "example_count"] == 3
    assert figures["ctspend", "mae"] == pytest.approx((2.5 + 1.0 + 1.0) / 3)
    assert ("spend", "auc") not in figures
    assert ("ctr", "auc") in figures

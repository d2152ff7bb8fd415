import apache_beam as beam
import numpy as np
from apache_beam.testing import util
from tensorflow_model_analysis import constants
from tensorflow_model_analysis.evaluators import metrics_plots_and_validations_evaluator
from tensorflow_model_analysis.metrics import metric_types

from components.evaluator.head_metrics import (
    COUNT,
    FIGURES,
    eval_config,
    extract,
    figures_of,
    metrics_of,
)
from components.evaluator.tallies import SliceTally
from evaluation.figures import SliceFigures
from evaluation.rows import Rows
from evaluation.tally import OutputTally

MODELS = ("candidate", "baseline", "constant")
PHONE = (("device", "phone"),)
CONFIG = eval_config(MODELS, ["ctr"], [("device",), ("device", "hour")])


def tally(of_slice, seed, rows=200):
    draw = np.random.default_rng(seed)
    found = OutputTally("rate", MODELS)
    predictions = {name: draw.random(rows) for name in MODELS}
    label = (draw.random(rows) < predictions["candidate"]).astype(float)
    found.add(Rows(label, np.ones(rows), predictions, np.arange(rows) % 20))
    return SliceTally(of_slice, rows, {"ctr": found}, {"ctr": 3})


def test_the_config_names_what_is_measured_and_marks_no_baseline():
    assert [spec.name for spec in CONFIG.model_specs] == list(MODELS)
    assert not any(spec.is_baseline for spec in CONFIG.model_specs)
    sliced = [list(spec.feature_keys) for spec in CONFIG.slicing_specs]
    assert sliced == [[], ["device"], ["device", "hour"]]


def test_tfma_adds_up_the_tallies_of_a_slice():
    evaluator = metrics_plots_and_validations_evaluator.MetricsPlotsAndValidationsEvaluator(CONFIG)
    whole = tally((), 1)
    whole.merge(tally((), 2))
    expected = {(): whole.figures(), PHONE: tally(PHONE, 3).figures()}

    def check(sliced):
        assert {key for key, _ in sliced} == set(expected)
        for key, metrics in sliced:
            rows, text = figures_of((key, metrics))
            assert rows == metrics[COUNT] == (400 if key == () else 200)
            found = SliceFigures.model_validate_json(text)
            assert found.outputs["ctr"].masked == (6 if key == () else 3)
            told = expected[key].outputs["ctr"]
            for model in MODELS:
                for name, figure in told.models[model].items():
                    value = metrics[metric_types.MetricKey(name, model, "ctr")]
                    np.testing.assert_allclose(float(value), figure.value, rtol=1e-12)
                    np.testing.assert_allclose(value.sample_standard_deviation, figure.error)
                    assert value.sample_degrees_of_freedom == figure.freedom == 19
            difference = metrics[metric_types.MetricKey("auc", "candidate", "ctr", is_diff=True)]
            paired = told.differences["baseline"]["auc"]
            np.testing.assert_allclose(float(difference), paired.value, rtol=1e-9)
            np.testing.assert_allclose(difference.sample_standard_deviation, paired.error)
            assert set(metrics) - set(metrics_of((key, metrics))[1]) == {FIGURES}

    tallies = [tally((), 1), tally((), 2), tally(PHONE, 3)]
    with beam.Pipeline(argv=["--runner=FnApiRunner"]) as pipeline:
        measured = (
            pipeline | beam.Create(tallies) | beam.Map(extract) | evaluator.ptransform
        )[constants.METRICS_KEY]  # fmt: skip
        util.assert_that(measured, check)


def test_a_figure_without_an_interval_is_a_number():
    lone = OutputTally("rate", ("candidate",))
    lone.add(Rows(np.array([1.0, 0.0]), np.ones(2), {"candidate": np.array([0.75, 0.5])},
                  np.zeros(2, np.int64)))  # fmt: skip
    evaluator = metrics_plots_and_validations_evaluator.MetricsPlotsAndValidationsEvaluator(
        eval_config(["candidate"], ["ctr"], [])
    )

    def check(sliced):
        [(_, metrics)] = sliced
        assert metrics[metric_types.MetricKey("auc", "candidate", "ctr")] == 1.0
        assert not any(key.is_diff for key in metrics)

    with beam.Pipeline(argv=["--runner=FnApiRunner"]) as pipeline:
        found = (
            pipeline
            | beam.Create([SliceTally((), 2, {"ctr": lone}, {"ctr": 0})])
            | beam.Map(extract)
            | evaluator.ptransform
        )
        util.assert_that(found[constants.METRICS_KEY], check)

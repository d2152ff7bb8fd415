import math
from pathlib import Path

import pytest
from tfx.types.standard_artifacts import ModelBlessing, ModelEvaluation

from components.model_gate.component import ModelGate
from components.model_gate.verdicts import VERDICTS_FILE, read_verdicts
from evaluation.figures import FIGURES_FILE, Evaluation, Figure, OutputFigures, SliceFigures
from schemas.evaluation import EvaluationConfig
from schemas.gates import Bar, Gates, parse_gate
from schemas.measurable import Measurable

KNOWN = Measurable({"ctr": "rate", "cvr": "rate"}, EvaluationConfig(), (("device",),))


def evaluated(models):
    """An evaluation over all rows of {model: {output: {metric: value}}}."""
    outputs = {output for found in models.values() for output in found}
    return Evaluation(
        models=tuple(models),
        slices=[
            SliceFigures(
                slice={},
                outputs={
                    output: OutputFigures(
                        rows=10,
                        positives=4,
                        weight=10.0,
                        models={
                            model: {
                                metric: Figure(value=value)
                                for metric, value in found.get(output, {}).items()
                            }
                            for model, found in models.items()
                        },
                    )
                    for output in outputs
                },
            )
        ],
    )


@pytest.fixture
def judged(tmp_path):
    """Runs the gate on figures by model; returns the blessing and its folder."""

    def run(bars, **models):
        evaluation, blessing = ModelEvaluation(), ModelBlessing()
        evaluation.uri, blessing.uri = str(tmp_path / "evaluation"), str(tmp_path / "blessing")
        Path(evaluation.uri).mkdir()
        figures = evaluated(models).model_dump_json()
        Path(evaluation.uri, FIGURES_FILE).write_text(figures, encoding="utf-8")
        gates = [parse_gate(name, Bar(bar=bar), KNOWN) for name, bar in bars.items()]
        ModelGate.test_call(
            evaluation=evaluation, blessing=blessing, gates=Gates(tuple(gates)).model_dump_json()
        )
        files = {path.name for path in Path(blessing.uri).iterdir()} - {VERDICTS_FILE}
        return blessing.get_int_custom_property("blessed"), files, read_verdicts(blessing.uri)

    return run


BARS = {"ctr.auc": ">= 0.6", "cvr.calibration": "0.9 .. 1.1"}


def test_a_model_that_passes_every_gate_is_blessed(judged):
    figures = {"ctr": {"auc": 0.6}, "cvr": {"calibration": 1.1}}
    blessed, files, verdicts = judged(BARS, candidate=figures)
    assert (blessed, files) == (1, {"BLESSED"})
    assert [(verdict.gate, verdict.passed) for verdict in verdicts] == [
        ("ctr.auc", True),
        ("cvr.calibration", True),
    ]


def test_one_gate_is_enough_to_refuse_a_model_and_says_why(judged):
    figures = {"ctr": {"auc": 0.7}, "cvr": {"calibration": 1.25}}
    blessed, files, verdicts = judged(BARS, candidate=figures)
    assert (blessed, files) == (0, {"NOT_BLESSED"})
    assert [verdict.passed for verdict in verdicts] == [True, False]
    assert verdicts[1].reason == (
        "cvr.calibration is 1.2500, it must be at least 0.9000 and at most 1.1000"
    )


def test_a_model_whose_figure_is_absent_or_no_number_is_refused(judged):
    blessed, _, verdicts = judged(BARS, candidate={"cvr": {"calibration": math.nan}})
    assert blessed == 0
    assert [(verdict.passed, math.isnan(verdict.value)) for verdict in verdicts] == [
        (False, True),
        (False, True),
    ]


@pytest.mark.parametrize(("others", "blessed"), [({"baseline": {"ctr": {"auc": 0.7}}}, 0), ({}, 1)])
def test_a_gate_on_the_baseline_speaks_only_where_there_is_one(judged, others, blessed):
    bars = {"ctr.auc": ">= baseline + 0.1"}
    found, _, (verdict,) = judged(bars, candidate={"ctr": {"auc": 0.7}}, **others)
    assert found == blessed
    assert (verdict.spoke, verdict.baseline) == ((True, 0.7) if others else (False, None))


def test_without_gates_every_model_is_blessed(judged):
    blessed, files, verdicts = judged({}, candidate={"ctr": {"auc": math.nan}})
    assert (blessed, files, verdicts) == (1, {"BLESSED"}, ())

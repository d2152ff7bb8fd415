import math

import pytest

from components.model_gate.judgement import judge
from evaluation.figures import Evaluation, Figure, OutputFigures, SliceFigures
from schemas.evaluation import EvaluationConfig
from schemas.gates import Bar, parse_gate
from schemas.measurable import Measurable

KNOWN = Measurable(
    {"ctr": "rate", "cvr": "rate"},
    EvaluationConfig(user="user", item="item"),
    (("device",), ("device", "hour")),
)


def gate(bar, name="ctr.auc"):
    return parse_gate(name, Bar.model_validate(bar), KNOWN)


def figures(auc, positives=100, **others):
    """The figures of an output: the candidate's AUC and that of other models."""
    models = {"candidate": auc, **others}
    return OutputFigures(
        rows=1000,
        positives=positives,
        weight=1000.0,
        models={
            name: {} if value is None else {"auc": Figure(value=value, low=0.4, high=0.9)}
            for name, value in models.items()
        },
        differences={
            name: {"auc": Figure(value=auc - value, error=0.001, freedom=19)}
            for name, value in others.items()
            if None not in (value, auc)
        },
    )


def evaluation(overall, *slices, models=("candidate", "baseline", "popularity", "constant")):
    """An evaluation of ctr over all rows and over slices of (values, figures)."""
    found = [({}, overall), *slices]
    return Evaluation(
        models=models,
        slices=[
            SliceFigures(slice=values, outputs={} if output is None else {"ctr": output})
            for values, output in found
        ],
    )


def verdict(bar, overall, **options):
    (found,) = judge([gate(bar)], evaluation(overall, **options))
    return found


FIRST = {"models": ("candidate", "constant")}


def test_a_verdict_has_the_numbers_and_says_that_the_gate_spoke():
    found = verdict(">= 0.6", figures(0.75, baseline=0.7))
    assert (found.gate, found.name, found.bar, dict(found.slice)) == (
        "ctr.auc", "ctr.auc", ">= 0.6", {}
    )  # fmt: skip
    assert (found.value, found.low, found.high, found.baseline) == (0.75, 0.4, 0.9, 0.7)
    assert (found.said, found.spoke, found.passed) == ("passed", True, True)
    assert found.reason == "ctr.auc is 0.7500, it must be at least 0.6000"


def test_a_bar_that_is_not_reached_refuses():
    found = verdict(">= 0.8", figures(0.75))
    assert (found.said, found.spoke, found.passed) == ("refused", True, False)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, None])
@pytest.mark.parametrize(
    "bar", ["<= 1", ">= baseline - 9", "not worse than baseline", "0 .. 1 with 95% confidence"]
)
@pytest.mark.parametrize("options", [{}, FIRST])
def test_what_was_not_measured_does_not_pass(bar, value, options):
    found = verdict(bar, figures(value, baseline=0.5), **options)
    assert (found.said, found.passed) == ("refused", False)
    assert "could not be measured on 1,000 rows, 100 of them positive" in found.reason


def test_an_output_or_a_slice_that_was_not_evaluated_does_not_pass():
    for found in (
        judge([gate(">= 0")], evaluation(None)),
        judge([gate(">= 0", "ctr.auc[device=tv]")], evaluation(figures(0.7))),
    ):
        assert found[0].passed is False
        assert math.isnan(found[0].value)
        assert "could not be measured on 0 rows" in found[0].reason


@pytest.mark.parametrize(
    "bar",
    [">= baseline + 0.2", "<= baseline * 0.1", "not worse than baseline",
     ">= baseline with 95% confidence"],
)  # fmt: skip
def test_without_a_baseline_a_gate_relative_to_it_does_not_speak(bar):
    found = verdict(bar, figures(0.5), **FIRST)
    assert (found.said, found.spoke, found.passed) == ("no baseline yet", False, True)
    assert found.reason == "ctr.auc is 0.5000; there is no baseline yet"
    assert found.baseline is None


def test_a_first_model_is_judged_by_the_absolute_gates_and_beside_other_models():
    assert not verdict(">= 0.6", figures(0.5, constant=0.5), **FIRST).passed
    assert not verdict(">= constant + 0.1", figures(0.5, constant=0.5), **FIRST).passed
    assert verdict(">= constant + 0.1", figures(0.6, constant=0.5), **FIRST).passed


@pytest.mark.parametrize("other", [math.nan, None])
def test_another_model_that_was_not_measured_lets_no_relative_gate_pass(other):
    for bar in (">= baseline - 9", "not worse than baseline"):
        found = verdict(bar, figures(0.7, baseline=other))
        assert (found.passed, found.reason) == (
            False, "ctr.auc is 0.7000, that of baseline could not be measured"
        )  # fmt: skip


def test_a_model_that_is_not_in_the_evaluation_lets_no_relative_gate_pass():
    assert not verdict(">= popularity", figures(0.7), **FIRST).passed


def test_the_other_models_value_is_told_and_without_one_the_baselines():
    found = figures(0.7, baseline=0.65, popularity=0.6)
    assert verdict(">= popularity", found).baseline == 0.6
    assert verdict(">= 0.5", found).baseline == 0.65


@pytest.mark.parametrize(("positives", "spoke"), [(199, False), (200, True)])
def test_with_too_few_positives_a_gate_does_not_speak(positives, spoke):
    found = verdict({"bar": ">= 0.9", "min_positives": 200}, figures(0.7, positives))
    assert (found.spoke, found.passed) == (spoke, not spoke)
    if not spoke:
        assert found.said == "199 of 200 positives"
        assert found.reason == "ctr.auc has 199 of 200 positives that its gate needs to speak"


def test_with_too_few_positives_what_was_not_measured_is_no_reason():
    bar = {"bar": ">= 0.6", "min_positives": 1}
    assert verdict(bar, figures(math.nan, 0)).passed
    assert not verdict(bar, figures(math.nan, 1)).passed
    assert judge([gate(bar, "ctr.auc[device=tv]")], evaluation(figures(0.7)))[0].spoke is False


PHONE = ({"device": "phone"}, figures(0.7))
TV = ({"device": "tv"}, figures(0.5, 3))
CROSSES = [
    ({"device": "phone", "hour": "3"}, figures(0.71)),
    ({"device": "phone", "hour": "4"}, figures(0.72)),
    ({"device": "tv", "hour": "3"}, figures(0.73)),
]


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("ctr.auc", {"ctr.auc": 0.8}),
        ("ctr.auc[device=phone]", {"ctr.auc[device=phone]": 0.7}),
        ("ctr.auc[device=*]", {"ctr.auc[device=phone]": 0.7, "ctr.auc[device=tv]": 0.5}),
        ("ctr.auc[hour=3, device=tv]", {"ctr.auc[device=tv, hour=3]": 0.73}),
        (
            "ctr.auc[device=phone, hour=*]",
            {"ctr.auc[device=phone, hour=3]": 0.71, "ctr.auc[device=phone, hour=4]": 0.72},
        ),
        (
            "ctr.auc[device=*, hour=3]",
            {"ctr.auc[device=phone, hour=3]": 0.71, "ctr.auc[device=tv, hour=3]": 0.73},
        ),
    ],
)
def test_a_gate_is_on_the_slice_that_it_names_with_a_verdict_for_every_value(name, values):
    found = judge([gate(">= 0.6", name)], evaluation(figures(0.8), PHONE, TV, *CROSSES))
    assert {verdict.name: verdict.value for verdict in found} == values
    assert {verdict.gate for verdict in found} == {gate(">= 0.6", name).name}
    assert [verdict.passed for verdict in found] == [value >= 0.6 for value in values.values()]


def test_of_every_value_only_those_with_enough_positives_are_judged():
    bar = {"bar": ">= 0.6", "min_positives": 10}
    found = judge([gate(bar, "ctr.auc[device=*]")], evaluation(figures(0.8), PHONE, TV))
    assert [verdict.said for verdict in found] == ["passed", "3 of 10 positives"]


def test_every_value_of_a_feature_without_any_is_not_passed_in_silence():
    (found,) = judge([gate(">= 0.6", "ctr.auc[device=*]")], evaluation(figures(0.8)))
    assert (found.name, found.passed) == ("ctr.auc[device=*]", False)


def test_a_slice_without_a_figure_says_how_a_gate_is_kept_silent():
    tv = ({"device": "tv"}, figures(math.nan, 0))
    (found,) = judge([gate(">= 0.6", "ctr.auc[device=tv]")], evaluation(figures(0.8), tv))
    assert found.reason == (
        "ctr.auc[device=tv] is nan: it could not be measured on 1,000 rows, 0 of them positive. "
        "With `min_positives` a gate is silent where there are few"
    )


def test_gates_are_judged_in_order():
    found = judge([gate(">= 0.9"), gate("not worse than baseline")], evaluation(figures(0.7)))
    assert [verdict.bar for verdict in found] == [">= 0.9", "not worse than baseline"]
    assert judge([], evaluation(figures(0.7))) == ()

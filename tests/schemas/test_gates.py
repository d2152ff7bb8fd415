import pydantic
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from schemas.evaluation import EvaluationConfig
from schemas.gates import Bar, Bars, Gate, Gates, gate_name, parse_gate
from schemas.measurable import Measurable

KNOWN = Measurable(
    {"ctr": "rate", "cvr": "rate", "ctcvr": "rate", "spend": "value"},
    EvaluationConfig(user="user", request="request", item="item", at=(5, 10)),
    (("device",), ("device", "hour"), ("price",)),
)


def parse(name, bar, known=KNOWN):
    return parse_gate(name, Bar.model_validate(bar), known)


def gate(name="ctr.auc", **fields):
    output, _, metric = name.rpartition(".")
    return Gate(output=output, metric=metric, **fields)


@pytest.mark.parametrize(
    ("bar", "fields"),
    [
        (">= 0.6", {"lower": 0.6}),
        ("<= .3", {"upper": 0.3}),
        ("0.9 .. 1.1", {"lower": 0.9, "upper": 1.1}),
        ("-1..-0.5", {"lower": -1.0, "upper": -0.5}),
        (">= baseline - 0.002", {"lower": -0.002, "other": "baseline"}),
        (">= baseline", {"lower": 0.0, "other": "baseline"}),
        ("<= baseline + 1e-3", {"upper": 0.001, "other": "baseline"}),
        ("<= baseline * 1.01", {"upper": 0.0, "other": "baseline", "factor": 1.01}),
        (">= popularity + 0.01", {"lower": 0.01, "other": "popularity"}),
        ("<= constant*0.9", {"upper": 0.0, "other": "constant", "factor": 0.9}),
        (">= 0.7 with 95% confidence", {"lower": 0.7, "confident": True}),
        ("0.9 .. 1.1  with  95 %  confidence", {"lower": 0.9, "upper": 1.1, "confident": True}),
        (
            ">= baseline - 0.002 with 95% confidence",
            {"lower": -0.002, "other": "baseline", "confident": True},
        ),
        ("not worse than baseline", {"other": "baseline", "not_worse": "up"}),
        ("not worse than popularity", {"other": "popularity", "not_worse": "up"}),
    ],
)
def test_a_bar_is_read_as_bounds(bar, fields):
    assert parse("ctcvr.auc", bar) == gate("ctcvr.auc", bar=bar, **fields)


@pytest.mark.parametrize(
    ("name", "better"),
    [("ctr.gauc", "up"), ("ctr.ndcg@5", "up"), ("ctr.log_loss", "down"), ("ctr.ece", "down"),
     ("spend.rmse", "down"), ("spend.calibration", "one")],
)  # fmt: skip
def test_what_is_not_worse_follows_the_metric(name, better):
    assert parse(name, "not worse than baseline").not_worse == better


@pytest.mark.parametrize("metric", ["mean_label", "mean_prediction"])
def test_a_metric_of_which_none_is_better_cannot_be_worse(metric):
    with pytest.raises(ValueError, match=rf"no {metric} is better than another.*'0.9 .. 1.1'"):
        parse(f"ctr.{metric}", "not worse than baseline")


def test_a_gate_may_be_on_a_slice_and_on_every_value_of_a_feature():
    assert parse("ctr.auc[device=phone]", ">= 0.6").slice == {"device": "phone"}
    assert parse("ctr.auc [ device = phone ,hour=*]", ">= 0.6").slice == {
        "device": "phone",
        "hour": "*",
    }


def test_the_values_of_a_slice_stand_in_the_order_of_the_config():
    found = parse("ctr.auc[hour=3, device=phone]", ">= 0.6")
    assert found.name == "ctr.auc[device=phone, hour=3]"


def test_a_value_of_a_slice_may_be_an_interval():
    assert parse("ctr.auc[price=[8, 16)]", ">= 0.6").slice == {"price": "[8, 16)"}
    known = Measurable({"ctr": "rate"}, EvaluationConfig(), (("price", "age"),))
    assert parse("ctr.auc[price=[-2, -1), age=(missing)]", ">= 0.6", known).slice == {
        "price": "[-2, -1)",
        "age": "(missing)",
    }


@pytest.mark.parametrize("name", ["ctr.auc[device=phone", "ctr.auc]", "ctr.auc[device=a]b", "[]"])
def test_a_name_that_cannot_be_read_is_refused_with_the_ways_to_write_one(name):
    with pytest.raises(ValueError, match=r"cannot be read. Write `ctr.auc`.*\[device=phone\]"):
        parse(name, ">= 0.6")


@pytest.mark.parametrize("text", ["", "device", "device=", "=phone", "device=a, device=b"])
def test_a_slice_that_cannot_be_read_is_refused_with_the_ways_to_write_one(text):
    with pytest.raises(ValueError, match=r"has a slice that cannot be read.*\[device=\*\]"):
        parse(f"ctr.auc[{text}]", ">= 0.6")


@pytest.mark.parametrize(
    "bar",
    ["0.6", "> 0.6", "1.1 .. 0.9", ">= 0.6 and more", "", ">= baseline - -0.1", "nan .. 1",
     ">= 1e999", "0 .. 1e999", "<= baseline * 0", ">= 0.6 with 90% confidence",
     "with 95% confidence", "not worse than baseline with 95% confidence", "None",
     "not worse than"],
)  # fmt: skip
def test_a_bar_that_cannot_be_read_is_refused_with_the_ways_to_write_one(bar):
    with pytest.raises(ValueError, match=r"cannot be read.*'>= baseline - 0.002'.*'not worse"):
        parse("ctr.auc", bar)


@pytest.mark.parametrize("bar", [">= base", ">= nan", "not worse than inf", "<= basis * 2"])
def test_a_bar_relative_to_an_unknown_model_names_the_known_ones(bar):
    with pytest.raises(
        ValueError, match=r"unknown model.*known are baseline, popularity, constant"
    ):
        parse("ctr.auc", bar)


def test_what_is_not_measured_is_refused():
    with pytest.raises(ValueError, match="unknown output"):
        parse("cvt.auc", ">= 0.6")
    with pytest.raises(ValueError, match="unknown metric 'auc'"):
        parse("spend.auc", ">= 0.6")
    with pytest.raises(ValueError, match="a slice by hour, which is not measured"):
        parse("ctr.auc[hour=3]", ">= 0.6")


def test_a_gate_is_called_as_in_the_yaml_and_keeps_its_bar_without_blanks():
    found = parse("ctr.auc", "  >=  0.5 ")
    assert (found.name, found.bar, found.lower) == ("ctr.auc", ">=  0.5", 0.5)


@given(st.floats(-100, 100), st.floats(0, 100))
def test_a_band_keeps_the_numbers_as_written(lower, width):
    found = parse("ctr.auc", f"{lower!r} .. {lower + width!r}")
    assert (found.lower, found.upper) == (lower, lower + width)


# Any text that is no other value: a comma may stand in it, an equals sign may not.
VALUES = st.text(st.characters(codec="utf-8", exclude_characters="=")).map(str.strip).filter(bool)


@given(VALUES, VALUES)
def test_any_values_without_an_equals_sign_can_be_named(device, hour):
    name = gate_name("ctr.auc", {"device": device, "hour": hour})
    assert parse(name, ">= 0.6").slice == {"device": device, "hour": hour}


BARS = pydantic.TypeAdapter(Bars)


@pytest.mark.parametrize(
    "text",
    ['">= 0.6"', '{bar: ">= 0.6", min_positives: 200}', '[">= 0.6", not worse than baseline]',
     '[{bar: ">= 0.6", min_positives: 200}, 0.9 .. 1.1]'],
)  # fmt: skip
def test_bars_are_written_as_what_is_read(text):
    given = yaml.safe_load(text)
    bars = BARS.validate_python(given)
    assert BARS.dump_python(bars) == given
    assert BARS.validate_json(BARS.dump_json(bars)) == bars


def test_a_bar_may_be_long_or_one_of_several():
    short, long = BARS.validate_python([">= 0.6", {"bar": "<= 0.9", "min_positives": 200}])
    assert (short.bar, short.min_positives) == (">= 0.6", None)
    assert parse("ctr.auc", long).min_positives == 200


def test_a_number_is_no_bar_but_is_told_as_one_that_cannot_be_read():
    (bar,) = BARS.validate_python(0.6)
    with pytest.raises(ValueError, match=r"cannot be read: '0\.6'"):
        parse_gate("ctr.auc", bar, KNOWN)


@pytest.mark.parametrize(
    ("given", "reason"),
    [([], "a gate needs a bar"),
     ({"bar": ">= 1", "min_positives": 0}, "greater than or equal to 1"),
     ({"bar": ">= 1", "min_positive": 1}, "did you mean 'min_positives'"),
     ({"min_positives": 1}, "bar\n  Field required")],
)  # fmt: skip
def test_other_bars_are_refused(given, reason):
    with pytest.raises(pydantic.ValidationError, match=reason) as error:
        BARS.validate_python(given)
    assert error.value.error_count() == 1


def test_the_json_schema_lets_an_editor_accept_what_people_write():
    kinds = BARS.json_schema()["anyOf"]
    assert [kind.get("type", "$ref") for kind in kinds] == ["string", "$ref", "array"]


def test_gates_travel_as_json():
    gates = Gates(
        (parse("ctr.auc[device=*]", {"bar": ">= 0.6", "min_positives": 9}),
         parse("spend.rmse", "not worse than baseline"))
    )  # fmt: skip
    assert Gates.model_validate_json(gates.model_dump_json()) == gates

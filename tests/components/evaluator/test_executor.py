import math

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from components.evaluator.settings import EvaluatorSettings
from schemas.columns import Column
from schemas.evaluation import EvaluationConfig
from schemas.heads import Head

OUTPUTS = ("ctr", "cvr", "ctcvr")


def answers(prefix, ctr, cvr):
    return {f"{prefix}_ctr": ctr, f"{prefix}_cvr": cvr, f"{prefix}_ctcvr": ctr * cvr}


def shown(number, device, click, conversion, ctr, cvr, **more):
    """A row; its labels are mature, the baseline answers a half to everything."""
    return {
        "impression_id": f"i{number}",
        "user": f"u{number}",
        "device": device,
        "click": click,
        "conversion": conversion,
        "click_mature": 1,
        "conversion_mature": 1,
        "settled": 1,
        **answers("new", ctr, cvr),
        **answers("old", 0.5, 0.5),
        **more,
    }


FIVE = [
    shown(0, "phone", 1, 1, 0.75, 0.5),
    shown(1, "phone", 1, 0, 0.25, 0.75),
    shown(2, "phone", 0, 0, 0.5, 0.5),
    shown(3, "tv", 1, 1, 0.75, 0.25),
    shown(4, None, 0, 0, 0.25, 0.875),
]


def test_each_output_is_measured_in_its_own_population(
    evaluate, write_examples, rates, models, settings
):
    found, _ = evaluate(write_examples("five", FIVE), settings(), rates, **models)
    assert found.models == ("candidate", "baseline", "constant")
    assert [found.overall[name].rows for name in OUTPUTS] == [5, 3, 5]
    cvr = found.overall["cvr"]
    candidate = {name: figure.value for name, figure in cvr.models["candidate"].items()}
    assert cvr.positives == 2
    assert candidate["mean_prediction"] == 0.5  # of 0.5, 0.75 and 0.25
    assert candidate["mean_label"] == pytest.approx(2 / 3)
    assert candidate["calibration"] == 0.75
    assert candidate["auc"] == 0.0  # neither positive, 0.5 and 0.25, lies above the negative's 0.75
    # Of six pairs 0.75 is twice above 0.5 and 0.25; 0.25 is below the one, level with the other.
    ctr = found.overall["ctr"]
    assert ctr.models["candidate"]["auc"].value == pytest.approx(4.5 / 6)
    assert ctr.differences["baseline"]["auc"].value == pytest.approx(4.5 / 6 - 0.5)
    assert ctr.models["baseline"]["log_loss"].value == pytest.approx(math.log(2))
    assert ctr.models["constant"]["calibration"].value == pytest.approx(0.5 * 5 / 3)
    joint = found.overall["ctcvr"].models["constant"]["mean_prediction"]
    assert joint.value == pytest.approx(0.125)


def test_slices_come_in_the_order_of_the_config_then_by_rows(
    evaluate, write_examples, rates, models, settings
):
    sliced = settings(slices=(("device",), ("age", "history"), ("age",)))
    ages = [(9.0, ["a"]), (15.9, ["a"]), (16.0, []), (-2.0, ["a", "b", "c"]), (None, ["a"])]
    rows = [
        {**row, "age": age, "history": seen} for row, (age, seen) in zip(FIVE, ages, strict=True)
    ]
    found, _ = evaluate(write_examples("sliced", rows), sliced, rates, **models)
    told = [(dict(one.slice), one.outputs["ctr"].rows) for one in found.slices]
    assert told == [
        ({}, 5),
        ({"device": "phone"}, 3),
        ({"device": "(missing)"}, 1),
        ({"device": "tv"}, 1),
        ({"age": "[8, 16)", "history": "[1, 2)"}, 2),
        ({"age": "(missing)", "history": "[1, 2)"}, 1),
        ({"age": "[-2, -1)", "history": "[2, 4)"}, 1),
        ({"age": "[16, 32)", "history": "0"}, 1),
        ({"age": "[8, 16)"}, 2),
        ({"age": "(missing)"}, 1),
        ({"age": "[-2, -1)"}, 1),
        ({"age": "[16, 32)"}, 1),
    ]
    assert found.slices[0].outputs["ctr"].curves and not found.slices[1].outputs["ctr"].curves


def test_labels_that_are_not_mature_are_masked_and_counted(
    evaluate, write_examples, rates, models, settings
):
    young = [
        shown(5, "tv", 0, 0, 0.9, 0.9, click_mature=0, settled=0),
        shown(6, "tv", 1, 0, 0.9, 0.9, conversion_mature=0, settled=0),
        # It has no click, so no conversion can come; but of its age only such are known.
        shown(8, "tv", 0, 0, 0.9, 0.9, settled=0),
        shown(7, "tv", 1, None, 0.9, 0.9),
    ]
    found, _ = evaluate(write_examples("young", [*FIVE, *young]), settings(), rates, **models)
    counts = {name: (of.rows, of.masked) for name, of in found.overall.items()}
    # A click that is there stays there, so the last two count for ctr, and have no conversion yet.
    assert counts == {"ctr": (8, 1), "cvr": (3, 2), "ctcvr": (5, 4)}


def test_without_a_baseline_the_candidate_stands_beside_the_others(
    evaluate, write_examples, rates, models, settings
):
    by_item = settings(evaluation=EvaluationConfig(item="item"))
    items = ["good", "bad", None, "", "good"]
    rows = [{**row, "item": item} for row, item in zip(FIVE, items, strict=True)]
    examples = write_examples("first", rows)
    found, _ = evaluate(examples, by_item, rates, models["model"])
    assert found.models == ("candidate", "popularity", "constant")
    popularity = found.overall["ctr"].models["popularity"]["mean_prediction"].value
    assert popularity == pytest.approx((0.75 + 0.5 + 0.5 + 0.5 + 0.75) / 5)


def test_a_model_that_answers_nan_has_no_figures_and_the_others_have(
    evaluate, write_examples, rates, models, settings
):
    rows = [{**FIVE[0], "new_cvr": math.nan}, *FIVE[1:]]
    found, folder = evaluate(write_examples("nan", rows), settings(), rates, **models)
    cvr = found.overall["cvr"].models
    assert all(math.isnan(figure.value) for name, figure in cvr["candidate"].items()
               if name != "mean_label")  # fmt: skip
    assert cvr["baseline"]["auc"].value == 0.5
    assert found.overall["ctr"].models["candidate"]["auc"].value == pytest.approx(4.5 / 6)
    assert "NaN" in (folder / "figures.json").read_text()


def test_a_split_without_rows_has_figures_of_nothing(
    evaluate, write_examples, rates, models, settings
):
    found, _ = evaluate(write_examples("empty", []), settings(), rates, **models)
    assert [dict(one.slice) for one in found.slices] == [{}]
    assert found.overall["ctr"].rows == 0
    assert math.isnan(found.overall["ctr"].models["candidate"]["auc"].value)


@pytest.fixture
def truth(tmp_path):
    """Writes the truth of FIVE, one row of it missing."""

    def write(span, rows):
        folder = tmp_path / "truth" / span
        folder.mkdir(parents=True)
        ids = [f"i{number}" for number in rows]
        columns = {"impression_id": ids, "p_click": rows.values(), "p_conversion": [0.5] * len(ids)}
        pq.write_table(pa.table({k: list(v) for k, v in columns.items()}), folder / "a.parquet")
        return str(tmp_path / "truth" / "{SPAN}" / "*.parquet")

    return write


def test_the_truth_of_the_examples_span_stands_beside_the_models(
    evaluate, write_examples, rates, models, truth, settings
):
    known = truth("2026-01-05", {0: 0.9, 1: 0.8, 2: 0.1, 3: 0.7, 4: 0.2, 99: 0.3})
    truth("2026-01-04", {0: 0.0, 1: 0.0, 2: 1.0, 3: 0.0, 4: 1.0})
    examples = write_examples("true", FIVE, shards=2)
    found, _ = evaluate(examples, settings(truth=known), rates, **models)
    assert found.models[-1] == "truth"
    told = found.overall["ctr"].models["truth"]
    assert told["auc"].value == 1.0
    assert told["mean_prediction"].value == pytest.approx((0.9 + 0.8 + 0.1 + 0.7 + 0.2) / 5)
    joint = found.overall["ctcvr"].models["truth"]["mean_prediction"].value
    assert joint == pytest.approx((0.9 + 0.8 + 0.1 + 0.7 + 0.2) / 10)


def test_a_truth_that_is_not_there_is_no_model_and_a_row_without_one_spoils_it(
    evaluate, write_examples, rates, models, truth, settings
):
    nowhere = truth("2026-01-01", {0: 0.9})
    found, _ = evaluate(write_examples("a", FIVE), settings(truth=nowhere), rates, **models)
    assert "truth" not in found.models
    partly = truth("2026-01-05", {0: 0.9, 1: 0.8})
    found, _ = evaluate(write_examples("b", FIVE), settings(truth=partly), rates, **models)
    assert math.isnan(found.overall["ctr"].models["truth"]["auc"].value)


def test_a_value_is_measured_by_its_errors_and_is_nothing_without_its_parent(
    evaluate, write_examples, write_rates, save_model, truth
):
    heads = {"ctr": Head(label="click"), "spend": Head(label="spent", given="ctr", kind="value")}
    columns = (Column("impression_id", "text"), Column("click", "int"), Column("spent", "float"))
    rows = [
        {"impression_id": f"i{i}", "click": click, "spent": spent, "new_ctr": ctr,
         "new_spend": spend, "new_ctspend": ctr * spend}
        for i, (click, spent, ctr, spend) in enumerate(
            [(1, 4.0, 0.5, 3.0), (0, None, 0.5, 2.0), (1, 0.0, 1.0, 1.0)]
        )
    ]  # fmt: skip
    given = EvaluatorSettings(
        heads=heads, columns=columns, truth=truth("2026-01-05", dict.fromkeys(range(3), 0.5))
    )
    names = ("ctr", "spend", "ctspend")
    found, _ = evaluate(
        write_examples("value", rows),
        given,
        write_rates(dict.fromkeys(names, 0.5)),
        save_model("new", names),
    )
    spend, joint = found.overall["spend"], found.overall["ctspend"]
    assert (spend.rows, joint.rows) == (2, 3)
    assert spend.models["candidate"]["rmse"].value == pytest.approx(1.0)  # off by 1 and by 1
    assert spend.models["candidate"]["mean_label"].value == pytest.approx(2.0)
    assert joint.models["candidate"]["mae"].value == pytest.approx((2.5 + 1.0 + 1.0) / 3)
    assert set(spend.models) == {"candidate", "constant"}
    assert set(found.overall["ctr"].models) == {"candidate", "constant", "truth"}

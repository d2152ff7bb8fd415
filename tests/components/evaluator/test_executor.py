import json
import math
import random

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import tensorflow_model_analysis as tfma
from sklearn.metrics import average_precision_score, log_loss, roc_auc_score

from components.evaluator.executor import Executor
from components.evaluator.settings import EvaluatorSettings
from schemas.columns import Column
from schemas.evaluation import EvaluationConfig
from schemas.heads import Head

OUTPUTS = ("ctr", "cvr", "ctcvr")
OVERALL = {"ctr": 0.5, "cvr": 0.25, "ctcvr": 0.125}
TEXTS = ("impression_id", "user", "request", "item", "device")
COLUMNS = (
    *(Column(name, "text") for name in TEXTS),
    Column("age", "float"),
    Column("history", "text", repeated=True),
    Column("click", "int", role="label"),
    Column("conversion", "int", role="label"),
    Column("click_mature", "int", role="outcome"),
    Column("conversion_mature", "int", role="outcome"),
)
HEADS = {"ctr": Head(label="click"), "cvr": Head(label="conversion", given="ctr")}


def settings(**changes):
    return EvaluatorSettings(**{"heads": HEADS, "columns": COLUMNS, **changes})


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


@pytest.fixture
def models(save_model):
    return {"model": save_model("new"), "baseline": save_model("old")}


@pytest.fixture
def rates(write_rates):
    return write_rates(OVERALL, {"good": 0.75})


def test_each_output_is_measured_in_its_own_population(evaluate, write_examples, rates, models):
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
    evaluate, write_examples, rates, models
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


def test_labels_that_are_not_mature_are_masked_and_counted(evaluate, write_examples, rates, models):
    young = [
        shown(5, "tv", 0, 0, 0.9, 0.9, click_mature=0),
        shown(6, "tv", 1, 0, 0.9, 0.9, conversion_mature=0),
        shown(7, "tv", 1, None, 0.9, 0.9),
    ]
    found, _ = evaluate(write_examples("young", [*FIVE, *young]), settings(), rates, **models)
    counts = {name: (of.rows, of.masked) for name, of in found.overall.items()}
    # A click that is there stays there, so the last two count for ctr, and have no conversion yet.
    assert counts == {"ctr": (7, 1), "cvr": (3, 2), "ctcvr": (6, 2)}


def test_without_a_baseline_the_candidate_stands_beside_the_others(
    evaluate, write_examples, rates, models
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
    evaluate, write_examples, rates, models
):
    rows = [{**FIVE[0], "new_cvr": math.nan}, *FIVE[1:]]
    found, folder = evaluate(write_examples("nan", rows), settings(), rates, **models)
    cvr = found.overall["cvr"].models
    assert all(math.isnan(figure.value) for name, figure in cvr["candidate"].items()
               if name != "mean_label")  # fmt: skip
    assert cvr["baseline"]["auc"].value == 0.5
    assert found.overall["ctr"].models["candidate"]["auc"].value == pytest.approx(4.5 / 6)
    assert "NaN" in (folder / "figures.json").read_text()


def test_a_split_without_rows_has_figures_of_nothing(evaluate, write_examples, rates, models):
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
    evaluate, write_examples, rates, models, truth
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
    evaluate, write_examples, rates, models, truth
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


def test_tfma_reads_the_figures_with_their_intervals(evaluate, write_examples, rates, models):
    sliced = settings(slices=(("device",),), evaluation=EvaluationConfig(user="user"))
    rows = crowd(random.Random(5), 600)
    found, folder = evaluate(write_examples("crowd", rows), sliced, rates, **models)
    read = tfma.load_eval_result(str(folder), model_name="candidate")
    told = {
        dict(key).get("device", ""): metrics["ctr"][""]["auc"] for key, metrics in
        read.slicing_metrics
    }  # fmt: skip
    expected = {one.slice.get("device", ""): one.outputs["ctr"] for one in found.slices}
    assert set(told) == set(expected) == {"", "phone", "tv", "(missing)"}
    for value, figures in expected.items():
        auc = figures.models["candidate"]["auc"]
        interval = told[value]["boundedValue"]
        assert interval["value"] == pytest.approx(auc.value)
        assert interval["lowerBound"] == pytest.approx(auc.low)
        assert interval["upperBound"] == pytest.approx(auc.high)
    left = ["eval_config.json", "figures.json", "metrics-00000-of-00001.tfrecord"]
    assert sorted(path.name for path in folder.iterdir()) == left
    config = json.loads((folder / "eval_config.json").read_text())
    assert set(config["modelLocations"]) == {"candidate", "baseline", "constant"}


# Against scikit-learn.

WEIGHED = {
    "ctr": Head(label="click", mask="seen"),
    "cvr": Head(label="conversion", given="ctr", weight="price"),
}
EXTRA = (
    Column("seen", "float", role="target"),
    Column("price", "float", role="target"),
    Column("example_weight", "float", role="outcome"),
)


def crowd(draw, rows):
    """Rows of users that differ, with everything that may be missing missing now and then."""

    def maybe(value, share=0.1):
        return None if draw.random() < share else value

    found = []
    for number in range(rows):
        user = draw.randrange(rows // 8)
        p, q = draw.random() * 0.9 + 0.05, draw.random() * 0.9 + 0.05
        click = int(draw.random() < p)
        found.append(
            {
                "impression_id": f"i{number}",
                "user": maybe(f"u{user}", 0.05),
                "request": f"u{user}r{draw.randrange(3)}",
                "item": maybe(f"item{draw.randrange(5)}"),
                "device": maybe(draw.choice(["phone", "phone", "tv"])),
                "age": maybe(draw.uniform(-3.0, 40.0)),
                "history": ["x"] * draw.randrange(4),
                "click": click,
                "conversion": maybe(int(click and draw.random() < q), 0.05),
                "click_mature": int(draw.random() < 0.9),
                "conversion_mature": int(draw.random() < 0.8),
                "seen": maybe(float(draw.random() < 0.9), 0.05),
                "price": maybe(draw.choice([0.0, 0.5, 1.0, 2.0]), 0.05),
                "example_weight": draw.choice([1.0, 4.0]),
                **answers("new", round(p, 2), round(q, 2)),
                **answers("old", round(draw.random() * 0.9 + 0.05, 2), round(q, 1)),
            }
        )
    return found


def judged(row, output):
    """The label and weight of a row, by the rules of heads, or None where it does not count."""
    if output == "cvr" and row["click"] != 1:
        return None
    label = row["click"] if output == "ctr" else row["conversion"]
    if output == "ctcvr" and row["click"] == 0:
        label = 0
    weight = row["example_weight"]
    if output != "ctr":
        weight = None if row["price"] is None else weight * row["price"]
    mature = row["click_mature" if output == "ctr" else "conversion_mature"]
    if label is None or weight is None or row["seen"] != 1 or mature != 1:
        return "masked"
    return label, weight


def check(rows, found):
    """Holds figures of one slice against scikit-learn's."""
    for output, of_output in found.items():
        told = [(judged(row, output), row) for row in rows]
        counted = [(*pair, row) for pair, row in told if isinstance(pair, tuple) and pair[1] > 0]
        assert of_output.masked == sum(pair == "masked" for pair, _ in told)
        assert of_output.rows == len(counted)
        labels, weights = (np.array([one[i] for one in counted], float) for i in (0, 1))
        assert of_output.positives == labels.sum()
        for model, prefix in (("candidate", "new"), ("baseline", "old")):
            scores = np.array([row[f"{prefix}_{output}"] for *_, row in counted], np.float32)
            figures = {name: f.value for name, f in of_output.models[model].items()}
            if not len(labels):
                assert math.isnan(figures["log_loss"])
                continue
            mean = np.average(scores.astype(float), weights=weights)
            assert figures["mean_prediction"] == pytest.approx(mean)
            loss = log_loss(labels, scores.astype(float), sample_weight=weights, labels=[0, 1])
            assert figures["log_loss"] == pytest.approx(loss)
            if len(set(labels)) < 2:
                assert math.isnan(figures["auc"])
                continue
            auc = roc_auc_score(labels, scores, sample_weight=weights)
            area = average_precision_score(labels, scores, sample_weight=weights)
            assert figures["auc"] == pytest.approx(auc, abs=1e-5)
            assert figures["pr_auc"] == pytest.approx(area, abs=1e-5)
            ratio = (weights * scores).sum() / (weights * labels).sum()
            assert figures["calibration"] == pytest.approx(ratio)


def interval(age):
    if age is None:
        return "(missing)"
    for low, high in [(32, 64), (16, 32), (8, 16), (4, 8), (2, 4), (1, 2), (-2, -1), (-4, -2)]:
        if low <= age < high:
            return f"[{low}, {high})"
    return "small"


def test_figures_are_scikit_learns_in_every_slice_whatever_is_missing(
    evaluate, write_examples, rates, models
):
    rows = crowd(random.Random(1), 2500)
    slices = (("device",), ("device", "item"), ("age",))
    given = settings(
        heads=WEIGHED,
        columns=(*COLUMNS, *EXTRA),
        slices=slices,
        evaluation=EvaluationConfig(user="user", request="request", at=(2,)),
    )
    found, _ = evaluate(write_examples("random", rows, shards=3), given, rates, **models)
    check(rows, found.overall)
    by = {
        "device": lambda row: row["device"] or "(missing)",
        "item": lambda row: row["item"] or "(missing)",
        "age": lambda row: interval(row["age"]),
    }
    told = [one for one in found.slices if "0." not in one.slice.get("age", "")]
    assert len(told) > 1 + 3 + 18
    for one in told:
        check([row for row in rows if all(by[f](row) == v for f, v in one.slice.items())],
              one.outputs)  # fmt: skip
    for features in slices:
        parts = [one for one in found.slices if tuple(one.slice) == features]
        for name in OUTPUTS:
            assert sum(one.outputs[name].rows for one in parts) == found.overall[name].rows
            assert sum(one.outputs[name].masked for one in parts) == found.overall[name].masked


def test_gauc_is_the_mean_of_users_aucs(evaluate, write_examples, rates, models):
    rows = crowd(random.Random(2), 800)
    given = settings(evaluation=EvaluationConfig(user="user"))
    found, _ = evaluate(write_examples("users", rows), given, rates, **models)
    users = {}
    for row in rows:
        if row["click_mature"]:
            users.setdefault(row["user"] or row["impression_id"], []).append(row)
    both = [of for of in users.values() if len({row["click"] for row in of}) == 2]
    aucs = [
        roc_auc_score([row["click"] for row in of], [np.float32(row["new_ctr"]) for row in of])
        for of in both
    ]
    ctr = found.overall["ctr"]
    assert ctr.groups["gauc"] == len(both)
    assert ctr.skipped["gauc"] == len(users) - len(both)
    expected = np.average(aucs, weights=[len(of) for of in both])
    assert ctr.models["candidate"]["gauc"].value == pytest.approx(expected)


class _Tight(Executor):
    """Spreads users over very many partitions."""

    BYTES_A_PARTITION = 2_000


def test_shards_and_partitions_change_nothing(evaluate, write_examples, rates, models):
    rows = crowd(random.Random(3), 700)
    given = settings(
        slices=(("device",),), evaluation=EvaluationConfig(user="user", request="request")
    )
    one, _ = evaluate(write_examples("one", rows), given, rates, **models)
    examples = write_examples("many", rows, shards=5)
    many, _ = evaluate(examples, given, rates, **models, executor=_Tight)
    assert len(one.slices) == len(many.slices) == 4
    for first, second in zip(one.slices, many.slices, strict=True):
        assert first.slice == second.slice
        for name, of_output in first.outputs.items():
            other = second.outputs[name]
            assert (of_output.rows, of_output.masked) == (other.rows, other.masked)
            assert (of_output.groups, of_output.skipped) == (other.groups, other.skipped)
            for model, figures in of_output.models.items():
                for metric, figure in figures.items():
                    same = other.models[model][metric]
                    for part in ("value", "error", "low"):
                        first_part, second_part = getattr(figure, part), getattr(same, part)
                        assert second_part == pytest.approx(first_part, abs=1e-9, nan_ok=True)

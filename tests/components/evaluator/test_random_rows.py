"""The executor on random rows of users that differ: against scikit-learn, and against itself."""

import json
import math
import random

import numpy as np
import pytest
import tensorflow_model_analysis as tfma
from sklearn.metrics import average_precision_score, log_loss, roc_auc_score

from components.evaluator.executor import Executor
from schemas.evaluation import EvaluationConfig

OUTPUTS = ("ctr", "cvr", "ctcvr")


def answers(prefix, ctr, cvr):
    return {f"{prefix}_ctr": ctr, f"{prefix}_cvr": cvr, f"{prefix}_ctcvr": ctr * cvr}


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
                "settled": int(draw.random() < 0.7),
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
    mature = row[{"ctr": "click_mature", "cvr": "conversion_mature", "ctcvr": "settled"}[output]]
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
    evaluate, write_examples, rates, models, settings
):
    rows = crowd(random.Random(1), 2500)
    slices = (("device",), ("device", "item"), ("age",))
    given = settings(
        weigh=True,
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


def test_gauc_is_the_mean_of_users_aucs(evaluate, write_examples, rates, models, settings):
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


def test_shards_and_partitions_change_nothing(evaluate, write_examples, rates, models, settings):
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


def test_tfma_reads_the_figures_with_their_intervals(
    evaluate, write_examples, rates, models, settings
):
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

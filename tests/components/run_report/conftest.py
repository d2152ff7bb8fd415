"""Facts of a run as large as the demo's, of simulated rows that the real evaluation judged."""

import json
import math

import numpy as np
import pytest

from components.run_report.facts import Facts, Kept, Lineage, Stop, Timing, Verdict
from components.run_report.facts_of_data import Data, FeatureFacts, Funnel
from components.run_report.facts_of_training import Training
from evaluation.figures import Evaluation, SliceFigures
from evaluation.rows import FOLDS, Rows
from evaluation.tally import OutputTally
from schemas.heads import Head
from schemas.serving import DoorSpeed, ServingConfig, ServingReport

ROWS = 36_364
HEADS = {"ctr": Head(label="click"), "cvr": Head(label="conversion", given="ctr")}
MODELS = ("candidate", "baseline", "popularity", "constant", "truth")
DEVICES = ("phone", "desktop", "tablet", "television")
CONFIG = """\
name: demo
logs:
  root: runs/demo/logs
  impressions: {path: "impressions/{SPAN}/*.parquet", id: impression_id}
features:
  user_id: {kind: categorical, side: user, hash: 20000, width: 16}
heads:
  ctr: {label: click}
  cvr: {label: conversion, given: ctr}
model: {interaction: dcn, trunk: mmoe, experts: 4}
training: {batch_size: 512, epochs: 2, learning_rate: 0.004}
gates: {ctr.auc: ">= 0.7", cvr.auc: ">= baseline - 0.05"}
"""


def sigmoid(logit):
    return 1 / (1 + np.exp(-logit))


class Shop:
    """Rows with a known truth, and models that know it more or less well."""

    def __init__(self, rows=ROWS, seed=0):
        random = np.random.default_rng(seed)
        self.user = random.integers(0, rows // 12, rows)
        self.request = self.user * 64 + random.integers(0, 3, rows)
        self.device = random.choice(4, rows, p=[0.62, 0.29, 0.085, 0.005])
        self.hour = random.integers(0, 24, rows)
        taste, wish = random.normal(size=(2, rows))
        click = 1.15 * taste - 3.0 + np.array([0.1, 0, -0.3, -0.6])[self.device]
        buy = 0.9 * wish - 2.9
        self.labels = {"click": random.random(rows) < sigmoid(click)}
        self.labels["conversion"] = self.labels["click"] & (random.random(rows) < sigmoid(buy))
        self.answers = {}
        for model, blur, lift in (
            ("candidate", 0.35, 0.03),
            ("baseline", 0.48, -0.06),
            ("truth", 0.0, 0.0),
        ):
            noise = random.normal(size=(2, rows)) * blur
            self.answers[model] = {
                "ctr": sigmoid(click + noise[0] + lift),
                "cvr": sigmoid(buy + noise[1]),
            }
        popular = random.normal(size=(2, rows)) * 0.9
        self.answers["popularity"] = {
            "ctr": sigmoid(-2.6 + 0.4 * taste + popular[0] * 0.3),
            "cvr": sigmoid(-2.6 + 0.3 * wish + popular[1] * 0.3),
        }
        self.answers["constant"] = {
            "ctr": np.full(rows, self.labels["click"].mean()),
            "cvr": np.full(rows, self.labels["conversion"].sum() / self.labels["click"].sum()),
        }
        for answer in self.answers.values():
            answer["ctcvr"] = answer["ctr"] * answer["cvr"]

    def figures(self, output, models, kept, curves):
        """Returns the figures of an output on the rows where `kept` is true."""
        counts = kept & (self.labels["click"] if output == "cvr" else True)
        label = self.labels["click" if output == "ctr" else "conversion"]
        tally = OutputTally("rate", models, (10,))
        tally.add(
            Rows(
                label[counts].astype(float),
                np.ones(int(counts.sum())),
                {model: self.answers[model][output][counts] for model in models},
                (self.user % FOLDS)[counts],
                self.user[counts],
                self.request[counts],
            )
        )
        return tally.summary(curves)

    def evaluation(self, models=MODELS):
        everywhere = np.ones(len(self.user), bool)
        slices = [({}, everywhere)]
        slices += [({"device": name}, self.device == place) for place, name in enumerate(DEVICES)]
        slices += [({"hour": str(hour)}, self.hour == hour) for hour in range(24)]
        return Evaluation(
            models=models,
            slices=tuple(
                SliceFigures(
                    slice=values,
                    outputs={
                        output: self.figures(output, models, kept, curves=not values)
                        for output in ("ctr", "cvr", "ctcvr")
                    },
                )
                for values, kept in slices
            ),
        )


def curves(steps=106):
    """Losses and weights that go the way of uncertainty weighting."""
    random = np.random.default_rng(1)
    found = []
    for place in range(steps):
        ctr = 0.235 + 0.3 * math.exp(-place / 6) + random.normal() * 0.006
        ctcvr = 0.031 + 0.17 * math.exp(-place / 5) + random.normal() * 0.002
        weights = {"ctr": 0.98 + 1.0 * place / steps, "ctcvr": 1.02 + 2.5 * (place / steps) ** 1.2}
        total = sum(weights[name] * loss for name, loss in (("ctr", ctr), ("ctcvr", ctcvr)))
        losses = {"loss": total - math.log(math.prod(weights.values())) / 2}
        losses |= {"ctr_loss": ctr, "ctcvr_loss": ctcvr}
        found.append({"step": 6 * (place + 1), "losses": losses, "weights": weights})
    return found


def training():
    looks = [
        {
            "step": step,
            "figures": {
                "ctr": {"auc": 0.76 - 0.12 * math.exp(-step / 120)},
                "cvr": {"auc": 0.735 - 0.15 * math.exp(-step / 200)},
                "ctcvr": {"auc": 0.855 - 0.14 * math.exp(-step / 150)},
            },
        }
        for step in range(80, 640, 80)
    ]
    return Training.model_validate(
        {
            "curves": curves(),
            "validations": looks,
            "gate_mean": {"ctr": [0.41, 0.25, 0.004, 0.336], "cvr": [0.12, 0.55, 0.006, 0.324]},
            "gate_entropy": {"ctr": 1.12, "cvr": 1.05},
            "expert_cosine": [
                [1.0, 0.53, 0.12, 0.51],
                [0.53, 1.0, -0.22, 0.61],
                [0.12, -0.22, 1.0, 0.03],
                [0.51, 0.61, 0.03, 1.0],
            ],
            "dead_experts": [2],
            "gradient_cosine": {"ctr/ctcvr": -0.083},
            "seesaw": {
                "ctr": {"auc": 0.7580, "alone": 0.7549, "difference": 0.0031},
                "cvr": {"auc": 0.7344, "alone": 0.7402, "difference": -0.0058},
            },
            "calibration": {
                "ctr": {
                    "kind": "platt",
                    "rows": 16_400,
                    "positives": 1310,
                    "log_loss": [0.2461, 0.2449],
                    "calibration": [1.091, 1.0],
                }
            },
            "warm_start": {
                "version": "1795327100",
                "tables": {"item_id": {"kept": 4812, "new": 61, "gone": 14}},
            },
        }
    )


FEATURES = {
    "user_id": ("categorical", "user", 0.021, 0.014),
    "user_segment": ("categorical", "user", 0.012, 0.019),
    "user_age": ("numeric", "user", 0.0042, 0.006),
    "history": ("sequence", "user", 0.061, 0.018),
    "item_id": ("categorical", "item", 0.034, 0.041),
    "category": ("categorical", "item", 0.018, 0.007),
    "brand": ("categorical", "item", 0.0026, 0.001),
    "price": ("numeric", "item", 0.0071, 0.052),
    "item_age_days": ("numeric", "item", 0.0004, -0.0007),
    "device": ("categorical", "context", 0.0055, 0.002),
    "hour": ("categorical", "context", 0.0001, 0.0),
    "position": ("categorical", "context", 0.0, 0.0),
}


def features():
    found = {}
    for place, (name, (kind, side, click, buy)) in enumerate(FEATURES.items()):
        vocabulary = kind == "categorical" and name != "user_id"
        found[name] = FeatureFacts.model_validate(
            {
                "kind": kind,
                "side": side,
                "coverage": 1.0 if place % 4 else 0.982,
                "coverage_before": 1.0 if place % 4 else 0.979,
                "drift": {"measure": "L-infinity", "distance": 0.004 * place, "limit": 0.1},
                "unseen": {"train": 0.0, "eval": 0.0041} if vocabulary else {},
                "importance": {
                    "ctr": {"drop": click, "error": 0.0006},
                    "cvr": {"drop": buy, "error": 0.004},
                    "ctcvr": {"drop": click + buy / 2, "error": 0.002},
                },
            }
        )
    return found


FUNNEL = Funnel(
    logs={
        "impressions": {"read": 201_039, "duplicates": 1_021, "conflicts": 0, "examples": 200_000},
        "clicks": {"read": 16_390, "repeated": 142, "orphans": 0, "joined": 16_248},
        "conversions": {"read": 1_391, "orphans": 0, "joined": 1_391},
    },
    rejected={"impressions": {"timestamp: not a number": 18}, "clicks": {}, "conversions": {}},
    rows={"train": 163_636, "eval": 36_364},
    positives={
        "train": {"click": 13_349, "conversion": 1_139},
        "eval": {"click": 2_899, "conversion": 252},
    },
)
TIMINGS = (
    Timing(node="LogExampleGen", seconds=4.7, rows=218_820, peak_bytes=1_140_000_000),
    Timing(node="StatisticsGen", seconds=15.0, rows=200_000, peak_bytes=1_420_000_000),
    Timing(node="DataGate", seconds=0.04, peak_bytes=1_420_000_000),
    Timing(node="Transform", seconds=0.1, cached=True),
    Timing(node="Trainer", seconds=17.9, rows=327_272, peak_bytes=2_310_000_000),
    Timing(node="Evaluator", seconds=6.2, rows=36_364, peak_bytes=2_100_000_000),
    Timing(node="ModelGate", seconds=0.1, peak_bytes=None),
)


SERVING = ServingReport(
    load=1.4,
    memory=80_920_576,
    doors={
        "serving_default": DoorSpeed(first=0.5022, p50=0.0041, p95=0.0144, p99=0.0164, requests=73),
        "predict_columns": DoorSpeed(first=0.2665, p50=0.0083, p95=0.0135, p99=0.0223, requests=57),
        "rank": DoorSpeed(first=0.2052, p50=0.00446, p95=0.0096, p99=0.0122, requests=98),
    },
    budget=ServingConfig.model_validate({"items": 500, "warm": "50ms", "memory": "2 GB"}),
)


def verdict(evaluation, gate, bar, passed, **other):
    output, metric = gate.partition("[")[0].split(".")
    measured = evaluation.overall[output].models
    ours, baseline = measured["candidate"][metric], measured.get("baseline", {}).get(metric)
    return Verdict(
        **{
            "gate": gate,
            "bar": bar,
            "value": ours.value,
            "low": ours.low,
            "high": ours.high,
            "baseline": baseline.value if baseline and "baseline" in bar else None,
            "passed": passed,
            "reason": f"{gate} is {ours.value:.4f}, which must be {bar}",
            **other,
        }
    )


def make_facts(evaluation, *, refused=False):
    """Returns the facts of a run whose model was pushed, or refused for its calibration."""
    bar = "0.99 .. 1.0" if refused else "0.9 .. 1.1"
    verdicts = (
        verdict(evaluation, "ctr.auc", ">= 0.7", True),
        verdict(evaluation, "ctcvr.auc", "not worse than baseline", True),
        verdict(evaluation, "cvr.auc", ">= baseline - 0.05 with 95% confidence", True),
        verdict(evaluation, "ctr.calibration", bar, not refused),
        verdict(
            evaluation,
            "cvr.auc[device=*]",
            ">= 0.6",
            True,
            slice={"device": "television"},
            spoke=False,
            said="3 of 50 positives",
        ),
    )
    return Facts(
        run="20261122T150641Z",
        name="demo",
        version=None if refused else "1795360109",
        blessed=not refused,
        verdicts=verdicts,
        heads=HEADS,
        score="ctr * cvr * price",
        evaluation=evaluation,
        funnel=FUNNEL,
        training=training(),
        features=features(),
        data=Data(
            newest="2026-01-05",
            before=("2026-01-01", "2026-01-02", "2026-01-03", "2026-01-04"),
            rates={"click": {"rate": 0.0797, "before": 0.0816, "limit": 2.0}},
        ),
        serving=SERVING,
        timings=TIMINGS,
        config=CONFIG,
        lineage=Lineage(
            spans=tuple(f"2026-01-0{day}" for day in range(1, 6)),
            as_of="2026-01-09T01:00:00+00:00",
            fingerprint="3f2a91c07be45d18",
            code="0a0cf18e32f17b49",
            base="1795327100",
            baseline="1795327100",
            packages={"funnelrank": "0.1.0", "tensorflow": "2.21.0", "tfx": "1.21.0"},
            artifacts=(
                Kept(name="model", type="Model", id=10, path="artifacts/Trainer/model/8"),
                Kept(
                    name="evaluation",
                    type="ModelEvaluation",
                    id=13,
                    path="artifacts/Evaluator/evaluation/11",
                ),
            ),
        ),
    )


@pytest.fixture(scope="session")
def evaluation():
    """Of five models, the baseline among them."""
    return Shop().evaluation()


@pytest.fixture(scope="session")
def pushed(evaluation):
    """Facts of a run whose model was pushed."""
    return make_facts(evaluation)


@pytest.fixture(scope="session")
def refused(evaluation):
    """Facts of a run whose model was refused."""
    return make_facts(evaluation, refused=True)


@pytest.fixture(scope="session")
def first():
    """Facts of a run that has no baseline yet, of fewer rows."""
    found = make_facts(Shop(6_000, seed=1).evaluation(("candidate", "constant")))
    return found.model_copy(update={"lineage": Lineage(spans=("2026-01-01",))})


@pytest.fixture(scope="session")
def broken():
    """Facts of a run whose model answers NaN."""
    shop = Shop(2_000, seed=3)
    shop.answers["candidate"] = {name: np.full(2_000, np.nan) for name in ("ctr", "cvr", "ctcvr")}
    found = shop.evaluation(("candidate", "constant"))
    refusal = verdict(found, "ctr.auc", ">= 0.6", False, reason="ctr.auc has no value")
    return Facts(
        run="20261122T150641Z", name="demo", heads=HEADS, evaluation=found, verdicts=(refusal,)
    )


@pytest.fixture(scope="session")
def watched():
    """Facts of a run with one head, which is a watch time."""
    random = np.random.default_rng(4)
    seconds = random.exponential(10, 500)
    tally = OutputTally("watch_time", ("candidate", "baseline"), ())
    answers = {"candidate": seconds + random.normal(size=500), "baseline": np.full(500, 10.0)}
    tally.add(Rows(seconds, np.ones(500), answers, np.arange(500) % FOLDS))
    whole = SliceFigures(slice={}, outputs={"watch": tally.summary(True)})
    found = Evaluation(
        models=("candidate", "baseline"),
        slices=(whole, whole.model_copy(update={"slice": {"device": "phone"}})),
    )
    heads = {"watch": Head(label="seconds", kind="watch_time")}
    return Facts(run="1", name="clips", version="2", heads=heads, evaluation=found)


@pytest.fixture(scope="session")
def bare():
    """Facts of a run of which nothing is known."""
    return Facts(run="20261122T150641Z", name="demo", missing={"pushed": "It was not run."})


LEDGER = {
    "impressions": {"read": 11, "rejected": {"id: missing": 1}, "duplicates": 0, "examples": 10},
    "clicks": {"read": 4, "rejected": {}, "orphans": 0, "joined": 4},
    "conversions": {"read": 1, "rejected": {}, "orphans": 0, "joined": 1},
    "examples": {"train": 8, "eval": 2},
    "positives": {"train": {"click": 3, "conversion": 1}, "eval": {"click": 1, "conversion": 0}},
    "splits": ["train", "eval"],
    "as_of": "2026-01-09T01:00:00+00:00",
}
SPEC = {
    "name": "demo",
    "spans": ["2026-01-01", "2026-01-02"],
    "code": "0a0cf18e32f17b49",
    "features": {
        "user": {"kind": "categorical", "side": "user", "hash": 10},
        "price": {"kind": "numeric", "side": "item"},
    },
    "heads": {"ctr": {"label": "click"}, "cvr": {"label": "conversion", "given": "ctr"}},
    "score": "ctr * price",
}
DIAGNOSTICS = {
    "curves": [
        {"step": 6, "loss": 0.7, "ctr_loss": 0.5, "weights": {"ctr": 1.0}},
        {"step": 12, "loss": 0.6, "ctr_loss": 0.4, "weights": {"ctr": 1.1}},
    ],
    "validations": [{"step": 12, "figures": {"ctr": {"auc": 0.7}}}],
    "gradient_cosine": {"ctr/ctcvr": 0.02},
    "importance": {"ctr": {"user": {"drop": 0.02, "error": None}}},
    "unseen": {"user": {"train": 0.0, "eval": 0.25}},
    "warm_start": {"version": "1795327100", "tables": {}},
}


@pytest.fixture(scope="session")
def stopped(pushed):
    """Facts of a run that DataGate stopped, for more than is told at once."""
    vanished = (f"feature_{place} vanished: no row has a value" for place in range(12))
    late = ("DataGate", "Transform", "Trainer", "Evaluator", "ModelGate")
    there = {name: getattr(pushed, name) for name in ("run", "name", "heads", "funnel", "config")}
    absent = "The run stopped at DataGate, before it came to this."
    return Facts(
        **there,
        stop=Stop(
            node="DataGate",
            objections=("device drifts from the spans before", *vanished),
            way_out=f"All of it is in /runs/{'a_long_name_' * 5}/artifacts/7. Mend the logs",
        ),
        features={
            name: feature.model_copy(update={"importance": {}, "unseen": {}})
            for name, feature in pushed.features.items()
        },
        data=pushed.data.model_copy(update={"objections": ("device drifts",)}),
        timings=tuple(one for one in pushed.timings if one.node not in late),
        lineage=Lineage(spans=("2026-01-01", "2026-01-05"), code="0a0cf18e32f17b49"),
        missing=dict.fromkeys(("pushed", "gates", "evaluation", "serving", "training"), absent),
    )


@pytest.fixture
def spec():
    """What the model of `artifacts` is made from, as the graph hands it to RunReport."""
    return json.dumps(SPEC)


@pytest.fixture
def artifacts(tmp_path):
    """The artifacts of a run of two features, by the names of RunReport's inputs."""
    from tensorflow_metadata.proto.v0 import anomalies_pb2, statistics_pb2
    from tfx.types import artifact_utils, standard_artifacts

    from components.data_report.artifacts import DataFindings
    from components.log_example_gen.artifacts import LogLedger

    def make(name, kind, **files):
        made = kind()
        made.id, made.uri = 1 + len(found), str(tmp_path / "artifacts" / name)
        for file, content in files.items():
            path = tmp_path / "artifacts" / name / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
        found[name] = made
        return made

    found = {}
    verdict = {"gate": "ctr.auc", "slice": {}, "bar": ">= 0.6", "value": 0.7, "passed": True}
    verdict |= {"low": 0.6, "high": 0.8, "baseline": None, "said": "passed", "spoke": True}
    findings = {
        "features": {"user": {"kind": "categorical", "coverage": 0.9, "unseen": 0.5}},
        "rates": {"click": {"span": "2026-01-02", "rows": 5, "rate": 0.2, "before": 0.4}},
        "objections": ["user is new", "eval: price: it is a text"],
        "spans": {"newest": "2026-01-02", "before": ["2026-01-01"]},
    }
    evaluation = Shop(600, seed=2).evaluation(("candidate", "constant"))
    statistics, anomalies = {}, {}
    for split, rows, prices in (("train", 8, 8), ("eval", 2, 1)):
        told = statistics_pb2.DatasetFeatureStatisticsList()
        dataset = told.datasets.add(num_examples=rows)
        feature = dataset.features.add()
        feature.path.step.append("price")
        feature.num_stats.common_stats.num_non_missing = prices
        statistics[f"Split-{split}/FeatureStats.pb"] = told.SerializeToString()
        broken = anomalies_pb2.Anomalies()
        if split == "eval":
            broken.anomaly_info["price"].description = "it is a text."
        anomalies[f"Split-{split}/SchemaDiff.pb"] = broken.SerializeToString()
    make("ledger", LogLedger, **{"ledger.json": json.dumps(LEDGER)})
    examples = make("examples", standard_artifacts.Examples)
    examples.set_string_custom_property("spans", '["2026-01-01", "2026-01-02"]')
    make("statistics", standard_artifacts.ExampleStatistics, **statistics)
    make("anomalies", standard_artifacts.ExampleAnomalies, **anomalies)
    for name in ("statistics", "anomalies"):
        found[name].split_names = artifact_utils.encode_split_names(["train", "eval"])
    make("data_report", DataFindings, **{"data_report.json": json.dumps(findings)})
    make("model_run", standard_artifacts.ModelRun, **{"diagnostics.json": json.dumps(DIAGNOSTICS)})
    make("model", standard_artifacts.Model)
    make("baseline", standard_artifacts.Model).set_string_custom_property("version", "")
    make("serving", standard_artifacts.InfraBlessing, **{"serving.json": SERVING.model_dump_json()})
    text = evaluation.model_dump_json()
    make("evaluation", standard_artifacts.ModelEvaluation, **{"figures.json": text})
    make("blessing", standard_artifacts.ModelBlessing, **{"verdicts.json": json.dumps([verdict])})
    pushed = make("pushed_model", standard_artifacts.PushedModel)
    pushed.set_int_custom_property("pushed", 1)
    pushed.set_string_custom_property("pushed_version", "1795360109")
    return found

"""`docs/serving.md` against a model of the demo, asked as the page asks it."""

import base64
import json
import re
import urllib.request
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
import yaml

from models.export_config import ExportConfig
from models.ranking_model import RankingModel
from models.requests import column_specs
from models.signatures import ServingModel
from models.spec import ModelSpec
from pipeline.commands.score import score
from pipeline.config import PipelineConfig
from pipeline.model_spec import model_spec
from schemas.doors import item_columns, shared_columns
from schemas.score_weights import weights
from schemas.serving import ServingConfig
from tests.stand_in.serving import StandIn
from tests.stand_in.transform import learn

ROOT = Path(__file__).resolve().parent.parent
PAGE = (ROOT / "docs" / "serving.md").read_text(encoding="utf-8")
DEMO = yaml.safe_load((ROOT / "configs" / "demo.yaml").read_text(encoding="utf-8"))
OUTPUTS = {"ctr", "cvr", "ctcvr"}
ROW = {
    "user_id": ["u00000046"], "user_segment": ["luxury"], "user_age": [55.0],
    "history": ["p000019", "p000033"], "item_id": ["p000025"], "category": ["fashion"],
    "brand": ["brand_05"], "price": [36.02], "item_age_days": [76.92], "device": ["mobile"],
    "hour": ["8"], "position": ["1"],
}  # fmt: skip


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


def table(header: str) -> list[list[str]]:
    """The cells of the table whose first header this is, without its heading."""
    lines = PAGE[PAGE.index(f"| {header} |") :].partition("\n\n")[0].splitlines()[2:]
    return [[cell.strip().strip("`") for cell in line.strip("|").split("|")] for line in lines]


@pytest.fixture(scope="module")
def spec() -> ModelSpec:
    small = {**DEMO, "model": {**DEMO["model"], "units": [8], "tower": [4]}}
    return model_spec(PipelineConfig.model_validate(small), "")


@pytest.fixture(scope="module")
def server(spec, tmp_path_factory):
    """A server of the demo's model, which has learnt the words of a few rows and no more."""
    place = tmp_path_factory.mktemp("demo")
    model = RankingModel(spec.layout(), spec.heads, spec.model, seed=1)
    doors = ServingModel(model, learn(spec, [ROW] * 5, place / "graph"), spec)
    tf.saved_model.save(doors, str(place / "serving" / "7"), signatures=doors.signatures())
    with StandIn({"demo": place / "serving"}) as started:
        yield started


@pytest.fixture(scope="module")
def by_curl(server) -> dict[str, dict]:
    """What each request in JSON was answered, by its door."""
    answers = {}
    for block in blocks("bash"):
        for path, body in re.findall(
            r"curl http://localhost:8501(\S+) -d '(.*?)'", block, re.DOTALL
        ):
            request = urllib.request.Request(f"http://{server.http}{path}", body.encode())
            with urllib.request.urlopen(request, timeout=30) as response:
                answers[json.loads(body)["signature_name"]] = json.load(response)
    return answers


@pytest.fixture(scope="module")
def by_grpc(server) -> dict[str, dict[str, np.ndarray]]:
    """What the page's Python was answered, by its names."""
    program = "\n".join(blocks("python"))
    assert program.count("localhost:8500") == 1
    names: dict = {}
    exec(program.replace("localhost:8500", server.grpc), names)
    yield names
    names["channel"].close()


def test_each_door_is_asked_in_both_ways(by_curl, by_grpc):
    assert set(by_curl) == {"rank", "predict_columns", "serving_default"}
    assert set(by_curl["rank"]["outputs"]) == OUTPUTS
    assert all(len(answer) == 3 for answer in by_curl["rank"]["outputs"].values())
    assert [set(row) for row in by_curl["predict_columns"]["predictions"]] == [OUTPUTS, OUTPUTS]
    for name, rows in {"ranked": 3, "predicted": 3, "answered": 1}.items():
        assert {output: values.shape for output, values in by_grpc[name].items()} == {
            output: (rows,) for output in OUTPUTS
        }


def test_the_same_rows_get_the_same_answers_at_each_door_and_in_each_way(by_curl, by_grpc):
    for output in OUTPUTS:
        ranked = by_grpc["ranked"][output]
        np.testing.assert_allclose(by_grpc["predicted"][output], ranked, atol=1e-6)
        np.testing.assert_allclose(by_curl["rank"]["outputs"][output], ranked, atol=1e-6)
        first = by_curl["predict_columns"]["predictions"][0][output]
        np.testing.assert_allclose(first, ranked[0], atol=1e-6)
        np.testing.assert_allclose(
            by_curl["serving_default"]["outputs"][output],
            by_grpc["answered"][output],
            atol=1e-6,
        )


def test_the_example_of_curl_is_that_of_grpc(by_grpc):
    (encoded,) = re.findall(r'\{"b64": "(.*?)"\}', PAGE)
    assert tf.train.Example.FromString(base64.b64decode(encoded)) == by_grpc["example"]


def test_the_table_of_columns_is_that_of_the_doors(spec):
    columns = spec.inputs()
    whole = column_specs(columns)
    rank = column_specs(shared_columns(columns, spec.features), rows=1) | column_specs(
        item_columns(columns, spec.features)
    )

    def shape(of: tf.TensorSpec) -> str:
        rows, *longest = of.shape.as_list()
        return f"[{rows or 'N'}{', L' if longest else ''}]"

    told = table("Column")
    assert {row[0] for row in told} == set(whole) == set(rank)
    assert [row[2:] for row in told] == [
        [whole[name].dtype.name, shape(whole[name]), shape(rank[name])] for name, *_ in told
    ]
    assert [row[1] for row in told] == [
        spec.features[name.removesuffix("_length")].side for name, *_ in told
    ]


def test_the_score_has_the_weights_that_the_page_counts():
    fusion, serving, export = (yaml.safe_load(block) for block in blocks("yaml"))
    config = PipelineConfig.model_validate({**DEMO, **fusion, **serving, **export})
    assert [weight.value for weight in weights(config.score)] == [0.5, 2.0]
    assert config.export == ExportConfig()
    held = config.serving
    assert (held.items, held.warm, held.cold, held.memory) == (500, 0.02, 20.0, 10**9)
    assert {row[0] for row in table("Key")} == set(ServingConfig.model_fields)


def test_the_commands_that_ask_a_server_are_understood():
    asked = re.findall(r"^funnelrank score (.*)$", "\n".join(blocks("bash")), re.M)
    servers = [score.make_context("score", line.split()).params["server"] for line in asked]
    assert servers == [("grpc", "localhost:8500"), ("http", "localhost:8501")]
    defaults = {option.opts[-1]: str(option.default) for option in score.params}
    told = re.findall(r"`(--[\w-]+) (\w+)`", PAGE.partition("### Logs by a server")[2])
    assert len(told) == 3 and all(defaults[name] == value for name, value in told)


def test_the_ports_are_those_of_compose():
    services = yaml.safe_load((ROOT / "deploy" / "compose.yaml").read_text("utf-8"))["services"]
    for name, grpc, rest, *_ in table("Service"):
        assert services[name]["ports"] == [f"127.0.0.1:{grpc}:8500", f"127.0.0.1:{rest}:8501"]


def test_every_file_that_a_command_names_is_there():
    named = set(re.findall(r"\bdeploy(?:/[\w.]+)*", PAGE))
    assert named and all((ROOT / path).exists() for path in named)

import json

import pytest

from components.evaluator.writing import ordered, write_figures
from evaluation.figures import Evaluation, OutputFigures, SliceFigures

FEATURES = (("device",), ("device", "hour"))


def figures(**values):
    output = OutputFigures(rows=1, positives=0, weight=1.0, models={})
    return SliceFigures(slice=values, outputs={"ctr": output})


TOLD = [
    (9.0, figures(device="(other)")),
    (2.0, figures(device="phone", hour="3")),
    (4.0, figures(device="tv")),
    (4.0, figures(device="phone")),
    (5.0, figures(device="(missing)")),
    (20.0, figures()),
    (3.0, figures(device="tv", hour="1")),
]
ORDER = [
    {},
    {"device": "(missing)"},
    {"device": "phone"},
    {"device": "tv"},
    {"device": "(other)"},
    {"device": "tv", "hour": "1"},
    {"device": "phone", "hour": "3"},
]


@pytest.mark.parametrize("told", [TOLD, TOLD[::-1]])
def test_slices_are_told_in_one_order(told):
    assert [dict(one.slice) for one in ordered(told, FEATURES)] == ORDER


def test_the_file_is_an_evaluation_and_nothing_else_is_left(tmp_path):
    told = [(rows, found.model_dump_json()) for rows, found in TOLD]
    for _ in range(2):  # a bundle that Beam runs twice
        write_figures(told, ("candidate", "constant"), FEATURES, str(tmp_path))
    [path] = tmp_path.iterdir()
    assert path.name == "figures.json"
    found = Evaluation.model_validate_json(path.read_text())
    assert found.models == ("candidate", "constant")
    assert [dict(one.slice) for one in found.slices] == ORDER
    assert found.overall["ctr"].rows == 1
    assert json.loads(path.read_text())["slices"][0]["slice"] == {}

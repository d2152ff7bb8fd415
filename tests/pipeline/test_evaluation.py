import json

import pytest
from google.protobuf import text_format
from tensorflow_model_analysis.proto import config_pb2

from pipeline.config_file import load_config
from pipeline.evaluation import eval_config, populations, values
from schemas.heads import Head

FUNNEL = """
model_specs {
  name: "candidate"
  signature_name: "serving_default"
  label_keys { key: "ctr" value: "click" }
  label_keys { key: "cvr" value: "conversion" }
  label_keys { key: "ctcvr" value: "conversion" }
}
model_specs {
  name: "baseline"
  is_baseline: true
  signature_name: "serving_default"
  label_keys { key: "ctr" value: "click" }
  label_keys { key: "cvr" value: "conversion" }
  label_keys { key: "ctcvr" value: "conversion" }
}
slicing_specs {}
slicing_specs { feature_keys: "user" }
metrics_specs {
  output_names: ["ctr", "cvr", "ctcvr"]
  metrics {
    class_name: "HeadMetrics"
    module: "pipeline.head_metrics"
    config: '{"populations": {"cvr": "ctr"}}'
  }
}
"""
HEADS = "heads:\n  ctr: {label: click}\n  cvr: {label: conversion, given: ctr}\n"


def test_a_funnel_is_measured_with_its_joint_over_all_rows_and_by_slice(write_config):
    config = load_config(write_config(("window: 2\n", "window: 2\nslices: [user]\n")))
    expected = text_format.Parse(FUNNEL, config_pb2.EvalConfig())
    assert eval_config(config) == expected


def test_heads_without_a_funnel_count_every_row_and_have_no_joint(write_config):
    flat = "heads:\n  like: {label: liked}\n  share: {label: shared}\n"
    gates = ("gates: {ctr.auc:", "gates: {like.auc:")
    found = eval_config(load_config(write_config((HEADS, flat), gates)))
    assert [(s.name, s.is_baseline) for s in found.model_specs] == [
        ("candidate", False),
        ("baseline", True),
    ]
    for spec in found.model_specs:
        assert dict(spec.label_keys) == {"like": "liked", "share": "shared"}
    assert list(found.slicing_specs) == [config_pb2.SlicingSpec()]
    (metrics,) = found.metrics_specs
    assert list(metrics.output_names) == ["like", "share"]
    assert json.loads(metrics.metrics[0].config) == {"populations": {}}


@pytest.mark.parametrize(
    "given, found",
    [
        ({"a": None, "b": "a", "c": "b"}, {"b": "a", "c": "b"}),
        ({"a": None, "b": "a", "c": "a"}, {"b": "a", "c": "a"}),
        ({"a": None}, {}),
    ],
)
def test_the_population_of_a_head_is_the_head_it_is_given(given, found):
    heads = {name: Head(label=f"{name}_label", given=parent) for name, parent in given.items()}
    assert populations(heads) == found


def test_a_value_over_all_impressions_is_nothing_where_its_parent_did_not_happen():
    heads = {
        "ctr": Head(label="click"),
        "spend": Head(label="value", given="ctr", kind="value"),
        "watch": Head(label="seconds", kind="watch_time"),
    }
    assert values(heads) == {"spend": None, "watch": None, "ctspend": "ctr"}
    assert values({"ctr": Head(label="click")}) == {}

"""The graph up to Transform."""

import datetime
import json

from tfx.dsl.compiler.compiler import Compiler

KNOWN = datetime.datetime(2026, 1, 3, 2, tzinfo=datetime.UTC)


def test_no_example_is_looked_at_before_the_log_gate_has_spoken(create, nodes, upstream):
    pipeline = create()
    gate = nodes(pipeline)["LogGate"]
    for node in ("StatisticsGen", "SpanStatistics"):
        assert "LogGate" in upstream(pipeline, node)
    assert {name: found.producer_component_id for name, found in gate.spec.inputs.items()} == {
        "ledger": "LogExampleGen",
        "rejects": "LogExampleGen",
    }
    (compiled,) = [
        node.pipeline_node
        for node in Compiler().compile(pipeline).nodes
        if node.pipeline_node.node_info.id == "StatisticsGen"
    ]
    assert "LogGate" in compiled.upstream_nodes


def test_no_row_is_transformed_before_the_data_gate_has_spoken(create, upstream):
    pipeline = create()
    for node in ("Transform", "Popularity"):
        assert "DataGate" in upstream(pipeline, node)
    assert upstream(pipeline, "DataGate") == {"DataReport"}
    assert upstream(pipeline, "DataReport") == {"ExampleValidator", "SpanStatistics"}
    (compiled,) = [
        node.pipeline_node
        for node in Compiler().compile(pipeline).nodes
        if node.pipeline_node.node_info.id == "Transform"
    ]
    assert "DataGate" in compiled.upstream_nodes


def test_ingestion_gets_the_newest_span_the_window_and_the_columns(create, properties):
    given = properties(create(), "LogExampleGen")
    assert (given["span"], given["window"]) == ("2026-01-02", 2)
    assert [column["name"] for column in json.loads(given["config"])["columns"]] == [
        "impression_id", "impression_time", "user", "price", "click", "conversion",
        "label_age", "click_mature", "conversion_mature", "settled", "conversion_count",
        "conversion_delay",
    ]  # fmt: skip
    assert given["fingerprint"] == "abc"


def test_analyses_are_kept_beside_the_artifacts_for_every_run(create, tmp_path, properties):
    assert properties(create(), "Transform")["analyses"] == str(tmp_path / "work" / "analyses")


def test_changing_a_limit_of_the_data_re_runs_its_report_alone(create, changed):
    assert changed(create(), create("data.drift=0.5")) == ["DataReport"]


def test_changing_a_limit_re_runs_its_gate_alone(create, properties, changed):
    found = create("limits={max_rejects: 2%, max_broken_files: 3}")
    assert changed(create(), found) == ["LogGate"]
    assert json.loads(properties(found, "LogGate")["limits"]) == {
        "max_rejects": "2%",
        "max_orphans": "100%",
        "max_broken_files": 3,
    }


def test_changed_logs_are_ingested_anew(create, changed):
    assert changed(create(), create(fingerprint="abd")) == ["LogExampleGen"]


def test_a_later_cut_off_is_ingested_anew(create, properties, changed):
    assert properties(create(), "LogExampleGen")["as_of"] == "2026-01-03T02:00:00+00:00"
    later = create(as_of=KNOWN + datetime.timedelta(hours=1))
    assert changed(create(), later) == ["LogExampleGen"]

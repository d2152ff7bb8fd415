"""Faults planted in the newest of five spans, in logs and in examples: each stops a run."""

import shutil

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet
import pytest

from components.data_gate.component import DataGate
from components.data_report.artifacts import DataFindings
from components.data_report.component import make_report
from components.data_report.report import REPORT_FILE
from components.data_report.settings import DataReportSettings
from components.log_example_gen.config import IngestConfig
from schemas.columns import example_columns
from schemas.data_gates import DataGates
from schemas.features import Categorical, Numeric, Sequence, Vocabulary
from schemas.heads import Head
from schemas.logs import Logs
from simulation.settings import Settings
from simulation.simulate import simulate

DAYS = tuple(f"2026-01-0{day}" for day in range(1, 6))
HEADS = {"ctr": Head(label="click"), "cvr": Head(label="conversion", given="ctr")}
FEATURES = {
    "user_id": Categorical(kind="categorical", side="user", hash=1000),
    "item_id": Categorical(
        kind="categorical", side="item", vocabulary=Vocabulary(max_size=1000, min_count=5)
    ),
    "device": Categorical(kind="categorical", side="context", vocabulary=Vocabulary(max_size=8)),
    "history": Sequence(kind="sequence", side="user", shares="item_id"),
    "price": Numeric(kind="numeric", side="item"),
    "user_age": Numeric(kind="numeric", side="user"),
}


@pytest.fixture
def stops(tmp_path):
    """Returns the objections to a summary, after the gate has raised them or let it pass."""

    def judge(summary, columns, gates=None):
        found = make_report(
            summary.uri, DataReportSettings(gates=gates or DataGates(), columns=columns), []
        )
        artifact = DataFindings()
        artifact.uri = str(tmp_path / "report")
        (tmp_path / "report").mkdir(exist_ok=True)
        (tmp_path / "report" / REPORT_FILE).write_text(found.model_dump_json())
        if found.objections:
            with pytest.raises(ValueError, match="is refused"):
                DataGate.test_call(report=artifact, pipeline_name="shop")
        else:
            DataGate.test_call(report=artifact, pipeline_name="shop")
        return found.objections

    return judge


@pytest.fixture
def window(healthy_span):
    """Five spans of examples; a fault changes columns of the newest."""

    def make(fault=lambda span: {}):
        spans = {day: healthy_span(seed) for seed, day in enumerate(DAYS)}
        newest = spans[DAYS[-1]]
        spans[DAYS[-1]] = newest | fault(newest)
        train = {day: spans[day] for day in DAYS[:-1]}
        return {"train": train, "eval": {DAYS[-1]: spans[DAYS[-1]]}}

    return make


def every(other, values, replacement):
    return [replacement if row % other == 0 else value for row, value in enumerate(values)]


FAULTS = {
    "a feature vanishes": (lambda s: {"price": [None] * 3000}, ["price vanished"]),
    "two thirds of a feature are lost": (
        lambda s: {"price": [x if row % 3 == 0 else None for row, x in enumerate(s["price"])]},
        ["price has a value in 30"],
    ),
    "a default is filled in": (
        lambda s: {"price": every(3, s["price"], 0.0)},
        ["price drifts from the spans before: Jensen-Shannon"],
    ),
    "a value is mapped to another": (
        lambda s: {"device": ["phone" if x == "desktop" else x for x in s["device"]]},
        ["device drifts from the spans before: L-infinity"],
    ),
    "a rate halves": (
        lambda s: {"click": [x * (row % 2) for row, x in enumerate(s["click"])]},
        ["the rate of click fell to"],
    ),
    "a rate given another halves": (
        lambda s: {"conversion": [x * (row % 2) for row, x in enumerate(s["conversion"])]},
        ["the rate of conversion fell to"],
    ),
    "a vocabulary doubles its unseen share": (
        lambda s: {"item": every(9, s["item"], "unheard of")},
        ["item has values that a vocabulary of the spans before does not know"],
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_in_examples_stops_the_run_by_its_name(
    name, window, write_window, scan_window, window_columns, stops
):
    fault, expected = FAULTS[name]
    found = stops(scan_window(*write_window(window(fault))), window_columns)
    assert len(found) == len(expected), found
    for said, start in zip(found, expected, strict=True):
        assert said.startswith(start)


def test_healthy_examples_pass_and_so_do_faults_that_are_switched_off(
    window, write_window, scan_window, window_columns, stops
):
    assert stops(scan_window(*write_window(window())), window_columns) == ()
    fault, _ = FAULTS["a rate halves"]
    halved = scan_window(*write_window(window(fault), name="halved"), name="again")
    assert stops(halved, window_columns, DataGates(labels={"click": "off"})) == ()
    assert stops(halved, window_columns, DataGates(rate=5)) == ()


def test_labels_that_are_not_mature_yet_are_no_fall(
    window, write_window, scan_window, window_columns, stops
):
    young = window(lambda s: {"conversion_mature": [0] * 3000, "conversion": [0] * 3000})
    assert stops(scan_window(*write_window(young)), window_columns) == ()


@pytest.fixture(scope="module")
def logs(tmp_path_factory):
    """Returns the logs of a shop in which nothing is wrong."""
    root = tmp_path_factory.mktemp("logs")
    simulate(root, Settings(impressions=20_000, days=5, seed=5))
    return root


@pytest.fixture
def ingest(tmp_path, scan_window):
    """Makes examples of logs as a run does; returns what SpanStatistics finds, and the columns."""
    import apache_beam as beam
    from tfx.types import standard_artifacts

    from components.log_example_gen.artifacts import LogLedger, LogRejects
    from components.log_example_gen.executor import Executor

    def run(root):
        log = {"id": "impression_id", "time": {"column": "timestamp"}}
        logs = Logs.model_validate(
            {"root": str(root)}
            | {
                name: {"path": f"{name}/{{SPAN}}/*.parquet"} | log
                for name in ("impressions", "clicks", "conversions")
            }
        )
        columns = example_columns(logs, FEATURES, HEADS)
        config = IngestConfig.model_validate(
            {"logs": logs, "attribution": {}, "split": {"by": "time", "eval": 1}}
            | {"columns": columns}
        )
        made = {
            "examples": standard_artifacts.Examples(),
            "ledger": LogLedger(),
            "rejects": LogRejects(),
        }
        for key, artifact in made.items():
            artifact.uri = str(tmp_path / key)
        context = Executor.Context(
            make_beam_pipeline_fn=lambda: beam.Pipeline(argv=["--runner=FnApiRunner"]),
            tmp_dir=str(tmp_path),
            unique_id="ingest",
        )
        Executor(context).Do(
            {},
            {key: [artifact] for key, artifact in made.items()},
            {"config": config.model_dump_json(), "span": DAYS[-1], "window": len(DAYS)}
            | {"as_of": "2026-02-01", "fingerprint": ""},
        )
        summary = scan_window(made["examples"], made["ledger"], columns, FEATURES, HEADS)
        return summary, columns

    return run


def test_healthy_logs_pass(logs, ingest, stops):
    assert stops(*ingest(logs)) == ()


def rewrite(root, log, change):
    """Changes the newest day of a log."""
    [path] = (root / log / DAYS[-1]).glob("*.parquet")
    pa.parquet.write_table(change(pa.parquet.read_table(path)), path)


def test_faults_in_logs_stop_the_run_all_at_once(logs, ingest, stops, tmp_path):
    root = tmp_path / "logs"
    shutil.copytree(logs, root)

    def break_impressions(table):
        rows = table.num_rows
        items = pc.if_else(
            pa.array(np.arange(rows) % 4 == 0), "unheard of", table["item_id"].combine_chunks()
        )
        changes = {
            "item_id": items,
            "device": pa.array(["watch"] * rows),
            "user_age": pa.nulls(rows, pa.float64()),
        }
        for name, values in changes.items():
            table = table.set_column(table.schema.get_field_index(name), name, values)
        return table

    rewrite(root, "impressions", break_impressions)
    rewrite(root, "clicks", lambda table: table.take(pa.array(range(0, table.num_rows, 2))))
    found = stops(*ingest(root))
    starts = [
        "user_age vanished: no row has a value, where 9",
        "item_id drifts from the spans before: L-infinity 0.2",
        "device drifts from the spans before: L-infinity",
        "item_id has values that a vocabulary of the spans before does not know in 2",
        "device has values that a vocabulary of the spans before does not know in 100 %",
        "the rate of click fell to",
    ]
    assert len(found) == len(starts), found
    for said, start in zip(found, starts, strict=True):
        assert said.startswith(start)

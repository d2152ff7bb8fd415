"""`docs/attribution.md` tells the truth: config, timeline, reasons, equations, cell by cell."""

import ast
import datetime
import json
import re
from pathlib import Path

import apache_beam as beam
import pyarrow.parquet
import pydantic
import pytest
import tensorflow as tf
import yaml
from tfx.types import standard_artifacts

from components.log_example_gen import ledger
from components.log_example_gen.artifacts import LogLedger, LogRejects
from components.log_example_gen.config import IngestConfig
from components.log_example_gen.executor import LEAK_SAMPLE_ROWS, Executor
from components.log_example_gen.leakage import LEAK_AUC, LEAST_ROWS
from components.log_example_gen.read import FORMATS
from components.log_example_gen.rejects import REJECTS_SCHEMA, VALUE_CHARACTERS
from components.log_gate.component import objections
from pipeline.config import PipelineConfig
from schemas.columns import Column, example_columns
from schemas.logs import Attribution, Limits, Log, Logs, Split, ViewThrough

ROOT = Path(__file__).resolve().parent.parent
PAGE = (ROOT / "docs" / "attribution.md").read_text(encoding="utf-8")
CODE = ROOT / "components" / "log_example_gen"
LOGS = ("impressions", "clicks", "conversions")


def config():
    [block] = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    return yaml.safe_load(block)


def tables():
    """Returns every table of the page as a list of rows, by the first cells of its header."""
    found = {}
    for text in re.findall(r"(?:^\|.*\|\n)+", PAGE, re.MULTILINE):
        names, _, *rows = [
            [cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines()
        ]
        found[tuple(names)] = [dict(zip(names, row, strict=True)) for row in rows]
    return found


def table(*columns, without=None):
    """Returns the one table that has these columns."""
    [rows] = [
        rows
        for names, rows in tables().items()
        if set(columns) <= set(names) and without not in names
    ]
    return rows


EVENTS = {
    "impressions": table("row", "user_id"),
    "clicks": table("row", "first", without="order_id"),
    "conversions": table("row", "order_id"),
}
EXAMPLES = table("rule", "as of", "label_age")


def write_logs(root):
    """Writes each row of the page to a file of its own, which bears its name."""
    given = config()["logs"]
    for log, rows in EVENTS.items():
        for row in rows:
            when = datetime.datetime.fromisoformat(f"2024-{row['time']}Z")
            clock, seconds = given[log]["time"], int(when.timestamp())
            units = {"s": seconds, "ms": 1000 * seconds, "iso": when.isoformat()}
            values = {"impression_id": row["impression_id"], clock["column"]: units[clock["unit"]]}
            if log == "impressions":
                values["user_id"] = row["user_id"]
            if log == "conversions":
                values |= {"order_id": int(row["order_id"]), "price": float(row["price"])}
            path = root / log / str(when.date()) / f"{row['row']}.jsonl"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(values) + "\n")


def ingest(tmp_path, click="first", as_of=""):
    """Returns the examples, the fate of each row by its name, and the rejects."""
    given = {**config(), "sampling": None}
    given["logs"]["root"] = str(tmp_path / "logs")
    given["attribution"]["click"] = click
    logs = Logs.model_validate(given["logs"])
    columns = [*example_columns(logs, {}, {}), Column("user_id", "text")]
    del given["limits"]
    kinds = {"examples": standard_artifacts.Examples, "ledger": LogLedger, "rejects": LogRejects}
    outputs = {key: [kind()] for key, kind in kinds.items()}
    for key, [artifact] in outputs.items():
        artifact.uri = str(tmp_path / f"LogExampleGen/{key}/1")
    context = Executor.Context(
        # With arguments TFX would first pack itself for remote workers, which takes seconds.
        make_beam_pipeline_fn=lambda: beam.Pipeline(argv=["--runner=FnApiRunner"]),
        tmp_dir=str(tmp_path),
        unique_id="1",
    )
    properties = {
        "config": IngestConfig.model_validate({**given, "columns": columns}).model_dump_json(),
        "span": "2024-05-01",
        "window": 1,
        "as_of": as_of,
        "fingerprint": "",
    }
    Executor(context).Do({}, outputs, properties)
    [examples], [told], [rejects] = outputs.values()
    paths = [str(path) for path in Path(examples.uri).glob("Split-*/*.gz")]
    records = tf.data.TFRecordDataset(paths, compression_type="GZIP").as_numpy_iterator()
    return [as_dict(record) for record in records], fates(told), rejected(rejects)


def as_dict(record):
    features = tf.train.Example.FromString(record).features.feature
    return {name: getattr(f, f.WhichOneof("kind")).value[0] for name, f in features.items()}


def fates(artifact):
    found = {}
    for file in json.loads(Path(artifact.uri, "ledger.json").read_text())["by_file"]:
        [fate] = [name for name, count in file.items() if count == 1 and name != ledger.READ]
        found[Path(file["file"]).stem] = fate
    return found


def rejected(artifact):
    found = []
    for path in Path(artifact.uri).iterdir():
        for row in pyarrow.parquet.read_table(path).to_pylist():
            assert row.pop("scope") == "row"
            found.append({**row, "file": Path(row["file"]).name, "row": str(row["row"])})
    return found


@pytest.mark.parametrize(
    "click, as_of, told",
    [
        ("first", "", "first"),
        ("last", "", "last"),
        ("first", "2024-05-02", "first, as of 05-02"),
        ("first", "2024-05-01T12:30", None),
    ],
)
def test_the_timeline_gives_the_examples_and_fates_that_the_page_shows(
    tmp_path, monkeypatch, capsys, click, as_of, told
):
    write_logs(tmp_path / "logs")
    examples, fate, rejects = ingest(tmp_path, click, as_of)
    shown = [row for row in EXAMPLES if (row["rule"], row["as of"]) == (click, as_of)]
    rows = [{"rule": click, "as of": as_of, **as_shown(example)} for example in examples]
    assert sorted(rows, key=str) == shown
    if told is not None:
        rows = [row for rows in EVENTS.values() for row in rows]
        assert fate == {row["row"]: row.get("fate") or row[told] for row in rows}
    if told == "first":
        assert sorted(rejects, key=lambda row: LOGS.index(row["log"])) == table("file", "value")
        look(tmp_path, monkeypatch)
        lines = capsys.readouterr().out
        assert lines.count("orphan") == 1 and lines.count("conflict") == 2


def as_shown(example):
    """Returns an example as the page writes it."""
    names = [name for name in EXAMPLES[0] if name not in ("rule", "as of")]
    return {name: cell(example.get(name, "")) for name in names}


def cell(value):
    if isinstance(value, bytes):
        return value.decode()
    return f"{value:g}" if isinstance(value, float) else str(value)


def look(tmp_path, monkeypatch):
    """Runs the page's Python beside the artifacts."""
    [block] = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    (tmp_path / "runs" / "demo").mkdir(parents=True)
    (tmp_path / "runs" / "demo" / "artifacts").symlink_to(tmp_path)
    monkeypatch.chdir(tmp_path)
    exec(compile(block, "docs/attribution.md", "exec"), {})


def test_the_drawing_has_the_events_of_the_tables_at_their_times():
    drawn = re.findall(r"^(\d\d-\d\d \S+).*?[●◆○■▲□] (\w\d)", PAGE, re.MULTILINE)
    times = {row["row"]: row["time"] for rows in EVENTS.values() for row in rows}
    assert len(drawn) == 12
    assert {name: time for time, name in drawn}.items() <= times.items()


def test_the_config_of_the_page_is_valid_and_has_every_key():
    given = config()
    features = {"user_id": {"kind": "categorical", "side": "user", "hash": 100, "width": 4}}
    heads = {"ctr": {"label": "click"}, "cvr": {"label": "conversion", "given": "ctr"}}
    PipelineConfig.model_validate({"name": "page", "features": features, "heads": heads, **given})
    assert set(given) == {"logs", "attribution", "split", "sampling", "limits"}
    logs, attribution = given["logs"], given["attribution"]
    assert set(logs) == set(Logs.model_fields)
    assert set().union(*(logs[log] for log in LOGS)) == set(Log.model_fields)
    assert set(attribution) == set(Attribution.model_fields)
    assert set(attribution["view_through"]) == set(ViewThrough.model_fields)
    assert set(given["limits"]) == set(Limits.model_fields)
    for text in re.findall(r"# or (\{by: .*\})", PAGE):
        assert pydantic.TypeAdapter(Split).validate_python(yaml.safe_load(text)).by == "time"


def test_the_defaults_of_the_page_are_those_of_the_config():
    [said] = re.findall(r"`limits` is (.*?)\n\n", PAGE, re.DOTALL)
    given = dict(each.split(": ") for each in re.findall(r"`(\w+: [^`]+)`", said))
    limits = {name: given.pop(name) for name in list(given) if name in Limits.model_fields}
    assert Attribution.model_validate(given) == Attribution()
    assert Limits.model_validate(limits) == Limits()
    assert set(limits) == set(Limits.model_fields)


def test_with_the_windows_of_the_page_an_orphan_conversion_takes_three_days():
    attribution = Attribution.model_validate(config()["attribution"])
    assert attribution.conversion_reach() == (2 * 24 + 1) * 3600
    assert "2 days and 1 hour" in PAGE and "three days or more" in PAGE


def test_the_equations_of_the_page_have_the_fates_of_the_ledger():
    [block] = re.findall(r"```\n(read impressions = .*?)```", PAGE, re.DOTALL)
    said = re.findall(r"read (\w+) +=([^=]*?)(?=\nread|\n\Z)", block)
    assert {log: set(re.findall(r"\w+", sum_)) for log, sum_ in said} == {
        log: {ledger.REJECTED, *fates} for log, fates in ledger.FATES.items()
    }


def test_the_page_has_every_column_of_the_rejects():
    assert [row["column"].strip("`") for row in table("column", "what it holds")] == (
        REJECTS_SCHEMA.names
    )


def said_by(node, named):
    """Returns the text of an expression, … for what is filled in; None if that is not text."""
    if isinstance(node, ast.Name):
        node = named.get(node.id)
    if isinstance(node, ast.JoinedStr):
        return "".join(said_by(part, named) or "…" for part in node.values)
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


# Which argument of a call is a reason.
CALLS = {"complain": 1, "rows": 1, "broken": 0, "note": 0, "Unreadable": 1, "TypeError": 0}


def reasons_in(path):
    """Yields the reasons that stand in the code of a module, as far as they can be seen."""
    module = ast.parse(path.read_text(encoding="utf-8"))
    nodes = list(ast.walk(module))
    assigned = [node for node in nodes if isinstance(node, ast.Assign)]
    named = {each.targets[0].id: each.value for each in assigned if hasattr(each.targets[0], "id")}
    for call in (node for node in nodes if isinstance(node, ast.Call)):
        name = getattr(call.func, "id", getattr(call.func, "attr", None))
        for argument in call.args[CALLS[name] :][:1] if name in CALLS else ():
            yield said_by(argument, named)
    for load in (node for node in nodes if getattr(node, "name", None) == "load"):
        returns = [node for node in ast.walk(load) if isinstance(node, ast.Return)]
        yield from (said_by(each.value, named) for each in returns)


def test_every_reason_in_the_code_is_on_the_page_and_none_other():
    shown = {row["reason (… is filled in)"].strip("`") for row in table("scope", "of")}
    shown = {reason.removeprefix("column …: ") for reason in shown}
    modules = [path for path in CODE.glob("*.py") if path.stem != "encode"]  # no reader of files
    found = {reason for path in modules for reason in reasons_in(path)} - {None, "column …: …"}
    assert len(found) > 20
    assert found <= shown
    code = "".join(path.read_text(encoding="utf-8") for path in modules)
    pieces = {piece.strip(" '") for reason in shown for piece in reason.split("…")}
    assert {piece for piece in pieces if piece not in code} == set()


def test_the_page_names_every_format():
    [said] = re.findall(r"A file's name says its format: (.*?)\. ", PAGE, re.DOTALL)
    assert set(re.findall(r"`([^`]+)`", said)) == set(FORMATS)


def test_the_gate_says_what_the_page_quotes():
    [quoted] = re.findall(r"```\n(\d.* are malformed, .*\n.*)\n```", PAGE)
    cells = ("impressions", "logs/impressions/2024-05-01/a.csv", 7, "shown_at", "aaaa")
    first = dict(zip(REJECTS_SCHEMA.names, (*cells, "not a number", "row"), strict=True))
    told = {
        "impressions": {"read": 1000, "rejected": {"shown_at: not a number": 11}},
        "broken_files": {"impressions": 0},
        "firsts": [first],
    }
    assert objections(told, Limits.model_validate(config()["limits"])) == [
        quoted.replace("\n", " ")
    ]
    assert f"AUC above {LEAK_AUC} is printed" in PAGE
    assert f"fewer than\n{LEAST_ROWS} positives or negatives" in PAGE
    assert f"about {LEAK_SAMPLE_ROWS:,} impressions" in PAGE
    assert f"{VALUE_CHARACTERS} characters at most" in PAGE

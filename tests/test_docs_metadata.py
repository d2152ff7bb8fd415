"""`docs/metadata.md` against a real MariaDB: what to write, to grant, to save and to move."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pydantic
import pytest
import yaml
from ml_metadata.proto import metadata_store_pb2 as pb

from pipeline.metadata_store import open_store, prepare_store
from pipeline.work_dir import WorkDir
from schemas.metadata_store import MetadataStore, MysqlStore, SqliteStore
from tests.servers.mariadb import PASSWORD, RIGHTS, Server, needs_mariadb

PAGE = (Path(__file__).resolve().parents[1] / "docs" / "metadata.md").read_text(encoding="utf-8")
TEXT = "Grüße 🙂 \\n \\ \\' ' \" %s"


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


@pytest.fixture
def server(tmp_path, monkeypatch):
    """A server on which the page's SQL made the database and the user."""
    monkeypatch.setenv("FUNNELRANK_MYSQL_PASSWORD", PASSWORD)
    monkeypatch.setenv("MYSQL_PWD", "")  # is put back as it was
    (tmp_path / "db").mkdir()
    made = Server(tmp_path / "db")
    made.sql("DROP DATABASE metadata", "DROP USER funnelrank@'127.0.0.1'")
    [sql] = blocks("sql")
    made.sql(*sql.replace("<password>", PASSWORD).strip().split("\n"))
    yield made
    made.remove()


def test_what_it_says_to_write_in_a_config_can_be_read():
    default, server = (yaml.safe_load(block)["metadata"] for block in blocks("yaml"))
    read = pydantic.TypeAdapter(MetadataStore).validate_python
    assert read(default) == SqliteStore()
    found = read(server)
    assert found.tls.ca == "/etc/ssl/certs/db-ca.pem"
    bare = {key: server[key] for key in ("kind", "host", "database", "user")}
    assert found == MysqlStore.model_validate({**bare, "tls": server["tls"]})  # the defaults


@needs_mariadb
def test_what_it_grants_is_enough_and_what_it_saves_can_be_restored(server, tmp_path):
    work = WorkDir(tmp_path)
    prepare_store(server.store(), work, "demo")
    [dump] = [line for block in blocks("bash") for line in block.splitlines() if "dump" in line]
    command, _, file = dump.partition(" > ")
    assert file == "metadata.sql"
    arguments = command.replace("db.example", "127.0.0.1").replace("3306", str(server.port))
    program, *options = arguments.replace(" -p ", " ").split()
    saved = subprocess.run(
        [program, "--no-defaults", *options], env={**os.environ, "MYSQL_PWD": PASSWORD},
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    assert "funnelrank.WorkDir" in saved and PASSWORD not in saved
    assert f"GRANT {RIGHTS} ON metadata.*" in PAGE


@needs_mariadb
def test_moved_records_are_the_same_under_the_same_ids(server, tmp_path):
    old, new = WorkDir(tmp_path / "old"), WorkDir(tmp_path / "new")
    for work in (old, new):
        work.root.mkdir()
    store = open_store(old)
    kind = store.put_execution_type(pb.ExecutionType(name="Trainer", properties={"a": pb.DOUBLE}))
    execution = pb.Execution(type_id=kind, last_known_state=pb.Execution.COMPLETE)
    execution.properties["a"].double_value = 1 / 3
    execution.custom_properties["text"].string_value = TEXT
    models = store.put_artifact_type(pb.ArtifactType(name="Model"))
    event = pb.Event(type=pb.Event.OUTPUT)
    event.path.steps.add().key = "model"
    store.put_execution(execution, [(pb.Artifact(type_id=models, uri="/m"), event)], [])

    (tmp_path / "move.py").write_text(blocks("python")[0], encoding="utf-8")
    for _ in range(2):  # stopped on the way, it is done again
        done = subprocess.run(
            [sys.executable, "move.py", old.metadata, "127.0.0.1", str(server.port), "funnelrank",
             "metadata"],
            cwd=tmp_path, capture_output=True, text=True,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
    prepare_store(server.store(), new, "demo")
    moved = open_store(new)
    assert moved.get_executions() == store.get_executions()
    assert moved.get_artifacts() == store.get_artifacts()
    assert moved.get_events_by_artifact_ids([1]) == store.get_events_by_artifact_ids([1])
    assert moved.get_execution_types() == store.get_execution_types()

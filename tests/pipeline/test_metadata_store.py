import json
import os

import pytest
from ml_metadata.proto import metadata_store_pb2 as pb

from pipeline.errors import Misuse, RunFailed
from pipeline.metadata_store import (
    connection,
    has_store,
    lost_store,
    noted_store,
    open_store,
    prepare_store,
    store_name,
)
from pipeline.work_dir import WorkDir
from schemas.metadata_store import MysqlStore, SqliteStore
from tests.servers.mariadb import PASSWORD, USER, Server, needs_mariadb

ELSEWHERE = MysqlStore(kind="mysql", host="db", database="metadata", user="funnelrank")
# What a config, a log and a name may hold.
TEXT = "Grüße 🙂 日本 \\n \\ \\' ' \" % \x01 é"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    made = Server(tmp_path_factory.mktemp("db"))
    yield made
    made.remove()


@pytest.fixture
def work(tmp_path):
    (tmp_path / "work").mkdir()
    return WorkDir(tmp_path / "work")


@pytest.fixture(autouse=True)
def environment(monkeypatch):
    monkeypatch.setenv("FUNNELRANK_MYSQL_PASSWORD", PASSWORD)
    monkeypatch.setenv("MYSQL_PWD", "")  # is put back as it was


def write(work, text):
    """Writes a text as TFX does; returns the id of what has it."""
    store = open_store(work)
    kind = store.put_context_type(pb.ContextType(name="kept"))
    context = pb.Context(type_id=kind, name=f"{len(store.get_contexts())}")
    context.custom_properties["text"].string_value = text
    return store.put_contexts([context])[0]


def read(work, context):
    [found] = open_store(work, read_only=True).get_contexts_by_id([context])
    return found.custom_properties["text"].string_value


def test_by_default_runs_are_written_down_in_the_work_directory(work):
    assert not has_store(work)
    assert noted_store(work) == SqliteStore()
    prepare_store(SqliteStore(), work, "demo")
    assert read(work, write(work, TEXT)) == TEXT
    assert has_store(work)
    assert [file.name for file in work.root.iterdir()] == ["metadata.sqlite"]
    assert store_name(work) == str(work.metadata)


@needs_mariadb
def test_a_work_directory_tells_where_its_runs_are_and_not_the_password(work, server):
    prepare_store(server.store(), work, "told")
    assert has_store(work)
    assert noted_store(work) == server.store()
    assert store_name(work) == f"the database metadata on 127.0.0.1:{server.port}"
    note = work.metadata_note.read_text()
    assert json.loads(note)["password_env"] == "FUNNELRANK_MYSQL_PASSWORD"
    assert PASSWORD not in note
    assert [file.name for file in work.root.iterdir()] == ["metadata.json"]
    assert read(work, write(work, TEXT)) == TEXT
    assert len(read(work, write(work, "x" * 3_000_000))) == 3_000_000


def test_what_tfx_is_given_and_logs_has_no_password(work):
    work.metadata_note.write_text(ELSEWHERE.model_dump_json())
    given = connection(work)
    assert given.mysql.host == "db" and given.mysql.user == "funnelrank"
    assert PASSWORD not in str(given) and not given.mysql.password
    # It is where clients of MySQL look for what they are not given.
    assert os.environ["MYSQL_PWD"] == PASSWORD


def test_files_of_tls_are_given_to_ml_metadata(work):
    tls = {"ca": "/ca.pem", "cert": "/a.pem", "key": "/a.key"}
    store = MysqlStore.model_validate({**ELSEWHERE.model_dump(), "tls": tls})
    work.metadata_note.write_text(store.model_dump_json())
    options = connection(work).mysql.ssl_options
    assert {name: getattr(options, name) for name in tls} == tls
    assert not options.verify_server_cert


@pytest.mark.parametrize("password", [None, ""])
def test_without_the_password_nothing_starts(work, monkeypatch, password):
    monkeypatch.delenv("FUNNELRANK_MYSQL_PASSWORD")
    if password is not None:
        monkeypatch.setenv("FUNNELRANK_MYSQL_PASSWORD", password)
    with pytest.raises(Misuse, match="the environment variable FUNNELRANK_MYSQL_PASSWORD, which"):
        prepare_store(ELSEWHERE, work, "demo")
    assert not has_store(work)


@needs_mariadb
def test_a_server_that_refuses_is_told_before_anything_is_noted(work, server, monkeypatch):
    monkeypatch.setenv("OTHER", "wr0ng")
    with pytest.raises(RunFailed, match=f"refuses user '{USER}': the password in OTHER is anoth"):
        prepare_store(server.store(password_env="OTHER"), work, "demo")
    assert not has_store(work)


@needs_mariadb
def test_readers_are_told_why_a_server_refuses_them(work, server):
    prepare_store(server.store(), work, "refused")
    work.metadata_note.write_text(server.store(database="none").model_dump_json())
    with pytest.raises(RunFailed, match="has no database 'none' for user"):
        open_store(work)


def test_runs_of_one_work_directory_are_written_down_in_one_place(work):
    prepare_store(SqliteStore(), work, "demo")
    write(work, "a run")
    with pytest.raises(Misuse, match=r"metadata.sqlite, and the config says `metadata: {kind: my"):
        prepare_store(ELSEWHERE, work, "demo")
    (other := WorkDir(work.root / "other")).root.mkdir()
    other.metadata_note.write_text(ELSEWHERE.model_dump_json())
    with pytest.raises(Misuse, match="in the database metadata on db:3306, and the config says"):
        prepare_store(SqliteStore(), other, "demo")
    with pytest.raises(Misuse, match=r"`metadata: {kind: mysql}` elsewhere\. Keep the one"):
        prepare_store(ELSEWHERE.model_copy(update={"database": "b"}), other, "demo")


@needs_mariadb
def test_another_user_or_password_is_no_other_place(work, server, monkeypatch):
    prepare_store(server.store(), work, "same")
    monkeypatch.setenv("OTHER", PASSWORD)
    prepare_store(server.store(password_env="OTHER"), work, "same")
    assert noted_store(work).password_env == "OTHER"


@needs_mariadb
def test_a_pipeline_of_a_database_is_of_one_work_directory(work, server):
    prepare_store(server.store(), work, "mine")
    prepare_store(server.store(), work, "mine")
    (other := WorkDir(work.root / "other")).root.mkdir()
    with pytest.raises(Misuse, match=rf"'mine' is of the work directory {work.root}\. Received: "):
        prepare_store(server.store(), other, "mine")
    assert not has_store(other)
    prepare_store(server.store(), other, "theirs")


@pytest.mark.parametrize("note", ["", "{}", '{"kind": "mysql"', '{"kind": "sqlite"}'])
def test_a_spoilt_note_is_told(work, note):
    work.metadata_note.write_text(note)
    with pytest.raises(RunFailed, match="does not say where the runs are written down: put a bac"):
        open_store(work)


def test_a_spoilt_file_of_sqlite_is_told_to_runs_and_to_readers(work):
    work.metadata.write_bytes(b"hello world " * 1000)
    for use in (lambda: prepare_store(SqliteStore(), work, "demo"), lambda: open_store(work)):
        with pytest.raises(RunFailed, match="is damaged, or no SQLite database: put a backup"):
            use()


def test_tables_that_are_not_all_there_are_told(work):
    write(work, "a run")
    content = bytearray(work.metadata.read_bytes())
    content[4096:] = bytes(len(content) - 4096)
    work.metadata.write_bytes(content)
    with pytest.raises(RunFailed, match=r"ML Metadata cannot open .*metadata\.sqlite: "):
        open_store(work)


@needs_mariadb
def test_a_store_that_went_away_is_told_and_that_nothing_is_lost(work, server):
    prepare_store(server.store(), work, "away")
    kept = write(work, "a run")
    assert lost_store(work) is None
    server.kill()
    try:
        said = lost_store(work)
    finally:
        server.start()
    assert "cannot be reached" in said
    assert said.endswith("What is done is kept: when it is back, run the same again")
    assert lost_store(work) is None
    assert read(work, kept) == "a run"


HEADS = "heads:\n"
ABSENT = "metadata: {kind: mysql, host: 127.0.0.1, port: 1, database: m, user: u}\n"


def test_a_run_that_cannot_be_written_down_ends_in_a_sentence_before_its_first_step(
    write_config, write_logs, invoke, sentence, tmp_path, monkeypatch
):
    write_logs()
    config, work = write_config((HEADS, ABSENT + HEADS)), tmp_path / "runs"
    run = ("run", config, "--work", work, "--as-of", "2026-01-03")
    said = sentence(invoke(*run), 1)
    assert said.startswith("the metadata server 127.0.0.1:1 cannot be reached: check metadata.host")
    assert not (work / "artifacts").exists() and not has_store(WorkDir(work))
    monkeypatch.delenv("FUNNELRANK_MYSQL_PASSWORD")
    assert "FUNNELRANK_MYSQL_PASSWORD" in sentence(invoke(*run), 2)


@pytest.mark.parametrize("kind", ["mysql", "sqlite"])
def test_a_password_in_the_config_is_misuse_and_is_not_repeated(
    write_config, invoke, sentence, kind
):
    written = write_config((HEADS, f"metadata: {{kind: {kind}, password: {PASSWORD}}}\n{HEADS}"))
    said = sentence(invoke("run", written), 2)
    assert "tiny.yaml:12: metadata.password: a config has no password: export it" in said
    assert PASSWORD not in said
    given = sentence(invoke("run", write_config(), "--set", f"metadata.password={PASSWORD}"), 2)
    assert "--set: metadata.password: a config has no password" in given
    assert PASSWORD not in given


def test_postgresql_is_misuse_with_the_reason(write_config, invoke, sentence):
    said = sentence(invoke("run", write_config(), "--set", "metadata.kind=postgresql"), 2)
    assert said == (
        "--set: metadata.kind: ML Metadata writes invalid SQL to PostgreSQL for a text with a "
        "backslash in it, at the Evaluator at the latest, and nobody has mended it. Take `mysql` "
        "(MariaDB or MySQL), or `sqlite`. Received: kind: postgresql"
    )

import sys

from pipeline.doctor import PACKAGES, Finding, examine
from schemas.metadata_store import MysqlStore
from tests.servers.mariadb import PASSWORD, Server, needs_mariadb


def found(work) -> dict[str, Finding]:
    return {finding.name: finding for finding in examine(work)}


def test_this_machine_has_what_the_tests_run_on(tmp_path):
    findings = found(tmp_path)
    assert findings["Python"] == Finding(
        "Python", ".".join(map(str, sys.version_info[:3])), True, "use Python 3.11, 3.12 or 3.13"
    )
    for name in PACKAGES:
        assert findings[name].ok, name
    assert findings["tensorflow"].found.startswith("2.21")
    assert int(findings["CPU cores"].found) >= 1
    assert findings["accelerator"].ok


def test_keras_two_must_be_asked_for(tmp_path, monkeypatch):
    monkeypatch.setenv("TF_USE_LEGACY_KERAS", "1")
    assert found(tmp_path)["TF_USE_LEGACY_KERAS"].ok
    monkeypatch.delenv("TF_USE_LEGACY_KERAS")
    finding = found(tmp_path)["TF_USE_LEGACY_KERAS"]
    assert (finding.found, finding.ok) == ("unset", False)
    assert finding.way_out == "start through `funnelrank`, or export it as 1"


def test_a_package_that_is_missing_is_named_with_its_way_out(tmp_path, monkeypatch):
    monkeypatch.setattr("pipeline.doctor.PACKAGES", ("no-such-package-here",))
    assert found(tmp_path)["no-such-package-here"] == Finding(
        "no-such-package-here", "missing", False, "run `make venv`"
    )


def test_the_disk_of_a_work_directory_that_is_not_there_yet_is_its_parents(tmp_path):
    assert found(tmp_path / "a" / "b")["free disk"].found == found(tmp_path)["free disk"].found


def test_every_finding_that_can_be_bad_says_a_way_out(tmp_path):
    for finding in examine(tmp_path):
        assert finding.way_out or finding.ok, finding


@needs_mariadb
def test_a_database_that_runs_are_written_down_in_is_looked_at(tmp_path, monkeypatch):
    (tmp_path / "db").mkdir()
    server = Server(tmp_path / "db")
    try:
        (tmp_path / "runs" / "demo").mkdir(parents=True)
        (tmp_path / "runs" / "demo" / "metadata.json").write_text(server.store().model_dump_json())
        where = f"metadata on 127.0.0.1:{server.port}"
        monkeypatch.setenv("FUNNELRANK_MYSQL_PASSWORD", PASSWORD)
        assert found(tmp_path / "runs")["runs of demo"] == Finding("runs of demo", where, True)
        assert found(tmp_path / "runs" / "demo")["runs of demo"].ok
        monkeypatch.setenv("FUNNELRANK_MYSQL_PASSWORD", "wr0ng")
        refused = found(tmp_path / "runs")["runs of demo"]
        assert not refused.ok and "refuses user 'funnelrank'" in refused.way_out
    finally:
        server.remove()


def test_a_database_whose_password_is_not_there_is_named_and_so_is_what_cannot_be_read(
    tmp_path, monkeypatch
):
    monkeypatch.delenv("FUNNELRANK_MYSQL_PASSWORD", raising=False)
    store = MysqlStore(kind="mysql", host="db", database="metadata", user="u")
    for name, text in (("a", store.model_dump_json()), ("b", "{")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "metadata.json").write_text(text)
    (tmp_path / "c").mkdir()
    (tmp_path / "c" / "metadata.sqlite").write_bytes(b"hello world " * 99)
    findings = found(tmp_path)
    way_out = "export FUNNELRANK_MYSQL_PASSWORD as the password of u"
    assert findings["runs of a"] == Finding("runs of a", "metadata on db:3306", False, way_out)
    assert findings["runs of b"].found == "unreadable"
    assert "is damaged, or no SQLite database" in findings["runs of c"].way_out

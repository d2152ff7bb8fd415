"""Against a real server, and against SQLite files that other processes hold or have spoilt."""

import contextlib
import datetime
import ipaddress
import os
import socket
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path

import pymysql
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from pipeline import store_trouble
from pipeline.metadata_store import open_store, prepare_store
from pipeline.store_trouble import mysql_trouble, server_version, sqlite_trouble
from pipeline.work_dir import WorkDir
from tests.servers.mariadb import PASSWORD, RIGHTS, USER, Server, needs_mariadb

HOLD = """
import sqlite3, sys
held = sqlite3.connect(sys.argv[1], isolation_level=None)
held.execute("BEGIN IMMEDIATE")
print("held", flush=True)
sys.stdin.read()
"""


def certify(folder, name, issuer=None):
    """Writes NAME.pem and NAME.key, signed by an issuer or by itself; returns what can sign."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    signer, signing = issuer or (subject, key)
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(signer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False
        )
        .sign(signing, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    (folder / f"{name}.pem").write_bytes(made.public_bytes(pem))
    (folder / f"{name}.key").write_bytes(
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return subject, key


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tls")
    authority = certify(folder, "ca")
    certify(folder, "server", authority)
    certify(folder, "other")
    return folder


@pytest.fixture(scope="module")
def server(tmp_path_factory, certificates):
    options = [
        f"--ssl-{key}={certificates / file}"
        for key, file in (("ca", "ca.pem"), ("cert", "server.pem"), ("key", "server.key"))
    ]
    made = Server(tmp_path_factory.mktemp("db"), *options)
    yield made
    made.remove()


@pytest.fixture
def user(server):
    """Changes the user for one test."""

    def change(text):
        server.sql(f"ALTER USER {USER}@'127.0.0.1' {text}")

    yield change
    server.sql(
        f"ALTER USER {USER}@'127.0.0.1' IDENTIFIED BY '{PASSWORD}' REQUIRE NONE WITH "
        "MAX_USER_CONNECTIONS 0"
    )


@needs_mariadb
def test_a_server_that_can_be_used_is_no_trouble(server):
    assert mysql_trouble(server.store(), PASSWORD) is None


@needs_mariadb
def test_a_wrong_password_and_an_unknown_user_are_told_without_the_password(server):
    for store, password in ((server.store(), "wr0ng"), (server.store(user="nobody"), PASSWORD)):
        said = mysql_trouble(store, password)
        assert said.startswith(f"the metadata server 127.0.0.1:{server.port} refuses user ")
        assert "the password in FUNNELRANK_MYSQL_PASSWORD is another" in said
        assert password not in said


@needs_mariadb
def test_a_missing_database_is_told_with_what_to_do(server):
    said = mysql_trouble(server.store(database="none"), PASSWORD)
    assert f"has no database 'none' for user '{USER}': make it, and grant it to them" in said


@needs_mariadb
def test_a_limit_of_connections_is_told(server, user):
    user("WITH MAX_USER_CONNECTIONS 1")
    with contextlib.closing(
        pymysql.connect(host="127.0.0.1", port=server.port, user=USER, password=PASSWORD)
    ):
        said = mysql_trouble(server.store(), PASSWORD)
    assert f"has no connection left for user '{USER}': wait, or raise its limit" in said


@needs_mariadb
def test_a_method_of_logging_in_that_ml_metadata_lacks_is_told(server, user):
    server.sql("INSTALL SONAME 'auth_ed25519'")
    user(f"IDENTIFIED VIA ed25519 USING PASSWORD('{PASSWORD}')")
    assert "give the user mysql_native_password" in mysql_trouble(server.store(), PASSWORD)


@needs_mariadb
def test_a_certificate_vouches_for_the_server_or_it_is_not_talked_to(server, user, certificates):
    user("REQUIRE SSL")
    assert "lets them in by TLS only" in mysql_trouble(server.store(), PASSWORD)
    trusted = server.store(tls={"ca": str(certificates / "ca.pem")})
    assert mysql_trouble(trusted, PASSWORD) is None
    strange = server.store(tls={"ca": str(certificates / "other.pem")})
    said = mysql_trouble(strange, PASSWORD)
    assert "is not the one that metadata.tls.ca vouches for" in said
    absent = server.store(tls={"ca": str(certificates / "none.pem")})
    assert mysql_trouble(absent, PASSWORD).startswith("there is no file ")


@needs_mariadb
def test_ml_metadata_goes_by_tls_too(server, user, certificates, tmp_path, monkeypatch):
    monkeypatch.setenv("FUNNELRANK_MYSQL_PASSWORD", PASSWORD)
    monkeypatch.setenv("MYSQL_PWD", "")  # is put back as it was
    tls = {"ca": str(certificates / "ca.pem")}
    own = {"cert": str(certificates / "server.pem"), "key": str(certificates / "server.key")}
    for demand, files in (("SSL", tls), ("X509", tls | own)):
        user(f"REQUIRE {demand}")
        prepare_store(server.store(tls=files), WorkDir(tmp_path), "demo")
        assert open_store(WorkDir(tmp_path)).get_artifacts() == []


@needs_mariadb
def test_a_user_may_have_to_show_a_certificate(server, user, certificates):
    user("REQUIRE X509")
    tls = {"ca": str(certificates / "ca.pem")}
    assert "refuses user" in mysql_trouble(server.store(tls=tls), PASSWORD)
    own = {"cert": str(certificates / "server.pem"), "key": str(certificates / "server.key")}
    assert mysql_trouble(server.store(tls=tls | own), PASSWORD) is None


@needs_mariadb
@pytest.mark.parametrize(("host", "port"), [("no.such.host.invalid", 3306), ("127.0.0.1", 1)])
def test_a_server_that_is_not_there_is_told(server, host, port):
    said = mysql_trouble(server.store(host=host, port=port), PASSWORD)
    assert said.startswith(f"the metadata server {host}:{port} cannot be reached: check ")


@needs_mariadb
def test_a_server_that_says_nothing_is_not_waited_for_for_ever(server, monkeypatch):
    monkeypatch.setattr(store_trouble, "_PATIENCE", 1)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        said = mysql_trouble(server.store(port=silent.getsockname()[1]), PASSWORD)
    assert "cannot be reached" in said and "timed out" in said


@pytest.mark.parametrize(
    ("told", "known"),
    [
        ("5.5.5-10.11.19-MariaDB-0+deb12u1", ("MariaDB", (10, 11, 19))),
        ("11.8.3-MariaDB-0+deb13u1 from Debian", ("MariaDB", (11, 8, 3))),
        ("5.5.5-10.1.48-MariaDB", ("MariaDB", (10, 1, 48))),
        ("8.4.5", ("MySQL", (8, 4, 5))),
        ("5.6.51-log", ("MySQL", (5, 6, 51))),
    ],
)
def test_servers_say_their_versions_in_several_ways(told, known):
    assert server_version(told) == known


@needs_mariadb
def test_an_old_server_is_told(tmp_path):
    # The real server, saying of itself what an old one says.
    old = Server(tmp_path, "--version=10.1.48-MariaDB")
    try:
        said = mysql_trouble(old.store(), PASSWORD)
    finally:
        old.remove()
    assert "is MariaDB 10.1.48, and ML Metadata needs MariaDB 10.2 or MySQL 5.7" in said


def test_the_user_has_no_right_to_delete_a_table_or_to_grant():
    assert not {"DROP", "GRANT OPTION", "ALL"} & set(RIGHTS.split(", "))


@pytest.fixture
def file(tmp_path):
    with contextlib.closing(sqlite3.connect(tmp_path / "a b?.sqlite")) as made:
        made.execute("CREATE TABLE t (x)")
        made.commit()
    return tmp_path / "a b?.sqlite"


def test_a_file_of_sqlite_that_can_be_written_is_no_trouble_nor_is_none(file, tmp_path):
    before = file.read_bytes()
    assert sqlite_trouble(file) is None
    assert file.read_bytes() == before
    assert sqlite_trouble(tmp_path / "none.sqlite") is None
    assert not (tmp_path / "none.sqlite").exists()


def test_a_file_that_another_process_is_writing_is_told(file, monkeypatch):
    monkeypatch.setattr(store_trouble, "_PATIENCE", 0.2)
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(file)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as holder:  # fmt: skip
        assert holder.stdout.readline() == "held\n"
        said = sqlite_trouble(file)
        holder.communicate("")
    assert said.startswith("another process has been writing to ")
    assert "database is locked" in said
    assert sqlite_trouble(file) is None


@pytest.mark.parametrize("content", [b"hello world " * 1000, b"SQLite format 3\0" + b"\xff" * 4096])
def test_a_file_that_is_no_database_is_told(file, content):
    file.write_bytes(content)
    said = sqlite_trouble(file)
    assert "is damaged, or no SQLite database: put a backup in its place" in said


def test_a_folder_in_the_place_of_the_file_is_told(tmp_path):
    (tmp_path / "metadata.sqlite").mkdir()
    assert "cannot be written" in sqlite_trouble(tmp_path / "metadata.sqlite")


def as_nobody(do):
    """Returns what `do` returns where no file may be written: root may write any."""
    ours, theirs = os.pipe()
    if child := os.fork():
        os.close(theirs)
        with open(ours, encoding="utf-8") as answer:
            said = answer.read()
        os.waitpid(child, 0)
        return said
    if os.getuid() == 0:
        os.setuid(65534)
    os.write(theirs, str(do()).encode())
    os._exit(0)


def test_a_file_that_may_only_be_read_is_told():
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "metadata.sqlite"
        with contextlib.closing(sqlite3.connect(file)) as made:
            made.execute("CREATE TABLE t (x)")
        file.chmod(0o444)
        Path(folder).chmod(0o555)
        said = as_nobody(lambda: sqlite_trouble(file))
        Path(folder).chmod(0o755)
    assert said == (
        f"{file} cannot be written: change its rights, or name another --work (attempt to write a "
        "readonly database)"
    )

import pydantic
import pytest

from schemas.metadata_store import MetadataStore, MysqlStore, SqliteStore

SERVER = {"kind": "mysql", "host": "db", "database": "metadata", "user": "funnelrank"}


def read(**said):
    return pydantic.TypeAdapter(MetadataStore).validate_python(said)


def refused(**said):
    with pytest.raises(pydantic.ValidationError) as caught:
        read(**said)
    return str(caught.value)


def test_a_server_is_named_by_host_database_and_user_and_the_password_by_its_variable():
    assert read(kind="sqlite") == SqliteStore()
    store = read(**SERVER)
    assert isinstance(store, MysqlStore)
    assert store.address == "db:3306"
    assert store.password_env == "FUNNELRANK_MYSQL_PASSWORD"
    assert store.tls is None


def test_localhost_is_reached_by_its_port_as_any_other_host():
    assert read(**{**SERVER, "host": "localhost"}).address == "127.0.0.1:3306"


def test_a_password_in_a_config_is_refused_and_told_to_nobody():
    said = refused(**SERVER, password="n0body-Tells-This")
    assert "a config has no password: export it as the environment variable" in said
    assert "n0body-Tells-This" not in said.partition("[type=")[0]


@pytest.mark.parametrize("kind", ["postgresql", "postgres", "PostgreSQL"])
def test_postgresql_is_refused_with_the_reason(kind):
    said = refused(**{**SERVER, "kind": kind})
    assert "ML Metadata writes invalid SQL to PostgreSQL for a text with a backslash in it" in said
    assert f"Received: kind: {kind}" in said


def test_mariadb_is_of_the_kind_mysql():
    assert "the kind of both is `mysql`" in refused(**{**SERVER, "kind": "mariadb"})


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("host", "db;rm -rf"), ("host", ""), ("port", 0), ("port", 65536), ("database", "a`b"),
        ("user", ""),
    ],
)  # fmt: skip
def test_what_no_server_could_be_is_refused(key, value):
    assert key in refused(**{**SERVER, key: value})


@pytest.mark.parametrize("given", ["1A", "n0body-Tells-This", ""])
def test_what_names_no_variable_may_be_the_password_and_is_not_repeated(given):
    said = refused(**SERVER, password_env=given).partition("[type=")[0]
    assert "it is the name of an environment variable: letters, digits and underscores" in said
    assert "n0body-Tells-This" not in said


def test_files_of_tls_are_named_from_the_root_on_and_a_key_goes_with_its_certificate():
    tls = {"ca": "/etc/ca.pem", "cert": "/etc/a.pem", "key": "/etc/a.key"}
    assert read(**SERVER, tls=tls).tls.model_dump() == tls
    assert "Received: 'ca.pem'" in refused(**SERVER, tls={"ca": "ca.pem"})
    assert "give `cert` and `key`" in refused(**SERVER, tls={"ca": "/a", "cert": "/b"})

import logging
import subprocess

import pytest

from pipeline.errors import Misuse, RunFailed
from pipeline.kubeflow_client.connection import connect, named
from tests.stand_in.kubeflow import StandIn


def runs_of(connection):
    return connection.ask(connection.client.runs.run_service_list_runs, experiment_id="x").runs


def test_a_server_is_asked_for_its_health_and_then_for_what_is_wanted(server):
    connection = connect(server.host + "/", None)
    assert (connection.host, connection.namespace) == (server.host, None)
    assert not runs_of(connection)
    paths = [path.removeprefix("/apis/v2beta1") for _, path in server.calls]
    assert set(paths[:-1]) == {"/healthz"} and paths[-1] == "/runs"


def test_the_page_of_a_run_lies_at_the_server_or_where_its_pages_are(connection, monkeypatch):
    assert connection.page("runs", "7") == f"{connection.host}/#/runs/details/7"
    monkeypatch.setenv("KF_PIPELINES_UI_ENDPOINT", "https://kubeflow.example/pipeline/")
    assert connection.page("runs", "7") == "https://kubeflow.example/pipeline/#/runs/details/7"


@pytest.mark.parametrize(
    "host", ["localhost:8080", "kubeflow", "", "ftp://host", "http://", "http://h/?a=b", "http://["]
)
def test_a_host_without_a_scheme_is_refused_before_anything_is_asked(host):
    with pytest.raises(Misuse) as refused:
        connect(host, None)
    assert str(refused.value) == (
        "a Kubeflow Pipelines server is http://HOST[:PORT][/PATH] or https://..., as in "
        f"http://localhost:8080. Received: {host!r}"
    )


def test_a_password_in_the_address_is_refused_and_not_repeated():
    with pytest.raises(
        Misuse, match="has no user or password in it: give KFP_EXISTING_TOKEN"
    ) as no:
        connect("https://me:hunter2@kubeflow.example", None)
    assert "hunter2" not in str(no.value)


def test_a_server_that_is_not_there_is_told_at_once_and_in_one_sentence(capfd, caplog):
    with StandIn() as gone:
        host = gone.host
    with pytest.raises(RunFailed) as failed:
        connect(host, None)
    assert str(failed.value).startswith(f"no Kubeflow Pipelines answers at {host} (")
    assert "Connection refused" in str(failed.value)
    assert str(failed.value).endswith(
        "): check --host or KFP_ENDPOINT, and that the port is forwarded"
    )
    assert (*capfd.readouterr(), *caplog.messages) == ("", "")


def test_a_certificate_that_nobody_vouches_for_is_refused_until_it_is_named(
    server, tmp_path, monkeypatch
):
    made = ("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2")
    files = {name: tmp_path / f"{name}.pem" for name in ("key", "cert")}
    names = ("-subj", "/CN=kubeflow", "-addext", "subjectAltName=IP:127.0.0.1")
    outputs = ("-keyout", files["key"], "-out", files["cert"])
    subprocess.run((*made, *names, *outputs), check=True, capture_output=True)
    server.encrypt(files["cert"], files["key"])
    with pytest.raises(RunFailed) as failed:
        connect(server.host, None)
    assert server.host.startswith("https://")
    assert "CERTIFICATE_VERIFY_FAILED" in str(failed.value)
    assert str(failed.value).endswith(
        "): name the file with the certificate of its authority in SSL_CERT_FILE"
    )
    monkeypatch.setenv("SSL_CERT_FILE", str(files["cert"]))
    assert not runs_of(connect(server.host, None))


def test_a_token_is_read_from_the_environment_and_never_told(monkeypatch):
    with StandIn(token="s3cret") as server:
        with pytest.raises(RunFailed) as failed:
            connect(server.host, None)
        assert str(failed.value) == (
            f"{server.host} refuses with 401 (Unauthenticated: there was no user identity header): "
            "set KFP_EXISTING_TOKEN to a token, or KFP_COOKIES to the cookies of a session"
        )
        monkeypatch.setenv("KFP_EXISTING_TOKEN", "0ld-one")
        with pytest.raises(RunFailed) as failed:
            connect(server.host, None)
        assert str(failed.value).endswith(
            "what KFP_EXISTING_TOKEN gave is not enough, or no longer valid"
        )
        assert "0ld-one" not in str(failed.value)
        monkeypatch.setenv("KFP_EXISTING_TOKEN", "s3cret")
        assert not runs_of(connect(server.host, None))


def test_a_page_to_log_in_is_no_kubeflow(server):
    server.page = b"<html><title>Log in to Dex</title>"
    with pytest.raises(RunFailed) as failed:
        connect(server.host, None)
    assert str(failed.value) == (
        f"what answers at {server.host} is no Kubeflow Pipelines, but perhaps a page to log in: "
        "give KFP_EXISTING_TOKEN or KFP_COOKIES, or another --host. It said: "
        "'<html><title>Log in to Dex</title>'"
    )


def test_several_users_need_a_namespace():
    with StandIn(several_users=True) as server:
        with pytest.raises(Misuse, match=r"has several users: .* --namespace ranking, or set KFP"):
            connect(server.host, None)
        assert connect(server.host, "ranking").namespace == "ranking"


def test_what_the_server_refuses_is_told_in_its_words(connection):
    with pytest.raises(RunFailed) as failed:
        connection.ask(connection.client.runs.run_service_get_run, run_id="7")
    assert str(failed.value) == (
        f"{connection.host} answers 404: no such call: GET /apis/v2beta1/runs/7"
    )


def test_an_argument_that_is_none_is_left_out(connection, server):
    service = connection.client.experiments
    connection.ask(service.experiment_service_list_experiments, filter=None, page_token=None)
    assert server.calls[-1] == ("GET", "/apis/v2beta1/experiments")


def test_a_name_is_found_by_a_filter_of_the_api():
    assert named('a"b') == (
        '{"predicates": [{"operation": "EQUALS", "key": "display_name", "stringValue": "a\\"b"}]}'
    )


def test_what_urllib3_logs_is_kept_back_only_while_asking(connection):
    runs_of(connection)
    assert logging.getLogger("urllib3.connectionpool").level == logging.NOTSET

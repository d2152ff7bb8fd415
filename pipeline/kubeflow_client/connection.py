"""A Kubeflow Pipelines server, and what it answers, in sentences where it refuses.

The calls are those of kfp's client, made through the services it carries, not through its
methods: those print links, wait without an end for a server that does not answer, and cannot say
that a recurring run follows the newest version of a pipeline.
"""

import contextlib
import dataclasses
import json
import logging
import os
import urllib.parse
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import kfp
import kfp_server_api
import urllib3

from pipeline.errors import Misuse, RunFailed
from pipeline.failures import reason

_SECONDS = (10, 60)  # to connect, and to answer
_TOKEN = "KFP_EXISTING_TOKEN"  # the name that kfp's own command line reads
_COOKIES = "KFP_COOKIES"
_AUTHORITIES = "SSL_CERT_FILE"
_UI = "KF_PIPELINES_UI_ENDPOINT"  # kfp's own, where pages lie elsewhere than the API
_REFUSED = (401, 403)


class _Client(kfp.Client):
    """kfp's client, which asks once whether the server is well; kfp would try for 25 seconds."""

    def get_kfp_healthz(self, sleep_duration: int = 0) -> kfp_server_api.V2beta1GetHealthzResponse:
        """Returns what the server says of itself.

        Raises:
            ValueError: if what answers is no Kubeflow Pipelines, such as a page to log in.
        """
        answer = self.healthzs.healthz_service_get_healthz(
            _preload_content=False, _request_timeout=_SECONDS
        )
        try:
            said = json.loads(answer.data)
            return kfp_server_api.V2beta1GetHealthzResponse(multi_user=said.get("multi_user"))
        except (ValueError, AttributeError) as error:
            raise ValueError(answer.data[:100].decode("utf-8", "replace")) from error


@dataclasses.dataclass(frozen=True)
class Connection:
    """A server that answers.

    Attributes:
        host: its address, without a slash at the end.
        namespace: whose runs these are, where it has several users.
        client: kfp's.
    """

    host: str
    namespace: str | None
    client: kfp.Client

    def ask(self, call: Callable[..., Any], **arguments: Any) -> Any:
        """Returns what a call of one of the client's services is answered.

        Args:
            call: a method of `client.runs` and the like.
            arguments: of that call; those that are None are left out.

        Raises:
            RunFailed: if it is not answered, or refused.
        """
        given = {name: value for name, value in arguments.items() if value is not None}
        with _told(self.host):
            return call(**given, _request_timeout=_SECONDS)

    def page(self, kind: str, id_: str) -> str:
        """Returns the address of a page in the server's user interface."""
        return f"{os.environ.get(_UI, self.host).rstrip('/')}/#/{kind}/details/{id_}"


def connect(host: str, namespace: str | None) -> Connection:
    """Returns a connection, once the server has said that it is well.

    A token is read from KFP_EXISTING_TOKEN, cookies of a session from KFP_COOKIES, and the
    certificates to trust from SSL_CERT_FILE, as other tools name them.

    Args:
        host: the address of the server, as in http://localhost:8080.
        namespace: of a user, where there are several.

    Raises:
        Misuse: if `host` is no address, or a namespace is missing.
        RunFailed: if the server does not answer, or refuses.
    """
    host = _checked(host)
    with _told(host):
        client = _Client(
            host=host,
            namespace=namespace or "kubeflow",  # kfp's way to say: none
            existing_token=os.environ.get(_TOKEN),
            cookies=os.environ.get(_COOKIES),
            ssl_ca_cert=os.environ.get(_AUTHORITIES),
        )
        several = client.get_kfp_healthz().multi_user
    whose = namespace or client.get_user_namespace() or None
    if several and whose is None:
        raise Misuse(
            f"{host} has several users: say in whose namespace, as in --namespace ranking, or set "
            "KFP_NAMESPACE"
        )
    return Connection(host, whose, client)


def named(name: str) -> str:
    """Returns the filter that finds what is shown by this name."""
    predicate = {"operation": "EQUALS", "key": "display_name", "stringValue": name}
    return json.dumps({"predicates": [predicate]})


def _checked(host: str) -> str:
    try:
        parts = urllib.parse.urlsplit(host)
        whole = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        whole = False
    if "@" in host:  # the value may be a secret: it is not repeated
        raise Misuse(f"the address of a server has no user or password in it: give {_TOKEN}")
    if not whole or parts.query or parts.fragment:
        raise Misuse(
            "a Kubeflow Pipelines server is http://HOST[:PORT][/PATH] or https://..., as in "
            f"http://localhost:8080. Received: {host!r}"
        )
    return host.rstrip("/")


@contextlib.contextmanager
def _told(host: str) -> Iterator[None]:
    """Says in one sentence why a call failed, and keeps what libraries have to say to itself."""
    retries = logging.getLogger("urllib3.connectionpool")  # warns of each further try
    level = retries.level
    retries.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings(action="ignore"):
            yield
    except kfp_server_api.ApiException as error:
        raise RunFailed(_refusal(host, error)) from error
    except urllib3.exceptions.HTTPError as error:
        why = reason(getattr(error, "reason", None) or error)
        way = "check --host or KFP_ENDPOINT, and that the port is forwarded"
        if "CERTIFICATE_VERIFY_FAILED" in why:
            way = f"name the file with the certificate of its authority in {_AUTHORITIES}"
        raise RunFailed(f"no Kubeflow Pipelines answers at {host} ({why}): {way}") from error
    except ValueError as error:
        raise RunFailed(
            f"what answers at {host} is no Kubeflow Pipelines, but perhaps a page to log in: give "
            f"{_TOKEN} or {_COOKIES}, or another --host. It said: {reason(error)!r}"
        ) from error
    finally:
        retries.setLevel(level)


def _refusal(host: str, error: kfp_server_api.ApiException) -> str:
    """Returns what the server said, or where it said nothing what the status means."""
    body = error.body or ""
    text = body.decode("utf-8", "replace") if isinstance(body, bytes) else body
    with contextlib.suppress(ValueError, AttributeError):
        answer = json.loads(text)
        text = answer.get("message") or answer.get("error") or ""
    said = " ".join(str(text).split())[:300].rstrip(". ") or error.reason or "no reason given"
    if error.status in _REFUSED:
        given = [name for name in (_TOKEN, _COOKIES) if os.environ.get(name)]
        way = (
            f"what {' and '.join(given)} gave is not enough, or no longer valid"
            if given
            else f"set {_TOKEN} to a token, or {_COOKIES} to the cookies of a session"
        )
        return f"{host} refuses with {error.status} ({said}): {way}"
    return f"{host} answers {error.status}: {said}"

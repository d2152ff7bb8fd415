"""TF Serving's REST paths, in columns. It needs no TensorFlow.

Source: TF Serving's RESTful API. Numbers pass unchanged: it reads and writes NaN, and enough digits
of a float32.
"""

import contextlib
import json
import urllib.parse
from collections.abc import Iterator, Mapping

import numpy as np
import urllib3

from pipeline.door import Answers, Columns
from pipeline.remote.refusal import Reason, Refusal
from schemas.doors import PREDICT_COLUMNS

_REASONS = {
    429: Reason.BUSY,
    503: Reason.BUSY,
    408: Reason.LATE,
    504: Reason.LATE,
    404: Reason.ABSENT,
    413: Reason.LARGE,
}


# Ten times what 8,192 rows of twenty outputs take; a server that says more is none of ours.
_MOST_BYTES = 64 * 2**20


class HttpWire:
    """One version of one model over HTTP.

    Args:
        address: scheme, host and port.
        model: the server's name for it.
        version: its number.
        outputs: the names of its answers, which the server leaves out where there is only one.
        in_flight: most requests at once.
    """

    def __init__(
        self, address: str, model: str, version: int, outputs: tuple[str, ...], in_flight: int
    ):
        self._place = f"{address}/v1/models/{urllib.parse.quote(model, safe='')}"
        self._version = version
        self._outputs = outputs
        self._pool = urllib3.PoolManager(maxsize=in_flight, retries=False)

    def versions(self, seconds: float) -> Mapping[str, str]:
        """Returns the state of each version that the server has.

        Raises:
            Refusal: if it has no such model or does not answer within `seconds`.
        """
        told = self._request("GET", "", None, seconds)
        with _understood(told):
            found = json.loads(told)["model_version_status"]
            return {str(status["version"]): str(status["state"]) for status in found}

    def ask(self, columns: Columns, seconds: float) -> Answers:
        """Returns every output of the model for the rows of `columns`, float32.

        Raises:
            Refusal: if there is no answer within `seconds`.
        """
        inputs = {name: values.tolist() for name, values in columns.items()}
        asked = json.dumps({"signature_name": PREDICT_COLUMNS, "inputs": inputs})
        told = self._request("POST", f"/versions/{self._version}:predict", asked, seconds)
        with _understood(told):
            answers = json.loads(told)["outputs"]
            if not isinstance(answers, dict):
                (only,) = self._outputs
                answers = {only: answers}
            return {name: np.array(values, np.float32) for name, values in answers.items()}

    def close(self) -> None:
        """Hangs up what is not under way."""
        self._pool.clear()

    def _request(self, method: str, path: str, body: str | None, seconds: float) -> bytes:
        try:
            # Redirects are not followed: rows go to the server that was named, and no other.
            response = self._pool.request(
                method,
                self._place + path,
                body=body,
                timeout=urllib3.Timeout(total=seconds),
                preload_content=False,
                redirect=False,
            )
            told = _bounded(response)
        except urllib3.exceptions.HTTPError as error:
            raise Refusal(_why(error), str(error)) from error
        if response.status != 200:
            reason = _REASONS.get(response.status, Reason.OTHER)
            raise Refusal(reason, f"HTTP {response.status}: {_said(told)}")
        return told


def _bounded(response: urllib3.BaseHTTPResponse) -> bytes:
    """Returns the body of a response, which ends the connection if it is too long."""
    told = response.read(_MOST_BYTES + 1)
    if len(told) > _MOST_BYTES:
        response.close()
        raise Refusal(Reason.OTHER, f"its answer is longer than {_MOST_BYTES // 2**20} MiB")
    response.release_conn()
    return told


@contextlib.contextmanager
def _understood(told: bytes) -> Iterator[None]:
    try:
        yield
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        text = told[:100].decode(errors="replace")
        raise Refusal(Reason.OTHER, f"{text!r} is no answer of TF Serving") from error


def _why(error: urllib3.exceptions.HTTPError) -> Reason:
    if isinstance(error, urllib3.exceptions.NewConnectionError):  # to urllib3, a kind of timeout
        return Reason.BUSY
    if isinstance(error, urllib3.exceptions.TimeoutError):
        return Reason.LATE
    if isinstance(error, urllib3.exceptions.SSLError):
        return Reason.OTHER
    return Reason.BUSY  # the connection broke, or what came over it was no HTTP


def _said(body: bytes) -> str:
    """Returns the error of an answer; what stands between us and TF Serving may say it plainly."""
    text = body.decode(errors="replace")
    try:
        return str(json.loads(text)["error"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return text

"""Runs a step again where its error is of the moment: a connection lost, a server away.

Every step may be run again. TFX removes what a failed one wrote, training goes on from its last
checkpoint, and a push looks for its model among what is served already.
"""

import errno
import re
from collections.abc import Callable, Iterator

import tenacity

# In all; between them some seconds, which double.
ATTEMPTS = 3
_WAIT = tenacity.wait_exponential_jitter(initial=1, max=30)
_ERRNOS = frozenset(
    {
        *(errno.EAGAIN, errno.ESTALE, errno.ETIMEDOUT, errno.EHOSTUNREACH, errno.ENETUNREACH),
        *(errno.ECONNREFUSED, errno.ECONNRESET, errno.ECONNABORTED, errno.ENOTCONN, errno.EPIPE),
    }
)
# By name: of TensorFlow's, ML Metadata's and Google's clients. What fails in a worker of Beam
# arrives as text only, and none of them need be importable here.
_NAMES = frozenset(
    {
        *("UnavailableError", "AbortedError", "DeadlineExceededError"),
        *("ServiceUnavailable", "TooManyRequests", "GatewayTimeout", "InternalServerError"),
        *("ConnectionError", "ConnectionResetError", "ConnectionRefusedError"),
        *("ConnectionAbortedError", "BrokenPipeError", "TimeoutError"),
    }
)
# What the libraries of databases say where they have no kind of error for it.
_WORDS = (
    *("database is locked", "server has gone away", "Lost connection to MySQL server"),
    *("Can't connect to MySQL server", "Lost connection to server", "failed to connect"),
    "mysql_real_connect failed",
)
_RAISED = re.compile(r"^(?:[A-Za-z_]\w*\.)*([A-Za-z_]\w*)(?::|$)", re.MULTILINE)


def is_transient(error: BaseException) -> bool:
    """Returns whether the same may go well in a moment."""
    return any(_is_transient(cause) for cause in _causes(error))


def patiently(
    do: Callable[[], None],
    wait: tenacity.wait.wait_base = _WAIT,
    told: Callable[[BaseException, int], None] = lambda error, attempt: None,
) -> None:
    """Does something, up to ATTEMPTS times where its errors are transient.

    Args:
        do: what may fail.
        wait: how long between two attempts.
        told: hears of each error that is followed by another attempt, and that attempt's number.

    Raises:
        BaseException: the last error of `do`.
    """
    tenacity.Retrying(
        retry=tenacity.retry_if_exception(is_transient),
        stop=tenacity.stop_after_attempt(ATTEMPTS),
        wait=wait,
        reraise=True,
        before_sleep=lambda state: told(_error(state), state.attempt_number + 1),
    )(do)


def _error(state: tenacity.RetryCallState) -> BaseException:
    error = state.outcome.exception() if state.outcome is not None else None
    assert error is not None
    return error


def _causes(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    following: BaseException | None = error
    while following is not None and id(following) not in seen:
        seen.add(id(following))
        yield following
        following = following.__cause__ or following.__context__


def _is_transient(error: BaseException) -> bool:
    if isinstance(error, OSError) and error.errno in _ERRNOS:
        return True
    if _NAMES & {kind.__name__ for kind in type(error).__mro__}:
        return True
    text = str(error)
    if any(words in text for words in _WORDS):
        return True
    return "Traceback" in text and not _NAMES.isdisjoint(_RAISED.findall(text))

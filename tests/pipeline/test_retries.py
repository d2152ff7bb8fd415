import errno
import time

import pytest
import tenacity

from pipeline.retries import ATTEMPTS, is_transient, patiently

AT_ONCE = tenacity.wait_none()


class UnavailableError(Exception):
    """Of the name of ML Metadata's."""


@pytest.mark.parametrize(
    "error",
    [
        ConnectionResetError("by peer"),
        TimeoutError(),
        OSError(errno.ESTALE, "Stale file handle"),
        BrokenPipeError(),
        UnavailableError("the server is away"),
        RuntimeError("mysql_query failed: errno: 2006, MySQL server has gone away"),
        RuntimeError("Traceback (most recent call last):\n  File 'a', line 1\nTimeoutError: no"),
        RuntimeError("Traceback (most recent call last):\n  x\nurllib3.a.ConnectionError: no [w]"),
    ],
)
def test_what_may_go_well_in_a_moment_is_transient(error):
    assert is_transient(error)


@pytest.mark.parametrize(
    "error",
    [
        ValueError("1 of 5 rows are malformed"),
        FileNotFoundError(errno.ENOENT, "No such file"),
        OSError(errno.ENOSPC, "No space left on device"),
        PermissionError(errno.EACCES, "Permission denied"),
        RuntimeError("Traceback (most recent call last):\n  x\nValueError: a TimeoutError? no"),
        KeyboardInterrupt(),
    ],
)
def test_what_will_be_no_better_in_a_moment_is_not(error):
    assert not is_transient(error)


def test_the_cause_of_an_error_counts():
    try:
        try:
            raise ConnectionRefusedError("refused")
        except ConnectionRefusedError as error:
            raise RuntimeError("cannot list the files") from error
    except RuntimeError as error:
        assert is_transient(error)


def failing(errors):
    left, tried = list(errors), []

    def do():
        tried.append(len(tried) + 1)
        if left:
            raise left.pop(0)

    return do, tried


def test_a_transient_error_is_followed_by_another_attempt():
    do, tried = failing([TimeoutError("once")])
    heard = []
    patiently(do, AT_ONCE, lambda error, attempt: heard.append((str(error), attempt)))
    assert (tried, heard) == ([1, 2], [("once", 2)])


def test_any_other_error_ends_it():
    do, tried = failing([ValueError("wrong")])
    with pytest.raises(ValueError, match=r"^wrong$"):
        patiently(do, AT_ONCE)
    assert tried == [1]


def test_the_last_attempt_tells_its_own_error():
    do, tried = failing([TimeoutError(str(n)) for n in range(9)])
    with pytest.raises(TimeoutError, match=r"^2$"):
        patiently(do, AT_ONCE)
    assert len(tried) == ATTEMPTS == 3


def test_there_is_a_second_at_least_before_the_next_attempt():
    do, _ = failing([TimeoutError()])
    started = time.monotonic()
    patiently(do)
    assert 1 <= time.monotonic() - started < 3

import contextlib
import os
import signal

import pytest

from pipeline.interrupts import Terminated, signal_of, terminable


@pytest.fixture(autouse=True)
def heard():
    """Ctrl-C is heard, even where the tests run in the background of a shell."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_a_block_and_is_told(number):
    with pytest.raises(KeyboardInterrupt) as stop, terminable():
        os.kill(os.getpid(), number)
        signal.pause()
    assert signal_of(stop.value) == number


def test_what_a_library_swallowed_is_raised_again():
    with pytest.raises(Terminated), terminable() as stopped:
        stopped()
        with contextlib.suppress(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGTERM)
            signal.pause()
        stopped()


def test_a_run_in_the_background_of_a_shell_ignores_ctrl_c():
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with terminable() as stopped:
            os.kill(os.getpid(), signal.SIGINT)
            stopped()
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)


def test_without_a_signal_nothing_is_raised():
    with terminable() as stopped:
        stopped()


def test_after_the_block_the_signals_are_what_they_were():
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = [signal.getsignal(number) for number in numbers]
    with terminable():
        assert all(signal.getsignal(n) is not b for n, b in zip(numbers, before, strict=True))
    assert [signal.getsignal(number) for number in numbers] == before

import os
import signal

import pytest

from pipeline.interrupts import Terminated, signal_of, terminable


def test_sigterm_ends_a_block_as_ctrl_c_does():
    with pytest.raises(KeyboardInterrupt) as stop, terminable():
        os.kill(os.getpid(), signal.SIGTERM)
        signal.pause()
    assert signal_of(stop.value) == signal.SIGTERM


def test_ctrl_c_is_told_from_it():
    assert signal_of(KeyboardInterrupt()) == signal.SIGINT
    assert signal_of(Terminated()) == signal.SIGTERM


def test_after_the_block_sigterm_is_what_it_was():
    before = signal.getsignal(signal.SIGTERM)
    with terminable():
        assert signal.getsignal(signal.SIGTERM) is not before
    assert signal.getsignal(signal.SIGTERM) is before

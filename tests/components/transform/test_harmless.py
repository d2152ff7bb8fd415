import contextlib
import json
import os
import pickle
import struct

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tfx_bsl import sketches

from components.transform.harmless import Forbidden, check_harmless, harmless


class Planted:
    def __reduce__(self):
        return os.mkdir, ("planted",)


def sketch() -> bytes:
    made = sketches.QuantilesSketch(0.01, 1000, 1)
    made.AddValues(pa.array(np.arange(10.0)))
    return pickle.dumps(made)


def of_token(token: bytes, count: int = 3) -> bytes:
    """A value as tf.Transform keeps those of vocabularies: two lengths, a token, its count."""
    told = json.dumps(count).encode()
    return struct.pack("qq", len(token), len(told)) + token + told


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_pickle_that_calls_something_is_refused_and_nothing_called(
    protocol, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(Forbidden, match=r"^(posix|os)\.mkdir$"):
        check_harmless(pickle.dumps(Planted(), protocol))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "value",
    [
        b"cos\nsystem\n(S'true'\ntR.",
        b"(S'true'\nios\nsystem\n.",
        b"cbuiltins\neval\n.",
        b"\x80\x04\x8c\x08builtins\x8c\x04exec\x93.",
        b"ctfx_bsl.cc.tfx_bsl_extension.sketches\nMisraGriesSketch\n.",
        # The lengths of a vocabulary's value, and a pickle in what follows.
        b"X" + struct.pack("<q", 7)[:7] + b"    " + b"cos\nsystem\n.",
    ],
)
def test_a_pickle_written_by_hand_is_refused(value):
    with pytest.raises(Forbidden):
        check_harmless(value)


@pytest.mark.parametrize(
    "value",
    [
        *(b"", b"[1, 2.5]", b"12", b'{"a": 1}', b"\x80", b"\x80\x04", b"(", b"\xff" * 9),
        of_token(b"berlin"),
        of_token(b"c" * 40),
        of_token(b"os\nsystem\n" + b"x" * 89),  # 99 bytes long, and 99 is a pickle's `c`
        of_token(b"os\nsystem\n" + b"x" * 95),  # 105, and that is its `i`
    ],
)
def test_what_is_no_pickle_passes(value):
    check_harmless(value)


def test_a_sketch_passes():
    check_harmless(sketch())


@given(st.binary(max_size=60))
def test_bytes_at_random_do_nothing(value):
    with contextlib.suppress(Forbidden):
        check_harmless(value)


def test_a_file_with_a_pickle_is_named_when_its_value_is_reached():
    values = harmless(iter([(b"e", sketch()), (b"e", pickle.dumps(Planted()))]), "folder/day-1")
    assert next(values)[0] == b"e"
    with pytest.raises(
        ValueError, match=r"^folder/day-1 is no analysis .* would call posix\.mkdir"
    ):
        next(values)

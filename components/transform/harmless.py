"""Which values of an analysis tf.Transform may be handed: it unpickles some, and a pickle is code.

It keeps the quantiles of numbers as pickled sketches, and nothing but a sketch may come of them.
"""

import io
import pickle
import pickletools
from collections.abc import Iterator
from typing import Any

# All that a pickled sketch of quantiles names.
_SKETCHES = {("tfx_bsl.cc.tfx_bsl_extension.sketches", "QuantilesSketch")}
# A value that begins with none of these is read no further by any unpickler.
_OPCODES = frozenset(ord(opcode.code) for opcode in pickletools.opcodes)


class Forbidden(Exception):
    """A pickle that names something else than a sketch; the text is what it names."""


def check_harmless(value: bytes) -> None:
    """Checks that unpickling a value, if it is a pickle at all, makes sketches and does no more.

    Raises:
        Forbidden: if it would import or call anything else.
    """
    if not value or value[0] not in _OPCODES:
        return
    try:
        _Checking(io.BytesIO(value)).load()
    except Forbidden:
        raise
    except Exception:
        return  # no pickle: whatever is wrong with it, other unpicklers stop at the same place


class _Checking(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if "\0" in module:  # of a value that is no pickle: there are no such modules
            raise pickle.UnpicklingError(module)
        if (module, name) not in _SKETCHES:
            raise Forbidden(f"{module}.{name}")
        return super().find_class(module, name)


def harmless(values: Iterator[tuple[bytes, bytes]], path: str) -> Iterator[tuple[bytes, bytes]]:
    """Yields entries and values, each once it is known to be harmless.

    Args:
        values: entries and values, in turn.
        path: of the file that they are from.

    Raises:
        ValueError: if one of them is not.
    """
    for entry, value in values:
        try:
            check_harmless(value)
        except Forbidden as error:
            raise ValueError(
                f"{path} is no analysis that funnelrank wrote: reading it would call {error}. "
                "Delete the file of that name in the work directory's `analyses`, look for who "
                "changed it, and run again: the span is analysed anew"
            ) from error
        yield entry, value

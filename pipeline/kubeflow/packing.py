"""Long parameters made short: Linux hands a process no argument above 128 KiB.

Kubeflow passes all parameters of a step in one argument. What the config lists (a thousand
features) says much the same on every line, and packs to a tenth.
"""

import base64
import zlib

# What is shorter stays readable in Kubeflow's pages.
LONG = 16_384
_MARK = "packed:"


def pack(text: str) -> str:
    """Returns a text in ASCII from which `unpack` makes `text`; a short one as it is."""
    if len(text) < LONG and not text.startswith(_MARK):
        return text
    packed = zlib.compress(text.encode(), level=9)
    return _MARK + base64.b85encode(packed).decode("ascii")


def unpack(text: str) -> str:
    """Returns what was packed."""
    if not text.startswith(_MARK):
        return text
    return zlib.decompress(base64.b85decode(text.removeprefix(_MARK))).decode()

"""Numbers and places as people read them."""

from pathlib import Path


def count(number: float) -> str:
    """Returns a count with thousands parted, as in 12,345."""
    return f"{number:,.0f}"


def seconds(number: float) -> str:
    """Returns a duration: `4.2 s` below a minute, `3 min 12 s` from there on."""
    if round(number, 1) < 60:
        return f"{number:.1f} s"
    minutes, rest = divmod(round(number), 60)
    return f"{minutes} min {rest:02d} s"


def size(bytes_: float) -> str:
    """Returns a size in GiB or MiB."""
    gib = bytes_ / 2**30
    return f"{gib:.1f} GiB" if gib >= 1 else f"{bytes_ / 2**20:.0f} MiB"


def place(path: Path) -> str:
    """Returns a path as short as can be typed here: relative if it lies below this folder."""
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)

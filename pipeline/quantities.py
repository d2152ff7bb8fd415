"""Numbers as people read them."""


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

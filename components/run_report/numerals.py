"""Numbers as people read them."""

import datetime
import math

_MEGA = 1_000_000
# A metric with other digits than four after the point.
_DIGITS = {"calibration": 3}
_NAMES = {
    "auc": "AUC",
    "pr_auc": "PR-AUC",
    "log_loss": "log loss",
    "ne": "normalised entropy",
    "ece": "ECE",
    "gauc": "GAUC",
    "session_auc": "session AUC",
    "mean_label": "mean label",
    "mean_prediction": "mean prediction",
    "rmse": "RMSE",
    "mae": "mean error",
}
NOTHING = "–"


def metric_name(metric: str) -> str:
    """Returns a metric's name as people write it: `NDCG@10` for `ndcg@10`."""
    name, at, k = metric.partition("@")
    return f"{name.upper()}@{k}" if at else _NAMES.get(metric, metric.replace("_", " "))


def rises(metric: str) -> bool:
    """Returns whether more of a metric is better."""
    return metric.partition("@")[0] in ("auc", "pr_auc", "gauc", "session_auc", "ndcg")


def decimal(value: float | None, digits: int = 4) -> str:
    """Returns a number with so many digits after the point; a dash for none or NaN."""
    if value is None or math.isnan(value):
        return NOTHING
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    text = f"{abs(value):,.{digits}f}"
    return f"−{text}" if value < 0 and float(text.replace(",", "")) else text


def figure(value: float | None, metric: str) -> str:
    """Returns a metric's value with the digits that it is read with."""
    return decimal(value, _DIGITS.get(metric, 4))


def signed(value: float | None, digits: int = 4) -> str:
    """Returns a difference with its sign."""
    text = decimal(value, digits)
    return f"+{text}" if value is not None and value > 0 and text != NOTHING else text


def share(value: float | None) -> str:
    """Returns a share in percent, of small ones more digits: `8.1 %`, `0.66 %`, `0.012 %`."""
    if value is None or math.isnan(value):
        return NOTHING
    percent = 100 * value
    if percent in (0, 100):
        return f"{percent:.0f} %"
    if abs(percent) >= 1:
        # Not quite all is not all.
        return f"{percent:.{2 if 99 <= abs(percent) < 100 else 1}f} %"
    return f"{percent:.2g} %"


def count(value: float | None) -> str:
    """Returns a number of things, its thousands parted."""
    return NOTHING if value is None else f"{value:,.0f}"


def seconds(value: float | None) -> str:
    """Returns a duration: `0.4 s`, `24.9 s`, `1 min 49 s`."""
    if value is None:
        return NOTHING
    if round(value, 1) < 60:
        return f"{value:.1f} s"
    minutes, rest = divmod(round(value), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"


def memory(value: int | None) -> str:
    """Returns bytes: `812 MB`, `2.1 GB`."""
    if value is None:
        return NOTHING
    mega = value / _MEGA
    return f"{mega / 1000:.1f} GB" if mega >= 999.5 else f"{mega:.0f} MB"


def moment(run: str) -> str:
    """Returns a run's id as a moment, `22 Nov 2026, 15:06 UTC`; as it is if it is none."""
    try:
        found = datetime.datetime.strptime(run, "%Y%m%dT%H%M%SZ")
    except ValueError:
        return run
    return f"{found.day} {found:%b %Y, %H:%M} UTC"

"""Gates: the bars a model must reach before it is pushed, read from YAML such as `>= 0.6`."""

import dataclasses
import math
import re
from collections.abc import Mapping

# What is measured of a probability, and of the mean of a value.
METRICS = ("auc", "pr_auc", "log_loss", "calibration", "mean_label", "mean_prediction")
VALUE_METRICS = ("rmse", "mae", "calibration", "mean_label", "mean_prediction")

_UNSIGNED = r"\d*\.?\d+(?:[eE][-+]?\d+)?"
_NUMBER = rf"[-+]?{_UNSIGNED}"
_ABSOLUTE = re.compile(rf"(>=|<=)\s*({_NUMBER})")
_RELATIVE = re.compile(rf"(>=|<=)\s*baseline(?:\s*([-+])\s*({_UNSIGNED}))?")
_BAND = re.compile(rf"({_NUMBER})\s*\.\.\s*({_NUMBER})")


@dataclasses.dataclass(frozen=True)
class Gate:
    """A bar for one metric of one output; both ends are included.

    Attributes:
        output: head or joint the metric is of.
        metric: one of METRICS, or of VALUE_METRICS.
        bar: the bar as written.
        lower: least allowed value, minus infinity if there is none.
        upper: greatest allowed value, infinity if there is none.
        relative: whether the bounds are differences from the baseline model's value.
    """

    output: str
    metric: str
    bar: str
    lower: float = -math.inf
    upper: float = math.inf
    relative: bool = False

    @property
    def name(self) -> str:
        """The name as in the YAML: `<output>.<metric>`."""
        return f"{self.output}.{self.metric}"


def parse_gate(name: str, bar: str, outputs: Mapping[str, str]) -> Gate:
    """Reads one gate.

    Args:
        name: `<output>.<metric>`.
        bar: `>= 0.6`, `<= 0.3`, `>= baseline - 0.002`, `<= baseline` or `0.9 .. 1.1`.
        outputs: what the model answers, and its kind: `rate` is a probability.

    Raises:
        ValueError: if the output, the metric or the bar is not one of those.
    """
    output, _, metric = name.rpartition(".")
    if output not in outputs:
        raise ValueError(
            f"gate {name!r} is on an unknown output: this model answers {', '.join(outputs)}"
        )
    metrics = METRICS if outputs[output] == "rate" else VALUE_METRICS
    if metric not in metrics:
        raise ValueError(
            f"gate {name!r} is on an unknown metric {metric!r}: known are {', '.join(metrics)}"
        )
    text = str(bar).strip()
    if match := _ABSOLUTE.fullmatch(text):
        return Gate(output, metric, text, *_bounds(match[1], float(match[2])))
    if match := _RELATIVE.fullmatch(text):
        difference = float(f"{match[2] or '+'}{match[3] or 0}")
        return Gate(output, metric, text, *_bounds(match[1], difference), relative=True)
    if match := _BAND.fullmatch(text):
        lower, upper = float(match[1]), float(match[2])
        if lower <= upper:
            return Gate(output, metric, text, lower, upper)
    raise ValueError(
        f"gate {name!r} has a bar that cannot be read: {text!r}. Write '>= 0.6', '<= 0.3', "
        "'>= baseline - 0.002' or '0.9 .. 1.1'"
    )


def _bounds(sign: str, bound: float) -> tuple[float, float]:
    return (bound, math.inf) if sign == ">=" else (-math.inf, bound)

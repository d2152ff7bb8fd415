"""What an evaluation will find, so that a gate on anything else is refused when it is read."""

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Literal

from schemas.evaluation import EvaluationConfig

# What is measured of a probability, and of the mean of a value, row by row.
METRICS = (
    "auc",
    "pr_auc",
    "log_loss",
    "ne",
    "calibration",
    "ece",
    "mean_label",
    "mean_prediction",
)
VALUE_METRICS = ("rmse", "mae", "calibration", "mean_label", "mean_prediction")

# Which way a metric is better: more, less or nearer to one. NDCG stands without its k.
WANTED: Mapping[str, Literal["up", "down", "one"]] = {
    "auc": "up",
    "pr_auc": "up",
    "gauc": "up",
    "session_auc": "up",
    "ndcg": "up",
    "log_loss": "down",
    "ne": "down",
    "ece": "down",
    "rmse": "down",
    "mae": "down",
    "calibration": "one",
}


@dataclasses.dataclass(frozen=True)
class Measurable:
    """What an evaluation will find.

    Attributes:
        outputs: what the model answers, and its kind: `rate` is a probability.
        evaluation: by which columns rows belong together; its `request` is the config's `group`
            where it has none of its own.
        slices: the features of each slice.
    """

    outputs: Mapping[str, str]
    evaluation: EvaluationConfig
    slices: tuple[tuple[str, ...], ...]

    def metrics(self, output: str) -> tuple[str, ...]:
        """Returns the metrics of an output."""
        if self.outputs[output] != "rate":
            return VALUE_METRICS
        by_user = ("gauc",) if self.evaluation.user else ()
        by_request = ("session_auc", *(f"ndcg@{k}" for k in self.evaluation.at))
        return (*METRICS, *by_user, *(by_request if self.evaluation.request else ()))

    @property
    def models(self) -> tuple[str, ...]:
        """The models beside which the candidate stands."""
        return ("baseline", *(("popularity",) if self.evaluation.item else ()), "constant")

    def check(self, gate: str, output: str, metric: str) -> None:
        """Checks that this metric of this output is measured.

        Raises:
            ValueError: naming what is, and what the config lacks.
        """
        if output not in self.outputs:
            known = ", ".join(self.outputs)
            raise ValueError(f"gate {gate!r} is on an unknown output: this model answers {known}")
        metrics = self.metrics(output)
        if metric in metrics:
            return
        hint = ""
        if self.outputs[output] == "rate":
            kind, at, k = metric.partition("@")
            if metric == "gauc":
                hint = ". GAUC is by user: name the column, as in evaluation: {user: user_id}"
            elif kind == "ndcg" and at and k.isdecimal() and self.evaluation.request:
                hint = f". Measure it with evaluation: {{at: [{k}]}}"
            elif kind in ("session_auc", "ndcg") and not self.evaluation.request:
                hint = (
                    ". It is by request: name the column, as in evaluation: {request: request_id}"
                )
        raise ValueError(
            f"gate {gate!r} is on an unknown metric {metric!r}: known are {', '.join(metrics)}"
            f"{hint}"
        )

    def check_model(self, gate: str, model: str) -> None:
        """Checks that the candidate stands beside this model.

        Raises:
            ValueError: naming those that it stands beside.
        """
        if model in self.models:
            return
        hint = ""
        if model == "popularity":
            hint = ". Popularity is of an item: name the column, as in evaluation: {item: item_id}"
        raise ValueError(
            f"gate {gate!r} is relative to an unknown model {model!r}: known are "
            f"{', '.join(self.models)}{hint}"
        )

    def slice_of(self, gate: str, features: Iterable[str]) -> tuple[str, ...]:
        """Returns the slice by these features, in the order of the config.

        Raises:
            ValueError: naming the slices that there are.
        """
        wanted = list(features)
        for found in self.slices:
            if sorted(found) == sorted(wanted):
                return found
        known = ", ".join(" x ".join(found) for found in self.slices) or "none"
        raise ValueError(
            f"gate {gate!r} is on a slice by {' x '.join(wanted)}, which is not measured. Slices "
            f"are: {known}. Add [{', '.join(wanted)}] to `slices`"
        )

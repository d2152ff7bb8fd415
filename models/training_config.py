"""How long, how fast and on what a model is trained. Importing this imports no TensorFlow."""

from collections.abc import Collection, Mapping
from typing import Annotated, Literal

import pydantic

from models.config import ModelConfig
from models.options import Count, Positive
from models.options.kinds import KIND, NAMED
from schemas.layout import Layout
from schemas.measurable import METRICS, VALUE_METRICS
from schemas.share import Part
from schemas.strict import Strict

# Figures that say which of two models is better, and whether more is.
BETTER = {"auc": True, "pr_auc": True, "log_loss": False, "rmse": False, "mae": False}


class _Schedule(Strict):
    """How rates change.

    Attributes:
        warmup: share of the steps in which the rates rise linearly from zero.
    """

    warmup: Annotated[float, pydantic.Field(ge=0, lt=1)] = 0.0


class Constant(_Schedule):
    """Rates stay."""

    kind: Literal["constant"] = "constant"


class Linear(_Schedule):
    """Rates fall linearly to zero, so that a model does not end on its last batches' noise."""

    kind: Literal["linear"] = "linear"


class Cosine(_Schedule):
    """Rates fall to zero along half a cosine: slowly at first and at last.

    Loshchilov and Hutter, "SGDR", ICLR 2017 (https://arxiv.org/abs/1608.03983), without restarts.
    """

    kind: Literal["cosine"] = "cosine"


Schedule = Annotated[Constant | Linear | Cosine, KIND, NAMED]


class Pretraining(Strict):
    """So many epochs in which only these heads learn, before those in which all do."""

    heads: Annotated[tuple[str, ...], pydantic.Field(min_length=1)]
    epochs: Count = 1

    def check(self, heads: Collection[str]) -> None:
        """Checks that these heads are among those of a model.

        Raises:
            ValueError: naming the first that is not.
        """
        for name in self.heads:
            if name not in heads:
                raise ValueError(f"{name!r} is no head. Heads are: {', '.join(heads)}")


class EarlyStopping(Strict):
    """Stops a training that no longer gets better on the validation split; the best weights stay.

    Attributes:
        metric: `<output>.<figure>`, as `ctcvr.auc`.
        every: steps between two looks; an epoch if absent.
        patience: looks without a better figure after which training stops.
    """

    metric: str
    every: Count | None = None
    patience: Count = 2


class TrainingConfig(Strict):
    """How long, how fast and on what a model is trained.

    Attributes:
        batch_size: examples a step, of all devices together.
        epochs: passes over the training split.
        embedding_learning_rate: of Adagrad, on the embedding tables.
        embedding_accumulator: where Adagrad's sum of squares starts; the greater, the less a rare
            id moves. Raise it where ids overfit.
        learning_rate: of Adam, on everything else.
        schedule: how both rates change over the steps of a run.
        clip_norm: the most that the gradients of all that Adam trains may measure together.
        batches: `joint` batches teach all heads; with `alternating`, each batch teaches one label,
            in turn, from rows where it is known.
        pretrain: epochs for some heads alone before the others join.
        early_stopping: when a training is good enough; it goes on to the end if absent.
        warm_start: goes on from the model that is served, if there is one.
        held_back: share of the training rows that calibration is fitted to, and nothing else.
        compare_single_tasks: also trains each head alone, to report what sharing gives or takes.
        seed: of the initial weights and of the order of the examples.
        checkpoint_every: steps between two checkpoints.
        accelerator: auto takes a GPU if there is one.
        strategy: over which devices and machines a step is spread.
        precision: of the arithmetic between the tables and the logits; weights stay float32.
        steps_per_execution: steps between two looks at how training goes; more cost less.
    """

    batch_size: Count = 4096
    epochs: Count = 1
    embedding_learning_rate: Positive = 0.05
    embedding_accumulator: Positive = 1e-8
    learning_rate: Positive = 0.001
    schedule: Schedule = Linear()
    clip_norm: Positive | None = None
    batches: Literal["joint", "alternating"] = "joint"
    pretrain: Pretraining | None = None
    early_stopping: EarlyStopping | None = None
    warm_start: bool = False
    held_back: Part = 0.05
    compare_single_tasks: bool = False
    seed: Annotated[int, pydantic.Field(ge=0, lt=2**32)] = 0
    checkpoint_every: Count = 1000
    accelerator: Literal["auto", "cpu", "gpu", "tpu"] = "auto"
    strategy: Literal["one_device", "mirrored", "multi_worker", "parameter_server", "tpu"] = (
        "one_device"
    )
    precision: Literal["float32", "bfloat16"] = "float32"
    steps_per_execution: Count = 1

    @pydantic.model_validator(mode="after")
    def _devices_agree(self) -> "TrainingConfig":
        if (self.strategy == "tpu") != (self.accelerator == "tpu"):
            raise ValueError(
                "strategy: tpu and accelerator: tpu go together. Received: strategy: "
                f"{self.strategy}, accelerator: {self.accelerator}"
            )
        if self.warm_start and self.compare_single_tasks:
            raise ValueError(
                "compare_single_tasks compares models that have seen the same rows, and with "
                "warm_start the single tasks would have seen fewer. Leave one out"
            )
        if self.strategy == "parameter_server" and self.steps_per_execution == 1:
            raise ValueError(
                "with strategy: parameter_server, workers wait for one another every "
                "steps_per_execution steps: set it to 100 or so. Received: 1"
            )
        return self


def check_strategy(training: TrainingConfig, model: ModelConfig, layout: Layout) -> None:
    """Checks that a training is right under its strategy.

    Args:
        training: how the model is trained.
        model: what is trained.
        layout: of its features.

    Raises:
        ValueError: if workers would overwrite one another's state, it would not be taken over, or
            a TPU cannot do it.
    """
    if training.strategy == "parameter_server":
        _check_servers(training, model.balance.kind)
    if training.strategy == "tpu":
        _check_tpu(training, model, layout)


def _check_servers(training: TrainingConfig, balance: str) -> None:
    if balance in ("dwa", "gradnorm"):
        raise ValueError(
            f"balance: {balance} keeps a count of every step, which the workers of strategy: "
            "parameter_server would overwrite for one another. Use balance: fixed, uncertainty or "
            "pcgrad, or strategy: multi_worker"
        )
    if training.warm_start:
        raise ValueError(
            "warm_start does not know the tables that strategy: parameter_server keeps in parts. "
            "Use strategy: multi_worker, or leave it out"
        )


def _check_tpu(training: TrainingConfig, model: ModelConfig, layout: Layout) -> None:
    balance, interaction, objective = (
        part.kind for part in (model.balance, model.interaction, model.objective)
    )
    refused = {
        f"balance: {balance} goes backward several times a step, and each time moves the tables": (
            balance in ("gradnorm", "pcgrad")
        ),
        f"interaction: {interaction} wants weights of each id for each tower, beside its row": (
            interaction == "deepfm"
        ),
        f"objective: {objective} shuffles rows in a way that no TPU compiles": (
            objective == "pairwise"
        ),
        "share_embeddings: false wants several sets of tables, and a TPU holds one": (
            not model.share_embeddings
        ),
        "compare_single_tasks wants several sets of tables, and a TPU holds one": (
            training.compare_single_tasks
        ),
        "features of side: position have tables of their own, and a TPU holds one set": (
            layout.position is not None
        ),
        "early_stopping looks at a model that trains, and a TPU gives its tables back at the end": (
            training.early_stopping is not None
        ),
        "warm_start does not know the tables that a TPU holds": training.warm_start,
        f"ids are 32 bits wide there, and a table has more than {2**31 - 1} rows": (
            max(map(layout.rows, layout.widths()), default=0) >= 2**31
        ),
    }
    for reason, is_so in refused.items():
        if is_so:
            raise ValueError(f"strategy: tpu: {reason}. Leave that out, or use another strategy")


def parse_metric(name: str, kinds: Mapping[str, str]) -> tuple[str, str]:
    """Returns the output and the figure of a metric by which models are chosen, `ctcvr.auc`.

    Args:
        name: `<output>.<figure>`.
        kinds: the kind of each output: rate, value or watch_time.

    Raises:
        ValueError: if there is no such output, or the figure does not say which model is better.
    """
    output, _, figure = name.rpartition(".")
    if output not in kinds:
        raise ValueError(
            f"metric {name!r} is of an unknown output: this model answers {', '.join(kinds)}"
        )
    figures = METRICS if kinds[output] == "rate" else VALUE_METRICS
    choices = [figure for figure in figures if figure in BETTER]
    if figure not in choices:
        raise ValueError(
            f"metric {name!r}: models are chosen by {', '.join(choices)} of {output}. "
            f"Received: {figure!r}"
        )
    return output, figure

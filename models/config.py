"""The knobs of a model and of its training. Importing this imports no TensorFlow."""

from collections.abc import Mapping
from typing import Annotated, Literal

import pydantic

from schemas.heads import Heads, outputs
from schemas.strict import Strict

Units = tuple[Annotated[int, pydantic.Field(ge=1)], ...]
Interaction = Literal["mlp", "dcn"]
Trunk = Literal["separate", "shared_bottom", "mmoe"]
Objective = Literal["entire_space", "clicked_only", "independent"]
Balance = Literal["fixed", "uncertainty"]


class ModelConfig(Strict):
    """A model: trunk x objective x balance, over an interaction.

    Attributes:
        interaction: how the embedded features meet below the trunk.
        trunk: how the heads share representation.
        objective: in which space each probability is learnt.
        balance: how the loss terms are weighed.
        units: hidden layers of the trunk: of each expert, or of each MLP.
        tower: hidden layers of each head's tower, above the trunk.
        experts: how many experts a mixture has.
        cross_layers: how many cross layers `dcn` has.
        cross_rank: rank of their matrices; None is full rank. A quarter of the width is a good one.
        weights: what `fixed` multiplies a loss term by, 1 where nothing is said.
        dropout: share of the trunk's outputs that a training step drops.
        l2: the loss grows by l2 / 2 times the sum of squares of every kernel. Embedding tables,
            biases and the balance are left alone.
    """

    interaction: Interaction = "mlp"
    trunk: Trunk = "mmoe"
    objective: Objective = "entire_space"
    balance: Balance = "fixed"
    units: Annotated[Units, pydantic.Field(min_length=1)] = (256, 128)
    tower: Units = (64,)
    experts: Annotated[int, pydantic.Field(ge=1)] = 4
    cross_layers: Annotated[int, pydantic.Field(ge=1)] = 2
    cross_rank: Annotated[int, pydantic.Field(ge=1)] | None = None
    weights: Mapping[str, Annotated[float, pydantic.Field(ge=0)]] = {}
    dropout: Annotated[float, pydantic.Field(ge=0, lt=1)] = 0.0
    l2: Annotated[float, pydantic.Field(ge=0)] = 0.0

    @pydantic.model_validator(mode="after")
    def _weights_go_with_fixed(self) -> "ModelConfig":
        if self.weights and self.balance != "fixed":
            raise ValueError(
                f"`weights` belong to balance: fixed; {self.balance} finds its own. "
                f"Received: weights={dict(self.weights)}"
            )
        return self


class TrainingConfig(Strict):
    """How long, how fast and on what a model is trained.

    Attributes:
        batch_size: examples a step.
        epochs: passes over the training split.
        embedding_learning_rate: of Adagrad, on the embedding tables.
        embedding_accumulator: where Adagrad's sum of squares starts; the greater, the less a rare
            id moves. Raise it where ids overfit.
        learning_rate: of Adam, on everything else. Both rates fall linearly to zero.
        seed: of the initial weights and of the order of the examples.
        checkpoint_every: steps between two checkpoints.
        accelerator: auto takes a GPU if there is one.
    """

    batch_size: Annotated[int, pydantic.Field(ge=1)] = 4096
    epochs: Annotated[int, pydantic.Field(ge=1)] = 1
    embedding_learning_rate: Annotated[float, pydantic.Field(gt=0)] = 0.05
    embedding_accumulator: Annotated[float, pydantic.Field(gt=0)] = 1e-8
    learning_rate: Annotated[float, pydantic.Field(gt=0)] = 0.001
    seed: Annotated[int, pydantic.Field(ge=0, lt=2**32)] = 0
    checkpoint_every: Annotated[int, pydantic.Field(ge=1)] = 1000
    accelerator: Literal["auto", "cpu", "gpu"] = "auto"


def check_weights(config: ModelConfig, heads: Heads) -> None:
    """Checks, without TensorFlow, that every weight names a probability of these heads.

    Raises:
        ValueError: naming the stray weight and the names there are.
    """
    names = [output.name for output in outputs(heads)]
    for name in config.weights:
        if name not in names:
            raise ValueError(
                f"`weights` names {name!r}, which is no probability of these heads. "
                f"Those are: {', '.join(names)}"
            )

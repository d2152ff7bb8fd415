"""Embedding, interaction, trunk and towers, with their objective and their balance."""

import math
from collections.abc import Mapping

import tensorflow as tf
import tensorflow_recommenders as tfrs

from models.balances import BALANCES
from models.config import ModelConfig
from models.embedding import PackedEmbedding
from models.interactions import INTERACTIONS
from models.objectives import OBJECTIVES
from models.trunks import TRUNKS
from schemas.heads import Heads, labels
from schemas.layout import DENSE, Layout, ids_name, sequence_name
from schemas.logs import CLICK

Packed = Mapping[str, tf.Tensor]


class RankingModel(tfrs.Model):
    """Packed tensors to a logit per head. All its weights exist once it is constructed.

    Args:
        layout: of the packed tensors.
        heads: the rates to learn.
        config: which interaction, trunk, objective and balance, and how large.
        seed: of the initial weights: sets the global seeds of Python, NumPy and TensorFlow.
            None leaves them as they are.
        unclicked: the share of unclicked impressions that are in the training data.
    """

    def __init__(
        self,
        layout: Layout,
        heads: Heads,
        config: ModelConfig,
        seed: int | None = None,
        unclicked: float = 1.0,
    ):
        super().__init__()
        if seed is not None:
            tf.keras.utils.set_random_seed(seed)
        self.config = config
        self._labels = labels(heads)
        self._shifts = _shifts(heads, unclicked)
        self.objective = OBJECTIVES[config.objective](heads, config)
        self.embedding = PackedEmbedding(layout)
        self.interaction = INTERACTIONS[config.interaction](layout, config)
        self.trunk = TRUNKS[config.trunk](len(self.objective.towers()), config)
        self.dropout = tf.keras.layers.Dropout(config.dropout)
        self.towers = {
            name: tfrs.layers.blocks.MLP([*config.tower, 1]) for name in self.objective.towers()
        }
        self.balance = BALANCES[config.balance](config)
        terms = self.terms((_zeros(layout), tf.zeros([1, len(self._labels)])))
        self.balance(terms)
        self._means = {
            name: tf.keras.metrics.Mean(name=name)
            for name in ("loss", *(f"{name}_loss" for name in terms))
        }

    def call(self, inputs: Packed, training: bool = False) -> dict[str, tf.Tensor]:
        """Returns the logit of each tower, [B]; towers are the heads unless an objective adds.

        In training they are those of the data as it was sampled, otherwise those of the world.
        """
        x = self.interaction(self.embedding(inputs))
        logits = {
            name: tf.squeeze(tower(self.dropout(hidden, training=training)), axis=1)
            for (name, tower), hidden in zip(self.towers.items(), self.trunk(x), strict=True)
        }
        if training:
            return logits
        return {name: logit + self._shifts.get(name, 0.0) for name, logit in logits.items()}

    def probabilities(self, logits: Mapping[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        """Returns every output of the heads, [B]: ctr, cvr and ctcvr."""
        return self.objective.probabilities(logits)

    def terms(
        self, inputs: tuple[Packed, tf.Tensor], training: bool = False
    ) -> dict[str, tf.Tensor]:
        """Returns the objective's loss terms on a batch of (packed tensors, labels [B, H])."""
        features, events = inputs
        logits = self(features, training=training)
        columns = dict(zip(self._labels, tf.unstack(events, len(self._labels), 1), strict=True))
        return self.objective.terms(logits, columns)

    def compute_loss(self, inputs: tuple[Packed, tf.Tensor], training: bool = False) -> tf.Tensor:
        """Returns what the balance makes of the terms, a scalar, without penalties."""
        return self.balance(self.terms(inputs, training=training))

    def train_step(self, inputs: tuple[Packed, tf.Tensor]) -> dict[str, tf.Tensor]:
        """Descends one step; returns the loss and its terms, means over the epoch's steps.

        TFRS's own step asks for the gradient of the loss alone: a balance may want each term's.
        """
        with tf.GradientTape(persistent=True) as tape:
            terms = self.terms(inputs, training=True)
            loss = self.balance(terms) + self._penalty()
        variables = self.trainable_variables
        gradients = self.balance.gradients(tape, terms, loss, variables)
        self.optimizer.apply_gradients(zip(gradients, variables, strict=True))
        return self._record(loss, terms)

    def test_step(self, inputs: tuple[Packed, tf.Tensor]) -> dict[str, tf.Tensor]:
        """Returns the loss and its terms, means over the steps; TFRS answers the last step's."""
        terms = self.terms(inputs)
        return self._record(self.balance(terms) + self._penalty(), terms)

    def _penalty(self) -> tf.Tensor:
        penalty = tf.add_n([tf.constant(0.0), *self.losses])
        if self.config.l2:
            kernels = [v for v in self.trainable_variables if "kernel" in v.name.split("/")[-1]]
            penalty += self.config.l2 * tf.add_n([tf.nn.l2_loss(kernel) for kernel in kernels])
        return penalty

    def _record(self, loss: tf.Tensor, terms: Mapping[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        self._means["loss"].update_state(loss)
        for name, term in terms.items():
            self._means[f"{name}_loss"].update_state(term)
        return {name: mean.result() for name, mean in self._means.items()}


def _shifts(heads: Heads, unclicked: float) -> dict[str, float]:
    """Returns what to add to the logits of heads that learnt from a sample of the unclicked.

    With a share w of the negatives, a rate p is learnt as p / (p + (1 - p) w), whose logit is that
    of p less ln w (He et al., Practical Lessons from Predicting Clicks on Ads at Facebook, ADKDD
    2014, section 6.3). A rate given a click was learnt where nothing was left out, and stays;
    the joint rates are products of both.
    """
    if unclicked == 1.0:
        return {}
    roots = [name for name, head in heads.items() if head.given is None and head.label == CLICK]
    return {name: math.log(unclicked) for name in roots}


def _zeros(layout: Layout) -> dict[str, tf.Tensor]:
    """Returns a batch of one, with which a model makes its weights."""
    lengths = {ids_name(width): len(slots) for width, slots in layout.lookups.items()}
    lengths |= {sequence_name(name): length for name, (_, length) in layout.sequences.items()}
    zeros = {name: tf.zeros([1, length], tf.int64) for name, length in lengths.items()}
    return {**zeros, DENSE: tf.zeros([1, len(layout.dense)])} if layout.dense else zeros

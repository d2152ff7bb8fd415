"""Weights learnt from how uncertain each term is."""

from collections.abc import Mapping

import tensorflow as tf

from models.balances.balance import Balance


class Uncertainty(Balance):
    """The sum of e^{-s} L + s / 2 over the terms L, where s = log sigma^2 is learnt.

    Kendall et al., "Multi-Task Learning Using Uncertainty to Weigh Losses", CVPR 2018
    (https://arxiv.org/abs/1705.07115), in its form for classification. The best s is log(2 L):
    negative for every L below a half, as the log loss of a rare event is, and the loss with it;
    so s is not clamped.
    """

    def build(self, input_shape: Mapping[str, tf.TensorShape]) -> None:
        """Makes one s per term, 0 at first."""
        self.log_variances = {
            name: self.add_weight(name=f"log_variance_{name}", shape=[], initializer="zeros")
            for name in input_shape
        }
        super().build(input_shape)

    def call(self, terms: Mapping[str, tf.Tensor]) -> tf.Tensor:
        """Returns the sum."""
        return tf.add_n(
            [tf.exp(-s) * terms[name] + s / 2 for name, s in self.log_variances.items()]
        )

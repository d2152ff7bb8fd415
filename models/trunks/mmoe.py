"""Experts shared by all heads, mixed by one gate per head."""

import itertools
import math

import tensorflow as tf

from models.config import ModelConfig


class MMoE(tf.keras.layers.Layer):
    """f_k(x) = sum_i g_k(x)_i f_i(x), where g_k(x) = softmax(W_k x).

    Ma et al., "Modeling Task Relationships in Multi-task Learning with Multi-gate
    Mixture-of-Experts", KDD 2018 (https://doi.org/10.1145/3219819.3220007). An expert is a ReLU
    MLP; all of them are one stacked kernel per layer, all gates one matrix without bias.
    """

    def __init__(self, num_heads: int, config: ModelConfig):
        super().__init__()
        self._num_heads = num_heads
        self._num_experts = config.experts
        self._units = config.units
        self.kernels: list[tf.Variable] = []
        self.biases: list[tf.Variable] = []

    def build(self, input_shape: tf.TensorShape) -> None:
        """Makes the kernels [E, D_in, D_out], the biases [E, 1, D_out] and the gates [D, H E]."""
        width = input_shape[-1]
        for i, (rows, columns) in enumerate(itertools.pairwise([width, *self._units])):
            # Glorot by hand: Keras would read E as the reach of a convolution. One draw fills
            # the whole stack, so that no two experts start equal.
            limit = math.sqrt(6 / (rows + columns))
            self.kernels.append(
                self.add_weight(
                    name=f"kernel_{i}",
                    shape=[self._num_experts, rows, columns],
                    initializer=tf.keras.initializers.RandomUniform(-limit, limit),
                )
            )
            self.biases.append(
                self.add_weight(
                    name=f"bias_{i}", shape=[self._num_experts, 1, columns], initializer="zeros"
                )
            )
        self.gate_kernel = self.add_weight(
            name="gate_kernel",
            shape=[width, self._num_heads * self._num_experts],
            initializer="glorot_uniform",
        )
        super().build(input_shape)

    def experts(self, x: tf.Tensor) -> tf.Tensor:
        """Returns what each expert makes of x [B, D]: [E, B, U]."""
        hidden = x[tf.newaxis]
        for kernel, bias in zip(self.kernels, self.biases, strict=True):
            hidden = tf.nn.relu(tf.matmul(hidden, kernel) + bias)
        return hidden

    def gates(self, x: tf.Tensor) -> tf.Tensor:
        """Returns the weight of each expert for each head, [B, H, E]; the last axis sums to 1."""
        scores = tf.matmul(x, self.gate_kernel)
        return tf.nn.softmax(tf.reshape(scores, [-1, self._num_heads, self._num_experts]))

    def call(self, x: tf.Tensor) -> list[tf.Tensor]:
        """Returns [B, U] per head, of x [B, D]."""
        experts = self.experts(x)
        gates = tf.transpose(self.gates(x), [1, 2, 0])[..., tf.newaxis]  # [H, E, B, 1]
        # Multiply and add: an einsum would first transpose the experts, the largest tensor here.
        return [tf.reduce_sum(gate * experts, axis=0) for gate in tf.unstack(gates)]

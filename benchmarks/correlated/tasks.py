"""Two regression tasks of a chosen correlation: section 3.2 of the MMoE paper.

    y_k = w_k . x + sum_{i=1..m} sin(alpha_i w_k . x + beta_i) + e,  e ~ N(0, 0.01), k = 1, 2

with w_1 = c u_1 and w_2 = c (p u_1 + sqrt(1 - p^2) u_2) for orthonormal u_1, u_2, so that p is the
cosine of the angle between them, and x ~ N(0, I). The paper leaves c, m, alpha and beta open; here
they are those of the PLE paper: c = 1, m = 10, alpha_i and beta_i ~ N(0, 1).
"""

from typing import NamedTuple

import numpy as np
import tensorflow as tf

WIDTH = 100
WAVES = 10
NOISE = 0.1


class Tasks(NamedTuple):
    """Two tasks, as float32 tensors.

    Attributes:
        directions: w_1 and w_2 as columns, [D, 2].
        frequencies: alpha, [m].
        phases: beta, [m].
        mean: of y, the same for both tasks.
        deviation: of y, noise and all, likewise.
        seed: of the rows, int32 [2].
    """

    directions: tf.Tensor
    frequencies: tf.Tensor
    phases: tf.Tensor
    mean: tf.Tensor
    deviation: tf.Tensor
    seed: tf.Tensor

    def batch(self, number: tf.Tensor, size: int) -> tuple[tf.Tensor, tf.Tensor]:
        """Returns rows x [B, D] and labels [B, 2] of mean 0 and deviation 1; anew by number."""
        seed = self.seed + tf.stack([0, tf.cast(number, tf.int32)])
        drawn = tf.random.stateless_normal([size, WIDTH + 2], seed)
        x, noise = drawn[:, :WIDTH], NOISE * drawn[:, WIDTH:]
        along = tf.matmul(x, self.directions)  # [B, 2]
        waves = tf.sin(along[..., tf.newaxis] * self.frequencies + self.phases)  # [B, 2, m]
        labels = along + tf.reduce_sum(waves, axis=-1) + noise
        return x, (labels - self.mean) / self.deviation

    def floor(self) -> float:
        """Returns the least squared error there can be: the share of the noise in the variance."""
        return float(NOISE**2 / self.deviation**2)

    def label_correlation(self, rows: int = 10_000) -> float:
        """Returns Pearson's correlation of the two labels, on rows that no model sees."""
        _, labels = self.batch(tf.constant(-2), rows)
        return float(np.corrcoef(labels.numpy(), rowvar=False)[0, 1])


def draw(correlation: float, seed: int) -> Tasks:
    """Returns tasks whose directions have this cosine; a seed gives one u, alpha, beta for all."""
    random = np.random.default_rng(seed)
    u, _ = np.linalg.qr(random.normal(size=(WIDTH, 2)))
    second = correlation * u[:, 0] + np.sqrt(1 - correlation**2) * u[:, 1]
    frequencies, phases = random.normal(size=(2, WAVES))
    # w_k . x is N(0, 1) for both tasks: the moments of y are integrals over one standard normal.
    points, weights = np.polynomial.hermite_e.hermegauss(180)
    weights = weights / weights.sum()
    values = points + np.sin(np.outer(points, frequencies) + phases).sum(axis=1)
    mean = weights @ values
    variance = weights @ (values - mean) ** 2 + NOISE**2
    return Tasks(
        directions=tf.constant(np.stack([u[:, 0], second], axis=1), tf.float32),
        frequencies=tf.constant(frequencies, tf.float32),
        phases=tf.constant(phases, tf.float32),
        mean=tf.constant(mean, tf.float32),
        deviation=tf.constant(np.sqrt(variance), tf.float32),
        seed=tf.constant([seed, 0]),
    )

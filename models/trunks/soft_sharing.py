"""A network per head, held near each other."""

from collections.abc import Sequence

import tensorflow as tf

from models.options import SoftSharing as Options
from models.trunks.experts import Experts, side_by_side, squared_distances
from models.trunks.trunk import Trunk


class SoftSharing(Trunk):
    """A ReLU MLP per head; the loss grows with the squared distances between their weights.

    The penalty is lambda / 2 sum_{i<j} |theta_i - theta_j|^2, squared Frobenius distances of all
    kernels and biases below the towers, whose gradient for two heads is lambda (theta_1 - theta_2).

    After Duong et al., "Low Resource Dependency Parsing: Cross-lingual Parameter Sharing in a
    Neural Network Parser", ACL 2015 (https://aclanthology.org/P15-2139), and the L2-Constrained
    baseline of Ma et al., KDD 2018 (https://doi.org/10.1145/3219819.3220007). The latter prints
    the norm without a square; its gradient does not vanish as the weights meet, and has no value
    where they do, so the square is taken here. Lambda 0 is `separate`, infinity one network.
    """

    def __init__(self, num_heads: int, units: tuple[int, ...], options: Options):
        super().__init__(num_heads, units, options)
        self.stack = Experts(num_heads, units)
        # A function is asked anew for every loss, in float32 whatever the policy.
        self.add_loss(self._penalty)

    def _penalty(self) -> tf.Tensor:
        distances = [squared_distances(weight) for weight in self.stack.trainable_variables]
        return self.options.penalty / 2 * tf.add_n(distances)

    def call(self, xs: Sequence[tf.Tensor]) -> list[tf.Tensor]:
        """Returns [B, U] per head, of xs [B, D] per head."""
        return tf.unstack(self.stack(side_by_side(xs)))

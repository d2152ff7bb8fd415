"""A straight line in logit space."""

import numpy as np
import tensorflow as tf
from scipy import optimize

from models.calibrators.logit_tally import Floats, LogitTally, rates

# The least slope: a calibrator never turns the order of the rows around.
_LEAST_SLOPE = 0.01


class Platt(tf.Module):
    """Platt scaling: the logit x becomes a x + b, with a > 0, so the order of the rows stays.

    Platt, "Probabilistic Outputs for Support Vector Machines", Advances in Large Margin
    Classifiers 1999. a and b are those of least log loss, with Platt's targets: of n1 positives
    and n0 negatives a positive is (n1 + 1) / (n1 + 2) and a negative 1 / (n0 + 2), so that a and b
    stay finite where the logit parts the labels cleanly. The loss is convex, hence they are the
    best there are with a >= 0.01. It is the identity until it is fitted.
    """

    def __init__(self) -> None:
        super().__init__(name="platt")
        self.scale = tf.Variable(1.0, trainable=False, name="scale")
        self.shift = tf.Variable(0.0, trainable=False, name="shift")

    def __call__(self, logit: tf.Tensor) -> tf.Tensor:
        """Returns the calibrated logit, [B] for [B]."""
        return self.scale * logit + self.shift

    def fit(self, tally: LogitTally) -> None:
        """Sets a and b to fit the rows of `tally`, which holds some of both labels."""
        x, weight, positives = tally.bins()
        n1 = positives.sum()
        n0 = weight.sum() - n1
        wanted = positives * (n1 + 1) / (n1 + 2) + (weight - positives) / (n0 + 2)
        middle = np.average(x, weights=weight)  # about the middle, slope and shift hardly interact

        def loss(line: Floats) -> tuple[float, Floats]:
            z = line[0] * (x - middle) + line[1]
            nats = weight * np.logaddexp(0, z) - wanted * z
            slope = weight * rates(z) - wanted
            gradient = np.array([(slope * (x - middle)).sum(), slope.sum()])
            return nats.sum() / weight.sum(), gradient / weight.sum()

        found = optimize.minimize(
            loss,
            np.array([1.0, np.log(n1 / n0)]),
            jac=True,
            method="L-BFGS-B",
            bounds=[(_LEAST_SLOPE, None), (None, None)],
            options={"ftol": 0.0, "gtol": 1e-10, "maxiter": 1000},
        )
        scale, shift = found.x
        self.scale.assign(scale)
        self.shift.assign(shift - scale * middle)

import numpy as np
import tensorflow as tf

from models import options
from models.trunks.separate import Separate

X = tf.constant(np.random.default_rng(0).normal(size=(5, 4)), tf.float32)


def test_each_head_has_a_relu_mlp_of_its_own():
    trunk = Separate(2, (3, 2), options.Separate())
    outputs = trunk([X, X])
    w = trunk.get_weights()
    for output, (k1, b1, k2, b2) in zip(outputs, (w[:4], w[4:]), strict=True):
        expected = np.maximum(np.maximum(X.numpy() @ k1 + b1, 0) @ k2 + b2, 0)
        np.testing.assert_allclose(output, expected, rtol=1e-5, atol=1e-6)


def test_the_mlps_start_different():
    trunk = Separate(2, (3, 2), options.Separate())
    trunk([X, X])
    w = trunk.get_weights()
    assert not np.array_equal(w[0], w[4])
    assert not np.array_equal(w[2], w[6])


def test_a_head_teaches_no_other_heads_mlp():
    trunk = Separate(2, (3,), options.Separate())
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(trunk([X, X])[0])
    gradients = tape.gradient(loss, [mlp.trainable_variables for mlp in trunk.mlps])
    assert all(gradient is not None for gradient in gradients[0])
    assert gradients[1] == [None, None]

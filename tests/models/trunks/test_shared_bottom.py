import numpy as np
import tensorflow as tf

from models import options
from models.trunks.shared_bottom import SharedBottom


def test_all_heads_see_one_relu_mlp():
    x = np.random.default_rng(0).normal(size=(5, 4)).astype("float32")
    trunk = SharedBottom(3, (3, 2), options.SharedBottom())
    outputs = trunk([tf.constant(x)] * 3)
    k1, b1, k2, b2 = trunk.get_weights()
    expected = np.maximum(np.maximum(x @ k1 + b1, 0) @ k2 + b2, 0)
    assert len(outputs) == 3
    for output in outputs:
        np.testing.assert_allclose(output, expected, rtol=1e-5, atol=1e-6)

import numpy as np
import pytest
import tensorflow as tf

from models import options
from models.trunks.cross_stitch import CrossStitch
from models.trunks.separate import Separate

UNITS = (6, 5)
RANDOM = np.random.default_rng(0)
X, Y, Z = RANDOM.normal(size=(3, 7, 4)).astype("float32")


def made(heads=2, units=UNITS):
    """A trunk whose weights are all drawn anew, stitches too."""
    trunk = CrossStitch(heads, units, options.CrossStitch())
    trunk([X] * heads)
    random = np.random.default_rng(1)
    trunk.set_weights([random.normal(size=w.shape) for w in trunk.get_weights()])
    return trunk


@pytest.mark.parametrize("xs", [[X, X, X], [X, Y, Z]])
def test_every_layer_takes_a_mixture_of_the_heads_layers_below(xs):
    trunk = made(3)
    hidden = list(xs)
    for layer, stitch in zip(trunk.layers, trunk.stitches, strict=True):
        kernel, bias, a = layer.kernel.numpy(), layer.bias.numpy(), stitch.numpy()
        own = [np.maximum(h @ kernel[k] + bias[k, 0], 0) for k, h in enumerate(hidden)]
        hidden = [sum(a[k, j] * own[j] for j in range(3)) for k in range(3)]
    for output, expected in zip(trunk(xs), hidden, strict=True):
        np.testing.assert_allclose(output, expected, rtol=1e-4, atol=1e-4)


def test_the_identity_is_separate_networks():
    trunk, separate = made(), Separate(2, UNITS, options.Separate())
    separate([X, Y])
    for stitch in trunk.stitches:
        stitch.assign(np.eye(2))
    weights = [w for layer in trunk.layers for w in layer.get_weights()]
    separate.set_weights([np.squeeze(w[head]) for head in range(2) for w in weights])
    for one, other in zip(trunk([X, Y]), separate([X, Y]), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5)


def test_equal_rows_make_the_heads_equal():
    trunk = made()
    trunk.stitches[-1].assign([[0.3, 0.7], [0.3, 0.7]])
    one, other = trunk([X, Y])
    np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize(
    ("heads", "start"),
    [(1, [[1]]), (2, [[0.9, 0.1], [0.1, 0.9]]), (3, np.full((3, 3), 0.05) + 0.85 * np.eye(3))],
)
def test_a_head_starts_as_nine_tenths_of_itself(heads, start):
    trunk = CrossStitch(heads, UNITS, options.CrossStitch())
    trunk([X] * heads)
    assert len(trunk.stitches) == 2
    for stitch in trunk.stitches:
        np.testing.assert_allclose(stitch, start, rtol=1e-6)


def test_one_head_is_an_mlp():
    trunk = CrossStitch(1, UNITS, options.CrossStitch())
    hidden = X
    (output,) = trunk([X])
    for layer in trunk.layers:
        hidden = np.maximum(hidden @ layer.kernel.numpy()[0], 0)
    np.testing.assert_allclose(output, hidden, rtol=1e-4, atol=1e-5)


def test_the_shared_kernel_is_the_last_one_which_every_head_trains():
    trunk = made()
    (kernel,) = trunk.shared_kernels()
    assert kernel.shape == (2, 6, 5)
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(trunk([X, X])[0])
    assert all(np.any(part) for part in tape.gradient(loss, kernel))


def test_a_stitch_learns_the_products_of_the_layers_it_joins():
    trunk = made(units=(6,))
    with tf.GradientTape() as tape:
        one, other = trunk([X, Y])
        loss = tf.reduce_sum(one) + 2 * tf.reduce_sum(other)
    layers = trunk.layers[0](np.stack([X, Y])).numpy()
    expected = [[factor * np.sum(layer) for layer in layers] for factor in (1, 2)]
    np.testing.assert_allclose(tape.gradient(loss, trunk.stitches[0]), expected, rtol=1e-4)


def test_it_has_an_mlp_per_head_and_a_number_per_pair_and_layer():
    assert made(3).count_params() == 3 * (4 * 6 + 6 + 6 * 5 + 5) + 2 * 9


def test_it_runs_in_half_precision():
    tf.keras.mixed_precision.set_global_policy("mixed_bfloat16")
    try:
        outputs = made()([X, X])
    finally:
        tf.keras.mixed_precision.set_global_policy("float32")
    for half, full in zip(outputs, made()([X, X]), strict=True):
        assert half.dtype == tf.bfloat16
        np.testing.assert_allclose(half, full, rtol=0.1, atol=0.3)

import numpy as np
import tensorflow as tf

from models.config import ModelConfig
from models.embedding import Embedded
from models.interactions.dcn import CrossNetwork
from schemas.layout import make_layout


def embedded(x):
    return Embedded({}, {}, {}, tf.constant(x, tf.float32))


def test_it_stacks_x0_times_wx_plus_b_plus_x():
    random = np.random.default_rng(0)
    x = random.normal(size=(5, 4))
    layer = CrossNetwork(make_layout({}), ModelConfig(cross_layers=2))
    layer(embedded(x))
    weights = [random.normal(size=w.shape) for w in layer.get_weights()]
    layer.set_weights(weights)
    expected = x
    for kernel, bias in (weights[:2], weights[2:]):
        expected = x * (expected @ kernel + bias) + expected
    np.testing.assert_allclose(layer(embedded(x)), expected, rtol=1e-4, atol=1e-5)


def test_low_rank_multiplies_down_and_up():
    random = np.random.default_rng(0)
    x = random.normal(size=(5, 6))
    layer = CrossNetwork(make_layout({}), ModelConfig(cross_layers=1, cross_rank=2))
    layer(embedded(x))
    down, up, bias = layer.get_weights()
    assert (down.shape, up.shape) == ((6, 2), (2, 6))
    expected = x * (x @ down @ up + bias) + x
    np.testing.assert_allclose(layer(embedded(x)), expected, rtol=1e-4, atol=1e-5)


def test_one_layer_of_the_right_weights_is_a_given_second_order_polynomial():
    # x1^2 + x1 x2 + x3 x1 + x4 x1, as in table 1 of the DCN-V2 paper
    x = np.random.default_rng(0).normal(size=(9, 4))
    layer = CrossNetwork(make_layout({}), ModelConfig(cross_layers=1))
    layer(embedded(x))
    kernel = np.zeros((4, 4))
    kernel[:, 0] = 1
    layer.set_weights([kernel, np.array([-1, 0, 0, 0])])  # the bias takes x itself away
    polynomial = x[:, 0] ** 2 + x[:, 0] * (x[:, 1] + x[:, 2] + x[:, 3])
    np.testing.assert_allclose(layer(embedded(x))[:, 0], polynomial, rtol=1e-4, atol=1e-5)


def test_layers_start_different_and_no_wider_input_starts_louder():
    layer = CrossNetwork(make_layout({}), ModelConfig(cross_layers=2))
    x = np.random.default_rng(0).normal(size=(64, 2000))
    crossed = layer(embedded(x)).numpy()
    first, _, second, _ = layer.get_weights()
    assert not np.array_equal(first, second)
    assert crossed.std() < 3  # a fixed deviation of 0.05 gives more than 7

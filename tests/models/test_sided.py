import numpy as np
import pytest
import tensorflow as tf
import tensorflow_recommenders as tfrs

from models.sided import Part, Sided, affine, side_by_side, whole

RANDOM = np.random.default_rng(0)
USER = RANDOM.normal(size=(1, 3)).astype(np.float32)
ITEM = RANDOM.normal(size=(5, 4)).astype(np.float32)
# The columns of a matrix of seven: 0, 3 and 6 are the user's.
EXPECTED = np.zeros((5, 7), np.float32)
EXPECTED[:, [0, 3, 6]] = USER
EXPECTED[:, [1, 2, 4, 5]] = ITEM


@pytest.fixture
def sided():
    return side_by_side([Part(USER, [0, 3, 6], True), Part(ITEM, [1, 2, 4, 5], False)])


def test_the_whole_has_every_column_in_its_place(sided):
    assert isinstance(sided, Sided)
    np.testing.assert_array_equal(whole(sided), EXPECTED)
    assert (sided.shape, sided.dtype) == ((5, 7), tf.float32)


def test_a_product_is_that_of_the_whole(sided):
    kernel = RANDOM.normal(size=(7, 2)).astype(np.float32)
    np.testing.assert_allclose(tf.matmul(sided, kernel), EXPECTED @ kernel, atol=1e-6)


def test_a_product_with_several_kernels_is_that_of_the_whole_with_each(sided):
    kernels = RANDOM.normal(size=(3, 7, 2)).astype(np.float32)
    np.testing.assert_allclose(tf.matmul(sided, kernels), EXPECTED @ kernels, atol=1e-6)


@pytest.mark.parametrize("shapes", [((7, 2), (2,)), ((3, 7, 2), (3, 1, 2))])
def test_a_bias_is_added_to_the_product(sided, shapes):
    kernels, biases = (RANDOM.normal(size=shape).astype(np.float32) for shape in shapes)
    expected = EXPECTED @ kernels + biases
    np.testing.assert_allclose(affine(sided, kernels, biases), expected, atol=1e-6)
    np.testing.assert_allclose(affine(EXPECTED, kernels, biases), expected, atol=1e-6)


def test_layers_of_keras_take_it_as_a_tensor(sided):
    mlp = tfrs.layers.blocks.MLP([4, 2])
    np.testing.assert_allclose(mlp(EXPECTED), mlp(sided), atol=1e-6)


def test_a_sum_with_a_tensor_is_that_of_the_whole(sided):
    np.testing.assert_array_equal(tf.ones([5, 7]) + sided, EXPECTED + 1)


def test_parts_of_one_kind_make_a_tensor_in_the_order_of_its_columns():
    first, second = ITEM[:, :1], ITEM[:, 1:3]
    found = side_by_side([Part(first, [2], False), Part(second, [0, 1], False)])
    np.testing.assert_array_equal(found, np.concatenate([second, first], axis=1))
    np.testing.assert_array_equal(side_by_side([Part(USER, range(3), True)]), USER)

import numpy as np
import pytest

from models import options
from models.interactions.dot import DotProducts
from schemas.features import Categorical, Numeric
from schemas.layout import make_layout

USER = Categorical(kind="categorical", side="user", hash=5, width=3)
PRICE = Numeric(kind="numeric", side="item")


def lower_triangle(vectors):
    return [vectors[i] @ vectors[j] for i in range(len(vectors)) for j in range(i)]


def test_it_is_the_vector_of_the_numbers_and_every_pair_once(layout, embedded_of):
    embedded = embedded_of(layout)
    layer = DotProducts(layout, options.Dot(), 2)
    found = layer(embedded)
    assert found.shape == (5, 4 + 7 * 6 // 2)
    (project,) = layer.fields.get_weights()
    kernel, bias = layer.bottom.get_weights()
    pooled = {name: mean.numpy() for name, mean in embedded.pooled().items()}
    for row in range(5):
        numbers = np.maximum(embedded.dense[row].numpy() @ kernel + bias, 0)
        vectors = [numbers, embedded.fields[2][row, 0].numpy() @ project]
        vectors += [pooled["hours"][row] @ project]
        vectors += [*embedded.fields[4][row].numpy(), pooled["items"][row]]
        expected = [*numbers, *lower_triangle(vectors)]
        np.testing.assert_allclose(found[row], expected, rtol=1e-4, atol=1e-5)


def test_without_numbers_there_are_products_only(embedded_of):
    layout = make_layout({name: USER for name in "abc"})
    embedded = embedded_of(layout)
    expected = [lower_triangle(row) for row in embedded.fields[3].numpy()]
    found = DotProducts(layout, options.Dot(), 2)(embedded)
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


def test_a_rotation_of_all_vectors_changes_nothing(embedded_of):
    layout = make_layout({name: USER for name in "abcd"})
    embedded, layer = embedded_of(layout), DotProducts(layout, options.Dot(), 2)
    rotation, _ = np.linalg.qr(np.random.default_rng(0).normal(size=(3, 3)))
    turned = embedded._replace(fields={3: embedded.fields[3] @ rotation.astype("float32")})
    np.testing.assert_allclose(layer(turned), layer(embedded), rtol=1e-4, atol=1e-5)


def test_numbers_meet_a_single_feature(embedded_of):
    layout = make_layout({"user": USER, "price": PRICE})
    assert DotProducts(layout, options.Dot(), 2)(embedded_of(layout)).shape == (5, 3 + 1)


@pytest.mark.parametrize(
    ("features", "names"), [({"user": USER}, "user"), ({"a": PRICE, "b": PRICE}, "a, b")]
)
def test_one_vector_has_nothing_to_meet(features, names):
    layout = make_layout(features)
    with pytest.raises(ValueError, match=rf"multiplies pairs .* Features are: {names}\. Add"):
        options.Dot().check(layout)
    with pytest.raises(ValueError, match="multiplies pairs"):
        DotProducts(layout, options.Dot(), 2)

import numpy as np
import pydantic
import pytest
import tensorflow as tf

from models import options
from models.interactions.din import AttentionUnit, TargetAttention
from schemas.features import Categorical, Numeric
from schemas.layout import make_layout


def weigh(unit, element, target):
    """Returns a(e, v) by the letter of its definition."""
    both = np.concatenate([element, target, element - target, element * target])
    hidden = np.maximum(both @ unit.kernel.numpy() + unit.bias.numpy(), 0)
    *middle, kernel, bias = unit.above.get_weights()
    for i in range(0, len(middle), 2):
        hidden = np.maximum(hidden @ middle[i] + middle[i + 1], 0)
    return (hidden @ kernel + bias)[0]


def make(layout, embedded, **chosen):
    layer = TargetAttention(layout, options.Din(**chosen), 2)
    layer(embedded)
    random = np.random.default_rng(1)
    layer.set_weights([random.normal(size=w.shape) for w in layer.get_weights()])
    return layer


def history(layer, embedded, name="items"):
    """Returns what stands for a history."""
    start = {"items": 2 + 3 * 4, "hours": 2 + 3 * 4 + 4}[name]
    width = {"items": 4, "hours": 2}[name]
    return layer(embedded).numpy()[:, start : start + width]


def with_items(embedded, elements, mask):
    return embedded._replace(
        sequences={**embedded.sequences, "items": elements},
        masks={**embedded.masks, "items": mask},
    )


@pytest.mark.parametrize("units", [(3,), (5, 2)])
def test_a_history_is_the_sum_of_its_elements_weighed_against_the_owner(layout, embedded_of, units):
    embedded = embedded_of(layout)
    layer = make(layout, embedded, units=units)
    targets = {"items": embedded.fields[4][:, 2], "hours": embedded.fields[2][:, 0]}
    for name, target in targets.items():
        found = history(layer, embedded, name)
        for row in range(5):
            elements = embedded.sequences[name].numpy()[row]
            kept = elements[embedded.masks[name].numpy()[row]]
            unit = layer.attention[name]
            expected = sum((weigh(unit, e, target[row].numpy()) * e for e in kept), 0 * elements[0])
            np.testing.assert_allclose(found[row], expected, rtol=1e-3, atol=1e-4)


def test_everything_else_lies_beside_it_as_in_mlp(layout, embedded_of):
    embedded = embedded_of(layout)
    flat, found = embedded.flat().numpy(), make(layout, embedded)(embedded).numpy()
    assert found.shape == flat.shape
    others = np.r_[0:14, 20:22]  # hour, user, last_item, item; the two numbers
    np.testing.assert_array_equal(found[:, others], flat[:, others])
    assert not np.isclose(found[1:, 14:20], flat[1:, 14:20]).all(axis=0).any()


def test_only_the_owner_of_the_table_is_the_target(layout, embedded_of):
    embedded = embedded_of(layout)
    layer = make(layout, embedded)
    for slot, matters in ((0, False), (1, False), (2, True)):  # user, last_item, item
        moved = embedded.fields[4].numpy()
        moved[:, slot] += 1
        other = embedded._replace(fields={**embedded.fields, 4: tf.constant(moved)})
        same = np.allclose(history(layer, other), history(layer, embedded))
        assert same is not matters


def test_the_order_of_a_history_does_not_matter(layout, embedded_of):
    embedded = embedded_of(layout)
    layer = make(layout, embedded)
    order = np.random.default_rng(3).permutation(4)
    mixed = with_items(
        embedded,
        tf.gather(embedded.sequences["items"], order, axis=1),
        tf.gather(embedded.masks["items"], order, axis=1),
    )
    np.testing.assert_allclose(
        history(layer, mixed), history(layer, embedded), rtol=1e-3, atol=1e-4
    )


def test_padding_adds_nothing_whatever_it_holds(layout, embedded_of):
    embedded = embedded_of(layout)
    layer = make(layout, embedded)
    longer = with_items(
        embedded,
        tf.concat([embedded.sequences["items"], tf.fill([5, 3, 4], 9.0)], axis=1),
        tf.pad(embedded.masks["items"], [[0, 0], [0, 3]]),
    )
    np.testing.assert_allclose(
        history(layer, longer), history(layer, embedded), rtol=1e-4, atol=1e-4
    )


def test_twice_the_history_is_twice_the_interest(layout, embedded_of):
    embedded = embedded_of(layout)
    layer = make(layout, embedded)
    twice = with_items(
        embedded,
        tf.concat([embedded.sequences["items"]] * 2, axis=1),
        tf.concat([embedded.masks["items"]] * 2, axis=1),
    )
    np.testing.assert_allclose(
        history(layer, twice), 2 * history(layer, embedded), rtol=1e-4, atol=1e-4
    )


def test_an_empty_history_is_the_zero_vector_and_its_gradients_are_zero(layout, embedded_of):
    embedded = embedded_of(layout, rows=1)  # both histories of row 0 are empty
    layer = make(layout, embedded)
    elements = embedded.sequences["items"]
    with tf.GradientTape() as tape:
        tape.watch(elements)
        loss = tf.reduce_sum(layer(embedded) ** 2)
    np.testing.assert_array_equal(history(layer, embedded), np.zeros([1, 4]))
    for gradient in tape.gradient(loss, [elements, *layer.trainable_variables]):
        np.testing.assert_array_equal(gradient, np.zeros(gradient.shape))


def test_large_vectors_have_finite_gradients(layout, embedded_of):
    embedded = tf.nest.map_structure(
        lambda x: x if x.dtype == tf.bool else 40 * x, embedded_of(layout)
    )
    layer = make(layout, embedded)
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(layer(embedded))
    for gradient in tape.gradient(loss, layer.trainable_variables):
        assert np.isfinite(gradient).all() and np.abs(gradient).max() > 0


def test_a_unit_makes_nothing_four_widths_wide_for_every_element():
    unit = AttentionUnit((5,))
    given = tf.zeros([2, 7, 3]), tf.zeros([2, 3])
    unit(*given)
    graph = tf.function(unit.call).get_concrete_function(*given).graph
    shapes = [tuple(tensor.shape) for op in graph.get_operations() for tensor in op.outputs]
    assert (2, 7, 5) in shapes and (2, 7, 12) not in shapes


def test_every_history_has_a_unit_of_its_own(layout, embedded_of):
    layer = TargetAttention(layout, options.Din(units=(3,)), 2)
    layer(embedded_of(layout))
    assert {name: unit.kernel.shape for name, unit in layer.attention.items()} == {
        "items": (16, 3),
        "hours": (8, 3),
    }


def test_a_layout_without_histories_is_refused():
    layout = make_layout(
        {
            "user": Categorical(kind="categorical", side="user", hash=5),
            "price": Numeric(kind="numeric", side="item"),
        }
    )
    message = r"attends to histories, and .* sequence\. Features are: user, price\. Add"
    with pytest.raises(ValueError, match=message):
        options.Din().check(layout)
    with pytest.raises(ValueError, match=message):
        TargetAttention(layout, options.Din(), 2)


def test_a_unit_without_a_hidden_layer_is_refused():
    with pytest.raises(pydantic.ValidationError, match="at least 1 item"):
        options.Din(units=())

import numpy as np
import pytest
import tensorflow as tf

from models.learnt import Learnt, read_learnt
from models.packer import Packer
from models.requests import Values, values_of_examples
from schemas.features import LONGEST_TEXT, Categorical, Sequence
from schemas.layout import make_layout

BUCKETS = 1000


@pytest.fixture(scope="module")
def packer(tiny):
    return Packer(tiny.spec.layout(), tiny.spec.features, read_learnt(tiny.transform(), tiny.spec))


@pytest.fixture(scope="module")
def hashed():
    features = {
        "city": Categorical(kind="categorical", side="user", hash=BUCKETS, width=8),
        "item": Categorical(kind="categorical", side="item", hash=BUCKETS, width=8),
        "history": Sequence(kind="sequence", side="user", shares="item", max_length=3),
    }
    return Packer(make_layout(features), features, Learnt({}, {}))


def values(tiny):
    return values_of_examples(tf.constant(tiny.examples()), tiny.spec.inputs())


def test_rows_are_packed_as_transform_packs_them(tiny, packer):
    packed = packer(values(tiny))
    for name, tensor in packed.items():
        expected = np.stack([row[name] for row in tiny.packed])
        np.testing.assert_array_equal(tensor, expected, err_msg=name)


def test_some_features_alone_are_packed_into_fewer_slots_of_the_same_rows(tiny, packer):
    layout = tiny.spec.layout().only(["city", "age"])
    packed = packer(values(tiny), layout)
    assert set(packed) == {"ids_8", "ids_4"}
    assert packed["ids_8"].numpy()[:, 0].tolist() == [row["ids_8"][1] for row in tiny.packed]


def test_one_row_alone_is_packed_as_it_is_among_others(tiny, packer):
    spec = tiny.spec.inputs()
    for example, expected in zip(tiny.examples(), tiny.packed, strict=True):
        request = tf.ensure_shape(tf.constant([example]), [1])
        for name, tensor in packer(values_of_examples(request, spec)).items():
            np.testing.assert_array_equal(tensor[0], expected[name], err_msg=name)


@pytest.mark.parametrize("rows", [1, 2])
def test_what_lies_behind_the_longest_text_does_not_count(hashed, rows):
    def packed(text):
        texts = {name: tf.constant([text] * rows) for name in ("city", "item")}
        return hashed(Values(texts, {}, {"history": tf.ragged.constant([[text]] * rows)}))

    longest, other = packed("x" * LONGEST_TEXT), packed("y")
    for name, tensor in packed("x" * LONGEST_TEXT + "behind").items():
        np.testing.assert_array_equal(tensor, longest[name], err_msg=name)
        assert (tensor != other[name]).numpy().any()


def test_a_list_has_the_rows_of_the_table_that_it_shares_and_the_first_of_them_for_nothing(hashed):
    texts = {"city": tf.constant(["x"]), "item": tf.constant(["a"])}
    packed = hashed(Values(texts, {}, {"history": tf.ragged.constant([["a", ""]])}))
    item = packed["ids_8"].numpy()[0, 1]
    assert item > BUCKETS + 1  # the rows of city come first
    assert packed["sequence_history"].numpy().tolist() == [[item, BUCKETS + 1, BUCKETS + 1]]

import numpy as np

from models.interactions.fields import Fields
from schemas.features import Categorical, Numeric
from schemas.layout import make_layout


def mean(embedded, name, row):
    kept = embedded.sequences[name].numpy()[row][embedded.masks[name].numpy()[row]]
    return kept.mean(0) if len(kept) else np.zeros(embedded.sequences[name].shape[2])


def test_narrow_vectors_go_through_one_matrix_and_wide_ones_stay(layout, embedded_of):
    embedded = embedded_of(layout)
    fields = Fields(layout)
    narrow, wide = fields(embedded)
    (kernel,) = fields.get_weights()
    assert (kernel.shape, fields.width) == ((2, 4), 4)
    for row in range(5):
        hours = np.stack([embedded.fields[2][row, 0], mean(embedded, "hours", row)])
        np.testing.assert_allclose(narrow[row], hours @ kernel, rtol=1e-5, atol=1e-6)
        others = np.stack([*embedded.fields[4][row], mean(embedded, "items", row)])
        np.testing.assert_allclose(wide[row], others, rtol=1e-5, atol=1e-6)


def test_a_history_with_nothing_in_it_stays_zero(layout, embedded_of):
    for vectors in Fields(layout)(embedded_of(layout)):
        np.testing.assert_array_equal(vectors[0, -1], np.zeros(4))


def test_tables_of_one_width_need_no_matrix(embedded_of):
    layout = make_layout({"user": Categorical(kind="categorical", side="user", hash=5, width=3)})
    embedded, fields = embedded_of(layout), Fields(layout)
    (only,) = fields(embedded)
    np.testing.assert_array_equal(only, embedded.fields[3])
    assert fields.weights == []


def test_numbers_alone_have_no_vectors_but_a_width_for_those_they_get(embedded_of):
    layout = make_layout({"price": Numeric(kind="numeric", side="item")})
    fields = Fields(layout)
    assert (fields(embedded_of(layout)), fields.width) == ([], 16)

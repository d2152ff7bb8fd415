"""Raw columns to packed tensors without the pipeline."""

import numpy as np
import pytest

from benchmarks.learning.packing import pack
from schemas.features import Categorical, Numeric, Vocabulary
from schemas.layout import make_layout

TEXT = Categorical(kind="categorical", side="user", vocabulary=Vocabulary(max_size=2), width=4)


def packed(features: dict, columns: dict, taught: int) -> dict[str, np.ndarray]:
    raw = {
        name: np.array(values, float if features[name].kind == "numeric" else object)
        for name, values in columns.items()
    }
    rows = len(next(iter(raw.values())))
    return pack(make_layout(features), features, raw, np.arange(rows) < taught)


def test_frequent_values_come_first_and_the_rest_is_missing_or_unknown():
    # Taught: b twice, a and c once; two are kept, and a comes before c.
    found = packed({"x": TEXT}, {"x": ["b", "c", "a", "b", None, "a", "c", "new"]}, taught=5)
    assert found["ids_4"][:, 0].tolist() == [2, 1, 3, 2, 0, 3, 1, 1]


def test_rows_that_are_not_taught_have_no_say_in_the_vocabulary():
    found = packed({"x": TEXT}, {"x": ["a", "b", "b", *["c"] * 9]}, taught=3)
    assert found["ids_4"][:, 0].tolist() == [3, 2, 2, *[1] * 9]


def test_rare_values_share_the_row_of_the_unknown():
    feature = TEXT.model_copy(update={"vocabulary": Vocabulary(max_size=9, min_count=2)})
    found = packed({"x": feature}, {"x": ["a", "b", "b"]}, taught=3)
    assert found["ids_4"][:, 0].tolist() == [1, 2, 2]


def test_a_table_starts_after_the_one_before_it_and_a_shared_one_is_read_twice():
    features = {
        "x": TEXT,
        "y": TEXT,
        "z": Categorical(kind="categorical", side="user", shares="y"),
    }
    columns = {"x": ["a", "a"], "y": ["b", "c"], "z": ["c", "a"]}
    # A table has 4 rows: missing, unknown and two known.
    found = packed(features, columns, taught=2)
    assert found["ids_4"].tolist() == [[2, 4 + 2, 4 + 3], [2, 4 + 3, 4 + 1]]


def test_quantiles_cut_the_taught_rows_into_equal_parts():
    feature = Numeric(kind="numeric", side="user", transform="quantiles", buckets=4, width=8)
    column = [*range(100), np.nan, -5, 1000]
    found = packed({"age": feature}, {"age": column}, taught=100)
    assert np.bincount(found["ids_8"][:100, 0]).tolist() == [0, 25, 25, 25, 25]
    assert found["ids_8"][100:, 0].tolist() == [0, 1, 4]


def test_a_number_on_a_boundary_is_in_the_bucket_above_and_only_taught_rows_make_boundaries():
    feature = Numeric(kind="numeric", side="user", transform="quantiles", buckets=2, width=8)
    found = packed({"age": feature}, {"age": [0, 1, 2, 3, 4, 9, 9, 9]}, taught=5)
    assert found["ids_8"][:, 0].tolist() == [1, 1, 2, 2, 2, 2, 2, 2]


@pytest.mark.parametrize("transform", ["standardise", "log"])
def test_numbers_are_scaled_by_the_taught_rows_and_missing_ones_are_their_mean(transform):
    feature = Numeric(kind="numeric", side="user", transform=transform)
    column = np.array([0.0, 1.0, 5.0, np.nan, -7.0])
    found = packed({"pay": feature, "x": TEXT}, {"pay": column, "x": ["a"] * 5}, taught=3)
    changed = np.sign(column) * np.log1p(np.abs(column)) if transform == "log" else column
    taught = changed[:3]
    expected = (changed - taught.mean()) / np.sqrt(np.mean((taught - taught.mean()) ** 2))
    expected[3] = 0.0
    np.testing.assert_allclose(found["dense"][:, 0], expected, rtol=1e-6)
    assert found["dense"].dtype == np.float32

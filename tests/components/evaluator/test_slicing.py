import numpy as np
import tensorflow as tf

from components.evaluator.slicing import (
    MOST_COUNTED,
    MOST_VALUES,
    MergeValues,
    Values,
    merge,
    slice_values,
    slicings,
)
from components.log_example_gen.decode import ABSENT, Columns


def columns(texts=None, numbers=None):
    texts = {
        name: tf.constant([ABSENT if text is None else text for text in column], tf.string)
        for name, column in (texts or {}).items()
    }
    numbers = {name: np.array(column, np.float64) for name, column in (numbers or {}).items()}
    return Columns(tf.constant([""]), texts, numbers)


def told(values):
    """Rows by value."""
    return {
        tuple(text.decode() for text in texts): rows
        for texts, rows in zip(values.texts.tolist(), values.rows.tolist(), strict=True)
    }


def test_a_text_is_its_own_value_and_an_absent_one_is_missing():
    found = columns({"device": ["tv", None, "tv", "", "Ü"]})
    codes, values = slice_values(found, ["device"])
    assert told(values) == {("tv",): 2, ("(missing)",): 1, ("",): 1, ("Ü",): 1}
    assert codes[0] == codes[2] and len(set(codes.tolist())) == 4
    assert (np.diff(values.codes) > 0).all()


def test_a_cross_has_the_values_that_come_together():
    found = columns({"device": ["tv", "tv", None, "tv"]}, {"age": [3.0, 2.0, 9.0, np.nan]})
    _, values = slice_values(found, ["device", "age"])
    expected = {("tv", "[2, 4)"): 2, ("(missing)", "[8, 16)"): 1, ("tv", "(missing)"): 1}
    assert told(values) == expected


def test_without_rows_there_are_no_values():
    for nothing in (columns({"x": []}), columns(numbers={"x": []})):
        codes, values = slice_values(nothing, ["x"])
        assert (len(codes), told(values)) == (0, {})


def test_values_of_parts_are_added_up():
    parts = [slice_values(columns({"x": list(text)}), ["x"])[1] for text in ("aab", "bc", "a")]
    expected = {("a",): 3, ("b",): 2, ("c",): 1}
    assert told(merge(parts)) == expected
    combine = MergeValues()
    accumulators = []
    for part in parts:
        accumulators.append(combine.add_input(combine.create_accumulator(), part))
    assert told(combine.extract_output(combine.merge_accumulators(accumulators))) == expected


def many(rows):
    """Values whose hashes are their numbers; the first is the most common."""
    rows = np.asarray(rows, np.int64)
    texts = np.array([[str(i).encode()] for i in range(len(rows))], object)
    return Values(np.arange(len(rows)), texts, rows)


def test_the_commonest_values_have_slices_and_the_others_share_one():
    values = many(np.arange(2 * MOST_VALUES, 0, -1))
    [slicing] = slicings({0: values}, [("item",)])
    assert len(slicing.slices) == MOST_VALUES + 1
    assert slicing.slices[0] == (("item", "0"),)
    assert slicing.slices[-1] == (("item", "(other)"),)
    rows = np.array([0, MOST_VALUES - 1, MOST_VALUES, 2 * MOST_VALUES, -5])
    expected = [0, MOST_VALUES - 1, MOST_VALUES, MOST_VALUES, MOST_VALUES]
    assert slicing.places(rows).tolist() == expected


def test_of_equally_common_values_the_choice_is_always_the_same():
    [slicing] = slicings({0: many([1] * (MOST_VALUES + 50))}, [("item",)])
    assert slicing.codes.tolist() == list(range(MOST_VALUES))


def test_a_feature_without_rows_has_only_the_rest():
    [slicing] = slicings({}, [("device", "hour")])
    assert slicing.slices == ((("device", "(other)"), ("hour", "(other)")),)
    assert slicing.places(np.array([7, 8])).tolist() == [0, 0]


def test_memory_does_not_grow_with_the_values_of_a_feature():
    rows = np.ones(2 * MOST_COUNTED, np.int64)
    rows[-1] = 9
    found = merge([many(rows)])
    assert len(found.codes) == MOST_COUNTED
    assert found.rows[-1] == 9 and found.codes[-1] == 2 * MOST_COUNTED - 1


def test_text_that_is_no_utf_8_has_a_name_too():
    found = slice_values(columns({"x": [b"\xff\xfe"]}), ["x"])[1]
    [slicing] = slicings({0: found}, [("x",)])
    assert slicing.slices[0] == (("x", "\ufffd\ufffd"),)

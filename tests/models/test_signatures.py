import numpy as np
import pytest
import tensorflow as tf

from models.ranking_model import RankingModel
from models.signatures import ServingModel


@pytest.fixture(scope="module")
def doors(tiny, tmp_path_factory):
    model = RankingModel(tiny.spec.layout(), tiny.spec.heads, tiny.spec.model, seed=5)
    serving = ServingModel(model, tiny.transform(), tiny.spec)
    path = str(tmp_path_factory.mktemp("export"))
    tf.saved_model.save(serving, path, signatures=serving.signatures())
    loaded = tf.saved_model.load(path)
    loaded.trained = model
    return loaded


def columns(rows):
    """The rows as `predict_columns` takes them."""
    inputs = {}
    for name in ("item", "city"):
        inputs[name] = tf.constant([row[name][0] if row[name] else "" for row in rows])
    for name in ("age", "price", "stock"):
        values = [row[name][0] if row[name] else float("nan") for row in rows]
        inputs[name] = tf.constant(values, tf.float32)
    longest = max(len(row["history"]) for row in rows)
    padded = [row["history"] + ["pad"] * (longest - len(row["history"])) for row in rows]
    inputs["history"] = tf.constant(padded, tf.string, shape=[len(rows), longest])
    inputs["history_length"] = tf.constant([len(row["history"]) for row in rows], tf.int64)
    return inputs


def test_the_doors_are_named_and_answer_every_probability_and_the_score(tiny, doors):
    assert set(doors.signatures) == {"serving_default", "predict_columns", "transform_features"}
    answer = doors.signatures["serving_default"](tf.constant(tiny.examples()))
    assert {name: tensor.shape.as_list() for name, tensor in answer.items()} == {
        name: [6] for name in ("ctr", "cvr", "ctcvr", "score")
    }


def test_serialized_examples_and_columns_get_the_same_answers(tiny, doors):
    by_example = doors.signatures["serving_default"](tf.constant(tiny.examples()))
    by_column = doors.signatures["predict_columns"](**columns(tiny.rows))
    for name, answer in by_example.items():
        np.testing.assert_allclose(answer, by_column[name], atol=1e-7, err_msg=name)


def test_the_exported_answer_is_the_trained_models_on_the_packed_tensors(tiny, doors):
    packed = {
        name: tf.constant(np.stack([row[name] for row in tiny.packed]))
        for name in tiny.packed[0]
        if name != "labels"
    }
    expected = doors.trained.probabilities(doors.trained(packed))
    answer = doors.signatures["serving_default"](tf.constant(tiny.examples()))
    inner = doors.score_packed(packed)
    for name, probability in expected.items():
        np.testing.assert_allclose(answer[name], probability, atol=1e-6, err_msg=name)
        np.testing.assert_allclose(inner[name], probability, atol=1e-6, err_msg=name)


def test_ctcvr_is_the_product_of_ctr_and_cvr(tiny, doors):
    answer = doors.signatures["serving_default"](tf.constant(tiny.examples()))
    np.testing.assert_allclose(answer["ctcvr"], answer["ctr"] * answer["cvr"], atol=1e-7)


def test_the_score_is_the_expression_with_a_missing_price_as_zero(tiny, doors):
    answer = doors.signatures["serving_default"](tf.constant(tiny.examples()))
    price = np.array([1.0, 3.0, 0.0, 0.0, 2.0, 0.0])  # NaN, infinite and absent are 0
    np.testing.assert_allclose(
        answer["score"], answer["ctr"] * answer["cvr"] ** 2 * price, rtol=1e-5
    )


def test_transform_features_answers_the_packed_tensors(tiny, doors):
    answer = doors.signatures["transform_features"](tf.constant(tiny.examples()))
    assert set(answer) == set(tiny.packed[0]) - {"labels"}
    for name, tensor in answer.items():
        np.testing.assert_allclose(tensor, [row[name] for row in tiny.packed], atol=1e-6)


def test_no_rows_get_no_answers(doors):
    answer = doors.signatures["serving_default"](tf.constant([], tf.string))
    assert {name: tensor.shape.as_list() for name, tensor in answer.items()} == {
        name: [0] for name in ("ctr", "cvr", "ctcvr", "score")
    }


def test_a_row_without_any_feature_gets_a_finite_answer(doors):
    answer = doors.signatures["serving_default"](tf.constant([b""]))
    assert all(np.isfinite(tensor.numpy()).all() for tensor in answer.values())

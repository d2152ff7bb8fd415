import dataclasses
import json
import os

import pytest
import tensorflow as tf
from tfx.types import artifact_utils
from tfx.types.standard_artifacts import Examples, InfraBlessing, Model

from components.serving_check.component import ServingCheck, check_model, first_examples
from schemas.columns import Column
from schemas.heads import Head

COLUMNS = (
    Column("impression_id", "text", role="key"),
    Column("age", "float"),
    Column("history", "text", repeated=True),
    Column("price", "float", role="extra"),
    Column("click", "int", role="label"),
)
HEADS = {"ctr": Head(label="click"), "cvr": Head(label="buy", given="ctr")}
RAW = {
    "age": tf.io.VarLenFeature(tf.float32),
    "price": tf.io.VarLenFeature(tf.float32),
    "history": tf.io.VarLenFeature(tf.string),
}


def example(age, price, history):
    made = tf.train.Example()
    made.features.feature["click"].int64_list.value.append(1)
    for name, value in (("age", age), ("price", price)):
        if value is not None:
            made.features.feature[name].float_list.value.append(value)
    made.features.feature["history"].bytes_list.value.extend(item.encode() for item in history)
    return made.SerializeToString()


ROWS = [example(20.0, 3.0, ["a", "b"]), example(None, None, []), example(60.0, 500.0, ["c"])]
NO_HISTORY = [example(20.0, 3.0, []), example(30.0, None, [])]


def right(age, price, length):
    """A model by hand: missing numbers are 0, ctcvr is the product. All are [N]."""
    age = tf.where(tf.math.is_nan(age), 0.0, age)
    price = tf.where(tf.math.is_nan(price), 0.0, price)
    ctr = tf.sigmoid(age / 100)
    cvr = tf.sigmoid(-tf.cast(length, tf.float32))
    return {"ctr": ctr, "cvr": cvr, "ctcvr": ctr * cvr, "score": ctr * cvr * price}


def save(path, answer=right, by_column=None, doors=("serving_default", "predict_columns")):
    """Saves `answer` behind both doors, or `by_column` behind the second."""

    def first(sparse):
        dense = tf.sparse.to_dense(sparse, default_value=float("nan"))
        return tf.pad(dense, [[0, 0], [0, 1]], constant_values=float("nan"))[:, 0]

    def examples_door(examples):
        raw = tf.io.parse_example(examples, RAW)
        ones = tf.sparse.map_values(lambda texts: tf.ones_like(texts, tf.int64), raw["history"])
        length = tf.sparse.reduce_sum(ones, axis=1)
        return answer(first(raw["age"]), first(raw["price"]), length)

    def columns_door(columns):
        return (by_column or answer)(columns["age"], columns["price"], columns["history_length"])

    specs = {
        "age": tf.TensorSpec([None], tf.float32, name="age"),
        "price": tf.TensorSpec([None], tf.float32, name="price"),
        "history": tf.TensorSpec([None, None], tf.string, name="history"),
        "history_length": tf.TensorSpec([None], tf.int64, name="history_length"),
    }
    functions = {
        "serving_default": tf.function(examples_door).get_concrete_function(
            tf.TensorSpec([None], tf.string, name="examples")
        ),
        "predict_columns": tf.function(columns_door).get_concrete_function(specs),
    }
    tf.saved_model.save(
        tf.Module(), str(path), signatures={name: functions[name] for name in doors}
    )


def changed(**changes):
    """The right model with some answers replaced, each a function of them all."""

    def answer(age, price, length):
        answers = right(age, price, length)
        return {**answers, **{name: change(answers) for name, change in changes.items()}}

    return answer


@pytest.mark.parametrize("rows", [ROWS, NO_HISTORY, ROWS[:1]])
def test_a_right_model_may_serve(tmp_path, rows):
    save(tmp_path)
    assert check_model(str(tmp_path), rows, COLUMNS, HEADS) == []


@pytest.mark.parametrize(
    ("answer", "rule"),
    [
        (changed(ctr=lambda a: a["ctr"] + 1), "ctr must be in [0, 1]"),
        (changed(ctcvr=lambda a: a["ctcvr"] * 0.9), "ctcvr must be ctr * cvr"),
        (changed(cvr=lambda a: a["cvr"] * float("nan")), "cvr must be in [0, 1], found nan to nan"),
        (
            changed(ctr=lambda a: a["ctr"] / tf.cast(tf.size(a["ctr"]), tf.float32)),
            "a batch of one differs from a row of a batch by 0.37 in ctr",
        ),
    ],
    ids=["above 1", "no product", "not a number", "looks at the batch"],
)
def test_a_model_that_breaks_a_rule_may_not_serve(tmp_path, answer, rule):
    save(tmp_path, answer)
    assert rule in "; ".join(check_model(str(tmp_path), ROWS, COLUMNS, HEADS))


def test_a_model_whose_doors_differ_may_not_serve(tmp_path):
    save(tmp_path, by_column=lambda age, price, length: right(age, price, length + 1))
    assert check_model(str(tmp_path), ROWS, COLUMNS, HEADS) == [
        "serving_default and predict_columns differ by 0.56 in score"
    ]


def test_a_model_without_a_door_may_not_serve(tmp_path):
    save(tmp_path, doors=("serving_default",))
    assert check_model(str(tmp_path), ROWS, COLUMNS, HEADS) == [
        "it has no signature predict_columns, only serving_default"
    ]


def test_a_model_that_was_tried_on_nothing_may_not_serve(tmp_path):
    assert check_model(str(tmp_path), [], COLUMNS, HEADS) == [
        "there is no example in the eval split to try it on"
    ]


@pytest.fixture
def examples(tmp_path):
    artifact = Examples()
    artifact.uri = str(tmp_path / "examples")
    artifact.split_names = artifact_utils.encode_split_names(["train", "eval"])
    folder = tmp_path / "examples" / "Split-eval"
    folder.mkdir(parents=True)
    for shard, rows in enumerate((ROWS[:2], ROWS[2:])):
        path = str(folder / f"data_tfrecord-0000{shard}-of-00002.gz")
        with tf.io.TFRecordWriter(path, "GZIP") as writer:
            for row in rows:
                writer.write(row)
    return artifact


def test_the_first_examples_are_read_in_the_order_of_the_files(examples):
    assert first_examples(examples, "eval", 9) == ROWS
    assert first_examples(examples, "eval", 2) == ROWS[:2]


def run(examples, tmp_path):
    model, blessing = Model(), InfraBlessing()
    model.uri, blessing.uri = str(tmp_path / "model"), str(tmp_path / "blessing")
    ServingCheck.test_call(
        model=model,
        examples=examples,
        blessing=blessing,
        columns=json.dumps([dataclasses.asdict(column) for column in COLUMNS]),
        heads=json.dumps({name: head.model_dump() for name, head in HEADS.items()}),
    )
    return blessing


def test_a_right_model_is_blessed(examples, tmp_path):
    save(tmp_path / "model" / "Format-Serving")
    blessing = run(examples, tmp_path)
    assert blessing.get_int_custom_property("blessed") == 1
    assert os.listdir(blessing.uri) == ["INFRA_BLESSED"]


def test_a_wrong_model_fails_the_run_and_is_not_blessed(examples, tmp_path):
    save(tmp_path / "model" / "Format-Serving", changed(ctcvr=lambda a: a["ctr"]))
    with pytest.raises(ValueError, match=r"the exported model cannot serve: ctcvr must be ctr \* "):
        run(examples, tmp_path)
    assert not os.path.exists(tmp_path / "blessing")

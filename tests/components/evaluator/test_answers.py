import pickle

import numpy as np
import pytest
import tensorflow as tf

from components.evaluator.answers import Models, Sources

OVERALL = {"ctr": 0.5, "cvr": 0.25}


@pytest.fixture
def folders(save_model):
    names = ("ctr", "cvr")
    return {name: str(save_model(name, names) / "Format-Serving") for name in ("one", "two")}


def examples(*rows):
    found = []
    for row in rows:
        example = tf.train.Example()
        for name, value in row.items():
            example.features.feature[name].float_list.value.append(value)
        found.append(example.SerializeToString())
    return tf.constant(found, tf.string)


BATCH = [
    {"one_ctr": 0.1, "one_cvr": 0.2, "two_ctr": 0.3, "two_cvr": 0.4},
    {"one_ctr": 0.5, "one_cvr": 0.6, "two_ctr": 0.7, "two_cvr": float("nan")},
]


def test_every_model_answers_the_same_batch(folders):
    found = Models(Sources(folders, None), ["ctr", "cvr"]).answer(examples(*BATCH), None)
    assert set(found) == {"one", "two"}
    np.testing.assert_array_equal(found["one"]["ctr"], np.float32([0.1, 0.5]))
    np.testing.assert_array_equal(found["two"]["cvr"], np.float32([0.4, np.nan]))
    assert found["one"]["ctr"].dtype == np.float32


def test_popularity_answers_by_item(folders, write_rates):
    uri = str(write_rates(OVERALL, {"good": 0.75}))
    models = Models(Sources(folders, uri), ["ctr"])
    found = models.answer(examples(*BATCH), tf.constant(["unknown", "good"]))
    assert found["popularity"]["ctr"].tolist() == [0.5, 0.75]
    assert "popularity" not in models.answer(examples(*BATCH), None)


def test_models_travel_to_workers_and_are_loaded_there(folders):
    models = pickle.loads(pickle.dumps(Models(Sources(folders, None), ["ctr"])))
    assert len(models.answer(examples(*BATCH), None)["one"]["ctr"]) == 2

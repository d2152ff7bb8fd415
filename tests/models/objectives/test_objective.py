import numpy as np
import pytest
import tensorflow as tf

from models.config import ModelConfig
from models.objectives.objective import Objective
from schemas.heads import Head

HEADS = {"ctr": Head(label="click"), "cvr": Head(label="conversion", given="ctr")}


def test_an_objective_has_a_tower_per_head_unless_it_asks_for_more():
    assert Objective(HEADS, ModelConfig()).towers() == ("ctr", "cvr")


def test_probabilities_are_the_joints_of_the_logits():
    logits = {"ctr": tf.constant([0.0]), "cvr": tf.constant([0.0])}
    answers = Objective(HEADS, ModelConfig()).probabilities(logits)
    assert list(answers) == ["ctr", "cvr", "ctcvr"]
    np.testing.assert_allclose([answers[name][0] for name in answers], [0.5, 0.5, 0.25], rtol=1e-6)


def test_an_objective_without_terms_is_no_objective():
    with pytest.raises(NotImplementedError):
        Objective(HEADS, ModelConfig()).terms({}, {})

import pytest
import tensorflow as tf

from models import options
from models.objectives.objective import Objective
from models.targets import Targets
from schemas.heads import Head

HEADS = {"ctr": Head(label="click"), "cvr": Head(label="conversion", given="ctr")}


def test_an_objective_has_a_tower_per_head_unless_it_asks_for_more():
    assert Objective(HEADS, options.EntireSpace()).towers() == ("ctr", "cvr")


def test_the_logits_of_the_heads_are_those_of_their_towers():
    logits = {"ctr": tf.constant([0.0]), "cvr": tf.constant([0.0])}
    assert Objective(HEADS, options.EntireSpace()).head_logits(logits) == logits


def test_an_objective_without_terms_is_no_objective():
    with pytest.raises(NotImplementedError):
        Objective(HEADS, options.EntireSpace()).terms({}, Targets({}, {}, {}))

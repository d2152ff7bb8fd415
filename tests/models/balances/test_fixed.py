import pytest
import tensorflow as tf

from models import options
from models.balances.fixed import Fixed

TERMS = {"ctr": tf.constant(0.25), "ctcvr": tf.constant(2.0)}


def test_every_term_counts_once_unless_told_otherwise():
    assert float(Fixed(options.Fixed())(TERMS)) == 2.25


def test_a_weight_multiplies_its_own_term():
    assert float(Fixed(options.Fixed(weights={"ctr": 4.0}))(TERMS)) == 3.0
    assert float(Fixed(options.Fixed(weights={"ctcvr": 0.0}))(TERMS)) == 0.25


def test_a_weight_without_a_term_is_refused():
    with pytest.raises(ValueError, match=r"'cvr'.*the objective has the loss terms ctr, ctcvr"):
        Fixed(options.Fixed(weights={"cvr": 4.0}))(TERMS)


def test_the_current_weights_are_the_chosen_ones():
    found = Fixed(options.Fixed(weights={"ctr": 4.0})).current_weights(["ctr", "ctcvr"])
    assert {name: float(weight) for name, weight in found.items()} == {"ctr": 4.0, "ctcvr": 1.0}

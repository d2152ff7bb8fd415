import pytest
import tensorflow as tf

from models.balances.fixed import Fixed
from models.config import ModelConfig

TERMS = {"ctr": tf.constant(0.25), "ctcvr": tf.constant(2.0)}


def test_every_term_counts_once_unless_told_otherwise():
    assert float(Fixed(ModelConfig())(TERMS)) == 2.25


def test_a_weight_multiplies_its_own_term():
    assert float(Fixed(ModelConfig(weights={"ctr": 4.0}))(TERMS)) == 3.0
    assert float(Fixed(ModelConfig(weights={"ctcvr": 0.0}))(TERMS)) == 0.25


def test_a_weight_without_a_term_is_refused():
    with pytest.raises(ValueError, match=r"'cvr'.*entire_space has the loss terms ctr, ctcvr"):
        Fixed(ModelConfig(weights={"cvr": 4.0}))(TERMS)

import pytest
import tensorflow as tf

from models import options
from models.balances.balance import Balance


def test_gradients_are_those_of_the_loss_and_single_terms_can_be_had_as_well():
    x = tf.Variable(3.0)
    balance = Balance(options.Fixed())
    with tf.GradientTape(persistent=True) as tape:
        terms = {"a": x**2, "b": 5 * x}
        loss = terms["a"] + terms["b"]
    assert float(balance.gradients(tape, terms, loss, [x], [])[0]) == 11
    assert float(tape.gradient(terms["b"], x)) == 5


def test_a_balance_without_a_sum_is_no_balance():
    with pytest.raises(NotImplementedError):
        Balance(options.Fixed()).call({})

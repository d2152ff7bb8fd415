import pytest
import tensorflow as tf

from models import options
from models.trunks.trunk import Trunk


def test_a_trunk_shares_nothing_and_has_no_gates_unless_it_says_so():
    trunk = Trunk(2, (4,), options.Separate())
    xs = [tf.zeros([3, 5])] * 2
    assert trunk.shared_kernels() == []
    assert trunk.gates(xs) is None
    assert trunk.experts(xs) is None


def test_a_trunk_without_a_call_is_no_trunk():
    with pytest.raises(NotImplementedError):
        Trunk(2, (4,), options.Separate()).call([tf.zeros([3, 5])] * 2)

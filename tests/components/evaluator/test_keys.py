import numpy as np
import pytest
import tensorflow as tf

from components.evaluator.keys import owners
from components.log_example_gen.decode import ABSENT, Columns
from schemas.evaluation import EvaluationConfig


def columns(**texts):
    held = {
        name: tf.constant([ABSENT if text is None else text for text in column])
        for name, column in texts.items()
    }
    return Columns(held["impression_id"], held, {})


IDS = ["a", "b", "c", "d", "e", "f"]
# The third user is absent, the fifth too, and so is the fifth's request.
TWO = columns(
    impression_id=IDS,
    user=["u", "u", None, "v", "", "q"],
    request=["q", "r", "q", "q", None, "q"],
)


def same(hashes):
    """Which rows have one hash: for each the first row with it."""
    return [int(np.flatnonzero(hashes == each)[0]) for each in hashes]


def test_rows_belong_to_users_and_requests_to_one_user():
    user, request = owners(TWO, EvaluationConfig(user="user", request="request"))
    assert same(user) == [0, 0, 2, 3, 4, 5]
    assert same(request) == [0, 1, 2, 3, 4, 5]  # the request q of u, of nobody and of v are three


def test_without_users_rows_belong_to_requests():
    user, request = owners(TWO, EvaluationConfig(request="request"))
    assert same(user) == same(request) == [0, 1, 0, 0, 4, 0]


def test_without_either_every_row_is_its_own():
    user, request = owners(TWO, EvaluationConfig())
    assert same(user) == list(range(6))
    assert request is None


def test_two_rows_of_one_user_in_one_request_are_together():
    found = columns(impression_id=["a", "b"], user=["u", "u"], request=["q", "q"])
    user, request = owners(found, EvaluationConfig(user="user", request="request"))
    assert same(user) == same(request) == [0, 0]


@pytest.mark.parametrize("stand_in", ["\x01q", "\x02a"])
def test_what_stands_in_for_an_absent_user_is_no_users_name(stand_in):
    found = columns(impression_id=["a", "b"], user=[None, "q"], request=["q", "q"])
    user, _ = owners(found, EvaluationConfig(user="user", request="request"))
    assert len(set(user.tolist())) == 2

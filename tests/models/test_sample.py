import numpy as np
import pytest
import tensorflow as tf

from models.sample import ROWS, sample


def batch(start, rows):
    number = np.arange(start, start + rows)
    return {"dense": tf.constant(number[:, None])}, tf.constant(number[:, None] * 2)


def test_few_rows_are_all_taken_in_their_order():
    features, labels = sample([batch(0, 4), batch(4, 3)])
    assert features["dense"][:, 0].tolist() == list(range(7))
    assert labels[:, 0].tolist() == [0, 2, 4, 6, 8, 10, 12]


def test_of_many_rows_only_the_first_are_taken_and_no_further_batch_is_read():
    read = []

    def batches():
        for number in range(4):
            read.append(number)
            yield batch(number * 15_000, 15_000)

    features, labels = sample(batches())
    assert features["dense"][:, 0].tolist() == list(range(ROWS))
    assert len(labels) == ROWS
    assert read == [0, 1]


def test_no_rows_at_all_are_refused():
    with pytest.raises(ValueError, match="a split holds no examples: is its last span empty"):
        sample([])

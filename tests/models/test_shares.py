import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from models.shares import WHOLE, Share, share_of, split


def batches_of(sizes):
    """Rows 0, 1, 2, ... in batches of these sizes, and twice each row beside it."""
    ends = np.cumsum(sizes)
    found = [np.arange(end - size, end) for size, end in zip(sizes, ends, strict=True)]

    def generate():
        for rows in found:
            yield {"row": rows}, 2 * rows[:, None]

    signature = (
        {"row": tf.TensorSpec([None], tf.int64)},
        tf.TensorSpec([None, 1], tf.int64),
    )
    return tf.data.Dataset.from_generator(generate, output_signature=signature), found


@settings(max_examples=10, deadline=None)
@given(
    sizes=st.lists(st.integers(0, 9), min_size=1, max_size=3),
    workers=st.integers(1, 3),
    devices=st.integers(1, 3),
)
def test_the_shares_of_all_workers_put_together_are_every_batch_in_order(sizes, workers, devices):
    of = workers * devices
    batches, whole = batches_of(sizes)
    parts = []  # of each replica, its rows batch by batch
    for worker in range(workers):
        found = list(split(batches, Share(worker * devices, devices, of)))
        assert len(found) == devices * len(sizes)  # every worker takes as many steps
        for features, labels in found:
            assert np.array_equal(labels, 2 * features["row"].numpy()[:, None])
        rows = [features["row"].numpy() for features, _ in found]
        parts += [rows[device::devices] for device in range(devices)]
    for number, batch in enumerate(whole):
        pieces = [part[number] for part in parts]
        assert np.array_equal(np.concatenate(pieces), batch)
        lengths = [len(piece) for piece in pieces]
        assert max(lengths) - min(lengths) <= 1


def test_a_share_of_the_whole_leaves_the_batches_as_they_are():
    batches, _ = batches_of([3, 2])
    assert split(batches, WHOLE) is batches


def test_batches_of_one_tensor_are_split_likewise():
    batches = tf.data.Dataset.range(10).batch(5)
    found = [part.numpy().tolist() for part in split(batches, Share(1, 1, 2))]
    assert found == [[2, 3, 4], [7, 8, 9]]


@pytest.mark.parametrize(
    ("worker", "expected"), [(0, Share(0, 2, 6)), (1, Share(2, 2, 6)), (2, Share(4, 2, 6))]
)
def test_a_worker_feeds_its_own_devices(worker, expected):
    context = tf.distribute.InputContext(
        num_input_pipelines=3, input_pipeline_id=worker, num_replicas_in_sync=6
    )
    assert share_of(context) == expected


@pytest.mark.parametrize(("size", "known"), [(8, 4), (7, None)])
def test_parts_that_are_all_alike_are_known_to_be(size, known):
    batches = tf.data.Dataset.range(3 * size).batch(size, drop_remainder=True)
    assert split(batches, Share(0, 2, 2)).element_spec.shape == [known]
    assert split(batches.map(lambda rows: (rows, rows)), Share(1, 1, 2)).element_spec[1].shape == [
        known
    ]

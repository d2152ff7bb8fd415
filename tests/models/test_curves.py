import numpy as np
import pytest
import tensorflow as tf
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from models.checkpoints import Progress, Validation
from models.curves import Curves

LOSSES = np.arange(24, dtype=np.float32).reshape(12, 2)  # of step n: 2 n - 2 and 2 n - 1
WEIGHTS = {"ctr": tf.constant(0.5)}


def run(curves, progress, losses, count=1):
    for start in range(0, len(losses), count):
        part = losses[start : start + count]
        progress.steps += len(part)
        curves.add(part, lambda: WEIGHTS)


def test_a_run_has_some_hundred_records(tmp_path):
    every = {total: Curves(["ctr"], Progress(), total, str(tmp_path)).every for total in
             (1, 99, 100, 250, 1000, 12_345)}  # fmt: skip
    assert every == {1: 1, 99: 1, 100: 1, 250: 2, 1000: 10, 12_345: 123}


@pytest.mark.parametrize("count", [1, 2, 4])
def test_a_record_is_the_mean_of_its_steps_however_many_came_at_once(tmp_path, count):
    progress = Progress()
    curves = Curves(["ctr"], progress, 400, str(tmp_path))
    run(curves, progress, LOSSES, count)
    assert curves.every == 4
    assert progress.curves == [
        {"step": 4, "loss": 3.0, "ctr_loss": 4.0, "weights": {"ctr": 0.5}},
        {"step": 8, "loss": 11.0, "ctr_loss": 12.0, "weights": {"ctr": 0.5}},
        {"step": 12, "loss": 19.0, "ctr_loss": 20.0, "weights": {"ctr": 0.5}},
    ]
    assert progress.waiting == []


def test_a_run_that_stops_amid_a_record_goes_on_with_it(tmp_path):
    whole, first = Progress(), Progress()
    run(Curves(["ctr"], whole, 400, str(tmp_path)), whole, LOSSES)
    run(Curves(["ctr"], first, 400, str(tmp_path)), first, LOSSES[:6])
    assert (len(first.curves), len(first.waiting)) == (1, 2)
    resumed = Progress.model_validate_json(first.model_dump_json())
    run(Curves(["ctr"], resumed, 400, str(tmp_path)), resumed, LOSSES[6:])
    assert resumed == whole


def test_records_are_short_to_read(tmp_path):
    progress = Progress(steps=1)
    curves = Curves(["ctr"], progress, 1, str(tmp_path))
    curves.add(np.array([[1 / 3, 2 / 3]], np.float32), lambda: {"ctr": tf.constant(1 / 3)})
    (record,) = progress.curves
    assert (record["loss"], record["ctr_loss"]) == (0.333333, 0.666667)
    assert record["weights"] == {"ctr": 0.333333}


def test_tensorboard_shows_losses_and_figures_by_step(tmp_path):
    progress = Progress()
    curves = Curves(["ctr"], progress, 200, str(tmp_path))
    run(curves, progress, LOSSES[:4])
    progress.validations.append(Validation(step=4, figures={"ctr": {"auc": 0.75}}))
    curves.validated()
    del curves  # closes the file
    events = EventAccumulator(str(tmp_path), size_guidance={"tensors": 0})
    events.Reload()
    found = {
        tag: [(e.step, float(tf.make_ndarray(e.tensor_proto))) for e in events.Tensors(tag)]
        for tag in events.Tags()["tensors"]
    }
    assert found == {
        "train/loss": [(2, 1.0), (4, 5.0)],
        "train/ctr_loss": [(2, 2.0), (4, 6.0)],
        "validation/ctr/auc": [(4, 0.75)],
    }

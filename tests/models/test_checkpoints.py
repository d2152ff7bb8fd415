import math

import numpy as np
import pytest
import tensorflow as tf

from models.checkpoints import Checkpoints, Progress, Validation, discard

NAN = float("nan")


class Model(tf.Module):
    """Two weights and an optimizer, as a compiled Keras model has them."""

    def __init__(self):
        super().__init__()
        self.weight = tf.Variable([1.0, 2.0])
        self.table = tf.Variable(tf.ones([3, 2]))
        self.optimizer = tf.keras.optimizers.legacy.Adam(0.1)

    def step(self):
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(self.weight**2) + tf.reduce_sum(self.table**2)
        found = tape.gradient(loss, [self.weight, self.table])
        self.optimizer.apply_gradients(zip(found, [self.weight, self.table], strict=True))

    @property
    def variables(self):
        return (self.weight, self.table)


def state(model):
    slots = [model.optimizer.get_slot(v, name) for v in model.variables for name in ("m", "v")]
    return [v.numpy().tolist() for v in (*model.variables, *slots, model.optimizer.iterations)]


def files(directory):
    return sorted(path.name for path in directory.iterdir())


def test_a_checkpoint_restores_weights_slots_steps_and_progress(tmp_path):
    model = Model()
    saving = Checkpoints(model, str(tmp_path))
    assert saving.restore() == Progress()
    model.step()
    progress = Progress(
        steps=1,
        curves=[{"step": 1, "loss": 0.5, "weights": {"ctr": 1.0}}],
        waiting=[[0.25, 0.125]],
        validations=[Validation(step=1, figures={"ctr": {"auc": 0.75}})],
    )
    saving.save(progress)
    expected = state(model)
    model.step()  # not saved
    again = Model()
    assert Checkpoints(again, str(tmp_path)).restore() == progress
    again.optimizer._create_all_weights(again.variables)
    assert state(again) == expected
    again.step()
    assert state(again) == state(model)


def test_without_a_checkpoint_a_run_starts_at_step_0_with_the_weights_it_has(tmp_path):
    model = Model()
    assert Checkpoints(model, str(tmp_path / "none")).restore().steps == 0
    assert model.weight.numpy().tolist() == [1.0, 2.0]


def test_figures_and_losses_that_are_no_numbers_survive(tmp_path):
    model = Model()
    saving = Checkpoints(model, str(tmp_path))
    figures = {"cvr": {"auc": NAN, "calibration": math.inf, "log_loss": -math.inf, "x": 1.0}}
    saving.save(
        Progress(
            steps=3,
            curves=[{"step": 3, "loss": NAN, "weights": {"cvr": math.inf}}],
            waiting=[[NAN, 1.0]],
            validations=[Validation(step=3, figures=figures)],
        )
    )
    found = Checkpoints(model, str(tmp_path)).restore()
    figures = found.validations[0].figures["cvr"]
    assert math.isnan(figures["auc"])
    assert (figures["calibration"], figures["log_loss"]) == (math.inf, -math.inf)
    assert math.isnan(found.curves[0]["loss"])
    assert found.curves[0]["weights"] == {"cvr": math.inf}
    assert math.isnan(found.waiting[0][0])
    assert isinstance(found.curves[0]["step"], int)


def test_the_newest_of_two_checkpoints_is_restored_and_older_ones_are_gone(tmp_path):
    model = Model()
    saving = Checkpoints(model, str(tmp_path))
    for step in (2, 4, 6):
        model.weight.assign([step, step])
        saving.save(Progress(steps=step))
    assert {name.split(".")[0] for name in files(tmp_path)} == {"checkpoint", "ckpt-4", "ckpt-6"}
    again = Model()
    assert Checkpoints(again, str(tmp_path)).restore().steps == 6
    assert again.weight.numpy().tolist() == [6, 6]


def broken(tmp_path, *steps):
    """Writes checkpoints of 1 and 2 steps, of which some break off."""
    model = Model()
    saving = Checkpoints(model, str(tmp_path))
    for step in (1, 2):
        model.step()
        saving.save(Progress(steps=step))
    for step in steps:
        (data,) = tmp_path.glob(f"ckpt-{step}.data-*")
        data.write_bytes(data.read_bytes()[:40])
    restored = Model()
    return restored, Checkpoints(restored, str(tmp_path)).restore()


def test_of_a_checkpoint_that_breaks_off_nothing_is_restored_but_of_the_one_before(tmp_path):
    model, progress = broken(tmp_path, 2)
    trained = Model()
    trained.step()
    assert progress.steps == 1
    assert state(model) == state(trained)


def test_where_no_checkpoint_can_be_read_a_run_begins(tmp_path):
    model, progress = broken(tmp_path, 1, 2)
    assert progress == Progress()
    assert model.weight.numpy().tolist() == [1.0, 2.0]


def test_of_several_processes_one_writes(tmp_path):
    Checkpoints(Model(), str(tmp_path), writes=False).save(Progress(steps=2), best=True)
    assert files(tmp_path) == []


def test_the_best_weights_are_had_again_and_the_optimizer_stays(tmp_path):
    model = Model()
    saving = Checkpoints(model, str(tmp_path))
    model.step()
    saving.save(Progress(steps=1), best=True)
    best = [v.numpy() for v in model.variables]
    model.step()
    saving.save(Progress(steps=2))
    later = state(model)
    saving.restore_best(1)
    for found, expected in zip(model.variables, best, strict=True):
        np.testing.assert_array_equal(found, expected)
    assert state(model)[2:] == later[2:]


def test_the_best_weights_are_kept_without_the_optimizer_which_weighs_more(tmp_path):
    model = Model()
    model.step()
    Checkpoints(model, str(tmp_path)).save(Progress(steps=1), best=True)
    names = [name for name, _ in tf.train.list_variables(str(tmp_path / "best-1"))]
    assert len([name for name in names if name.startswith("weights/")]) == 2
    assert not any("optimizer" in name or "SLOT" in name for name in names)


def test_only_the_best_weights_of_all_are_kept(tmp_path):
    model = Model()
    saving = Checkpoints(model, str(tmp_path))
    saving.save(Progress(steps=1), best=True)
    saving.save(Progress(steps=12), best=True)
    saving.save(Progress(steps=13))
    best = {name.split(".")[0] for name in files(tmp_path) if name.startswith("best")}
    assert best == {"best-12"}


def test_best_weights_without_a_checkpoint_that_tells_of_them_leave_the_former_alone(
    tmp_path, monkeypatch
):
    """As if it was killed in between: the run goes on from step 1, whose best is its own."""
    model = Model()
    saving = Checkpoints(model, str(tmp_path))
    saving.save(Progress(steps=1), best=True)
    model.weight.assign([5.0, 5.0])

    def killed(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(tf.train.CheckpointManager, "save", killed)
    with pytest.raises(KeyboardInterrupt):
        saving.save(Progress(steps=2), best=True)
    again = Model()
    resumed = Checkpoints(again, str(tmp_path))
    assert resumed.restore().steps == 1
    resumed.restore_best(1)
    assert again.weight.numpy().tolist() == [1.0, 2.0]


def test_what_is_discarded_is_gone_with_what_an_earlier_attempt_left_of_it(tmp_path):
    for place in ("run/steps", "run.gone/rows", "other"):
        (tmp_path / place).mkdir(parents=True)
        (tmp_path / place / "file").write_text("x")
    discard(str(tmp_path / "run"))
    assert files(tmp_path) == ["other"]
    discard(str(tmp_path / "run"))  # nothing there


def test_a_removal_that_is_killed_leaves_nothing_to_go_on_from(tmp_path, monkeypatch):
    directory = tmp_path / "run"
    Checkpoints(Model(), str(directory)).save(Progress(steps=1))
    monkeypatch.setattr("shutil.rmtree", lambda path: (_ for _ in ()).throw(OSError(path)))
    with pytest.raises(OSError):
        discard(str(directory))
    assert Checkpoints(Model(), str(directory)).restore().steps == 0

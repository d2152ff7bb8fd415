import numpy as np
import tensorflow as tf

from models.checkpoints import Checkpoints


def compiled():
    model = tf.keras.Sequential([tf.keras.layers.Dense(1, input_shape=(2,))])
    model.compile(tf.keras.optimizers.legacy.Adam(0.1), "mse")
    return model


def test_a_checkpoint_restores_weights_slots_and_the_step_count(tmp_path):
    x, y = np.ones([6, 2], "float32"), np.ones([6, 1], "float32")
    model = compiled()
    saving = Checkpoints(model, str(tmp_path), every=2)
    assert saving.restore() == 0
    model.fit(x, y, batch_size=2, callbacks=[saving], verbose=0)  # 3 steps, saved at the second
    again = compiled()
    resumed = Checkpoints(again, str(tmp_path), every=2)
    assert resumed.restore() == 2
    again.fit(x[4:], y[4:], batch_size=2, verbose=0)  # the third step
    for left, right in zip(model.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_allclose(left, right, atol=1e-7)


def test_without_a_checkpoint_a_run_starts_at_step_0(tmp_path):
    assert Checkpoints(compiled(), str(tmp_path / "none"), every=2).restore() == 0

import numpy as np
import tensorflow as tf

from models.config import ModelConfig, TrainingConfig
from models.optimizers import make_optimizer
from models.ranking_model import RankingModel
from schemas.features import Categorical, Numeric
from schemas.heads import Head
from schemas.layout import make_layout

HEADS = {"ctr": Head(label="click"), "cvr": Head(label="conversion", given="ctr")}
LAYOUT = make_layout(
    {
        "user": Categorical(kind="categorical", side="user", hash=20, width=4),
        "price": Numeric(kind="numeric", side="item"),
    }
)
CONFIG = ModelConfig(
    units=(8,), tower=(), trunk={"kind": "mmoe", "experts": 2}, balance="uncertainty"
)


def make(seed, training=None):
    model = RankingModel(LAYOUT, HEADS, CONFIG, seed=seed)
    model.compile(optimizer=make_optimizer(model, training or TrainingConfig()))
    return model


def data(steps, seed=0):
    random = np.random.default_rng(seed)
    rows = 32 * steps
    features = {
        "ids_4": random.integers(0, 21, (rows, 1)),
        "dense": random.normal(size=(rows, 1)).astype("float32"),
    }
    labels = random.integers(0, 2, (rows, 2)).astype("float32")
    return tf.data.Dataset.from_tensor_slices((features, labels)).batch(32)


def test_the_tables_take_adagrad_and_everything_else_adam():
    model = make(0)
    model.fit(data(1), verbose=0)
    adagrad, adam = model.optimizer.optimizers
    assert adagrad.get_slot_names() == ["accumulator"]
    assert set(adam.get_slot_names()) == {"m", "v"}
    assert len(adagrad.weights) == 1 + 1  # the step count, an accumulator
    dense = len(model.trainable_variables) - 1
    assert len(adam.weights) == 1 + 2 * dense


def test_a_step_of_adagrad_moves_the_rows_of_the_batch_and_no_other():
    model = make(0, TrainingConfig(embedding_learning_rate=0.02))
    before = model.bottoms[0].embedding.tables["table_4"].numpy()
    ids = tf.constant([[3], [3], [7]], tf.int64)
    model.train_step(({"ids_4": ids, "dense": tf.zeros([3, 1])}, tf.ones([3, 2])))
    moved = model.bottoms[0].embedding.tables["table_4"].numpy() - before
    assert np.flatnonzero(np.abs(moved).max(1)).tolist() == [3, 7]
    # lr g / sqrt(1e-8 + g^2): nearly lr, however small the gradient of a mean over the batch is
    assert 0.015 < np.abs(moved[[3, 7]]).mean() <= 0.02


def slots(model):
    adagrad, adam = model.optimizer.optimizers
    tables = model.tables
    dense = [v for v in model.trainable_variables if "table" not in v.name]
    return [
        *(adagrad.get_slot(table, "accumulator") for table in tables),
        *(adam.get_slot(variable, name) for variable in dense for name in ("m", "v")),
    ]


def test_a_run_resumed_from_a_checkpoint_goes_on_exactly(tmp_path):
    straight = make(0)
    straight.fit(data(3, seed=1), verbose=0)
    checkpoint = tf.train.Checkpoint(model=straight, optimizer=straight.optimizer)
    path = checkpoint.save(str(tmp_path / "step"))
    straight.fit(data(3, seed=2), verbose=0)

    resumed = make(99)
    status = tf.train.Checkpoint(model=resumed, optimizer=resumed.optimizer).restore(path)
    resumed.fit(data(3, seed=2), verbose=0)
    status.assert_consumed()

    assert int(resumed.optimizer.iterations) == 6
    for one, other in zip(straight.variables, resumed.variables, strict=True):
        np.testing.assert_array_equal(one, other, err_msg=one.name)
    for one, other in zip(slots(straight), slots(resumed), strict=True):
        np.testing.assert_array_equal(one, other, err_msg=one.name)


def test_a_fitted_step_is_compiled_by_no_xla():
    model = make(0)
    assert not model.jit_compile

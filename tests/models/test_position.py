import numpy as np
import tensorflow as tf

from models.config import ModelConfig
from models.position import PositionTower
from models.ranking_model import RankingModel
from schemas.features import Categorical, Numeric
from schemas.heads import Head
from schemas.layout import make_layout

LAYOUT = make_layout(
    {
        "age": Numeric(kind="numeric", side="user"),
        "slot": Categorical(kind="categorical", side="position", hash=5, width=3),
        "depth": Numeric(kind="numeric", side="position"),
    }
)
HEADS = {"ctr": Head(label="click"), "cvr": Head(label="conversion", given="ctr")}
SHOWN = {
    "position_ids_3": tf.constant([[1], [2], [2], [0]], tf.int64),
    "position_dense": tf.constant([[0.5], [-1.0], [2.0], [0.0]]),
}
ROWS = {"dense": tf.constant([[1.0], [1.0], [1.0], [1.0]]), **SHOWN}


def make(**config):
    config = ModelConfig(trunk="separate", units=(4,), tower=(), **config)
    return RankingModel(LAYOUT, HEADS, config, seed=0)


def test_the_tower_is_a_linear_layer_on_the_embedded_position():
    tower = PositionTower(LAYOUT.position, ("ctr",), dropout=0.0)
    added = tower(SHOWN)["ctr"]
    table, (kernel, bias) = tower.embedding.tables["table_3"], tower.shallow.get_weights()
    x = np.concatenate([table.numpy()[[1, 2, 2, 0]], SHOWN["position_dense"]], axis=1)
    np.testing.assert_allclose(added, (x @ kernel + bias)[:, 0], rtol=1e-5, atol=1e-7)


def test_it_is_dropped_for_a_share_of_the_rows():
    tower = PositionTower(LAYOUT.position, ("ctr",), dropout=0.25)
    many = {name: tf.repeat(tensor[:1], 20_000, axis=0) for name, tensor in SHOWN.items()}
    added = tower(many)["ctr"].numpy()
    assert set(np.unique(added)) == {0.0, added.max() if added.max() > 0 else added.min()}
    share = np.mean(added == 0)
    assert abs(share - 0.25) < 4 * np.sqrt(0.25 * 0.75 / 20_000)


def test_a_position_acts_on_what_is_seen_and_not_on_what_follows():
    model = make(position_dropout=0.0)
    without, shown = model.tower_logits(ROWS), model.tower_logits(ROWS, training=True)
    assert not np.allclose(without["ctr"], shown["ctr"])
    np.testing.assert_array_equal(without["cvr"], shown["cvr"])


def test_when_asked_a_position_makes_no_difference_and_may_be_missing():
    model = make()
    answers = model.answers({"dense": ROWS["dense"]})
    moved = {**ROWS, "position_ids_3": tf.constant([[4], [4], [1], [3]], tf.int64)}
    for name, answer in model.answers(moved).items():
        np.testing.assert_array_equal(answer, answers[name])
        assert len(set(answer.numpy().tolist())) == 1  # four rows that differ in position only


def test_clicks_that_hang_on_the_position_teach_the_tower_and_not_the_model():
    """Slot 1 is clicked four times as often as slot 2, whatever is shown there."""
    random = np.random.default_rng(0)
    slot = random.integers(1, 3, 4000)
    click = random.random(4000) < np.where(slot == 1, 0.4, 0.1)
    rows = {
        "dense": tf.constant(random.normal(size=(4000, 1)), tf.float32),
        "position_ids_3": tf.constant(slot[:, None], tf.int64),
        "position_dense": tf.zeros([4000, 1]),
    }
    labels = tf.constant(np.stack([click, np.zeros(4000)], 1), tf.float32)
    model = make()
    model.compile(optimizer=tf.keras.optimizers.legacy.Adam(0.05))
    for _ in range(150):
        model.train_step((rows, labels))
    added = model.position.shallow(model.position.embedding(rows).flat())[:, 0].numpy()
    learnt = added[slot == 1].mean() - added[slot == 2].mean()
    odds = np.log(0.4 / 0.6) - np.log(0.1 / 0.9)
    assert abs(learnt - odds) < 0.35

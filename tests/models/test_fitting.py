import logging

import numpy as np
import pytest
import tensorflow as tf

from models.config import ModelConfig, TrainingConfig
from models.fitting import fit, fit_scales
from models.ranking_model import RankingModel
from models.spec import ModelSpec
from models.training_data import TrainingData
from schemas.features import Numeric
from schemas.heads import Head, target_columns

HEADS = {
    "ctr": Head(label="click"),
    "spend": Head(label="paid", given="ctr", kind="value"),
    "like": Head(label="like"),
}


def spec_of(**training):
    return ModelSpec(
        name="tiny",
        columns=(),
        features={"number": Numeric(kind="numeric", side="user")},
        heads=HEADS,
        targets=target_columns(HEADS),
        model=ModelConfig(trunk="separate", balance="uncertainty", units=(4,), tower=()),
        training=TrainingConfig(batch_size=8, **training),
    )


@pytest.fixture
def files(tmp_path):
    """40 rows; what clicked rows paid is 100 and 104 in turn, others paid nothing."""
    path = str(tmp_path / "part.gz")
    with tf.io.TFRecordWriter(path, "GZIP") as writer:
        for number in range(40):
            click = number % 2
            labels = [click, click * (100 + number % 4 // 2 * 4), number % 3 == 0]
            example = tf.train.Example()
            example.features.feature["dense"].float_list.value.append(number / 40)
            example.features.feature["labels"].float_list.value.extend(map(float, labels))
            writer.write(example.SerializeToString())
    return [path]


def trained(files, place, **training):
    spec = spec_of(**training)
    model = RankingModel(spec.layout(), spec.heads, spec.model, seed=0)
    before = {name: tower.get_weights() for name, tower in model.towers.items()}
    data = TrainingData(spec, files, str(place / "rows"))
    record = fit(model, spec, data, files, str(place / "steps"), str(place / "logs"))
    moved = {
        name: not all(map(np.array_equal, before[name], tower.get_weights()))
        for name, tower in model.towers.items()
    }
    return model, record, moved


def test_all_heads_are_trained_for_all_epochs(files, tmp_path, caplog):
    with caplog.at_level(logging.INFO, "funnelrank.progress"):
        _, record, moved = trained(files, tmp_path, epochs=3)
    assert moved == {"ctr": True, "spend": True, "like": True}
    assert "trained 120 examples" in caplog.text
    assert [found["step"] for found in record] == list(range(1, 16))


def test_a_record_has_the_losses_and_what_the_balance_makes_of_them(files, tmp_path):
    _, record, _ = trained(files, tmp_path, epochs=3)
    assert set(record[0]) == {
        "step", "loss", "ctr_loss", "spend_loss", "like_loss", "weights"
    }  # fmt: skip
    assert set(record[0]["weights"]) == {"ctr", "spend", "like"}
    assert record[-1]["weights"]["ctr"] != record[0]["weights"]["ctr"]


def test_pretraining_teaches_its_heads_and_no_other(files, tmp_path):
    spec = spec_of(epochs=1, pretrain={"heads": ["like"], "epochs": 2})
    model = RankingModel(spec.layout(), spec.heads, spec.model, seed=0)
    before = {name: tower.get_weights() for name, tower in model.towers.items()}
    model.teach(spec.training.pretrain.heads)
    model.compile(optimizer=tf.keras.optimizers.legacy.Adam(0.01))
    data = TrainingData(spec, files, str(tmp_path / "rows"))
    for batch in data.epoch(0):
        terms = model.terms(batch)
        assert (float(terms["ctr"]), float(terms["spend"])) == (0.0, 0.0)
        assert float(terms["like"]) > 0
        model.train_step(batch)
    for name, tower in model.towers.items():
        same = all(map(np.array_equal, before[name], tower.get_weights()))
        assert same == (name != "like")
    assert float(model.balance.current_weights(["ctr"])["ctr"]) == 1.0


def test_after_pretraining_all_heads_learn(files, tmp_path, caplog):
    with caplog.at_level(logging.INFO, "funnelrank.progress"):
        _, record, moved = trained(
            files, tmp_path, epochs=1, pretrain={"heads": ["like"], "epochs": 2}
        )
    assert moved == {"ctr": True, "spend": True, "like": True}
    assert "trained 120 examples" in caplog.text
    assert [found["ctr_loss"] > 0 for found in record] == [False] * 10 + [True] * 5


def test_a_term_of_a_joint_waits_for_all_its_heads():
    heads = {"ctr": Head(label="click"), "cvr": Head(label="conversion", given="ctr")}
    layout = spec_of().layout()
    model = RankingModel(layout, heads, ModelConfig(units=(4,), tower=()), seed=0)
    batch = {"dense": tf.zeros([4, 1])}, tf.constant([[1.0, 1], [0, 0], [1, 0], [0, 0]])
    taught = {}
    for chosen in (("ctr",), ("cvr",), ("ctr", "cvr"), None):
        model.teach(chosen)
        taught[chosen] = {name for name, term in model.terms(batch).items() if float(term) > 0}
    assert taught == {
        ("ctr",): {"ctr"}, ("cvr",): set(), ("ctr", "cvr"): {"ctr", "ctcvr"},
        None: {"ctr", "ctcvr"},
    }  # fmt: skip


def test_no_examples_are_an_error_that_names_the_likely_reason(tmp_path):
    path = str(tmp_path / "empty.gz")
    with tf.io.TFRecordWriter(path, "GZIP"):
        pass
    with pytest.raises(ValueError, match="the training split holds no examples"):
        trained([path], tmp_path)


def test_the_scale_of_a_value_is_that_of_the_rows_where_its_parent_happened(files, tmp_path):
    spec = spec_of()
    model = RankingModel(spec.layout(), spec.heads, spec.model, seed=0)
    fit_scales(model, TrainingData(spec, files, str(tmp_path / "rows")).epoch(0))
    assert float(model.scales.means["spend"]) == 102.0
    assert float(model.scales.deviations["spend"]) == 2.0
    answers = model.answers({"dense": tf.zeros([3, 1])})
    assert np.abs(answers["spend"] - 102).max() < 10  # at once: no tower has to grow to it

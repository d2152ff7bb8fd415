import logging

import numpy as np
import pytest
import tensorflow as tf

from models.checkpoints import Checkpoints
from models.config import ModelConfig
from models.fitting import fit, fit_scales
from models.inputs import batched, in_order
from models.optimizers import make_optimizer
from models.ranking_model import RankingModel
from models.spec import ModelSpec
from models.steps import SynchronousSteps
from models.training_config import TrainingConfig
from models.training_data import TrainingData
from models.validation import figures
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


def write(path, rows):
    """Writes rows of a number and three labels."""
    with tf.io.TFRecordWriter(str(path), "GZIP") as writer:
        for number, labels in rows:
            example = tf.train.Example()
            example.features.feature["dense"].float_list.value.append(number)
            example.features.feature["labels"].float_list.value.extend(map(float, labels))
            writer.write(example.SerializeToString())
    return [str(path)]


def row(number):
    click = number % 2
    return number / 40, [click, click * (100 + number % 4 // 2 * 4), number % 3 == 0]


@pytest.fixture
def files(tmp_path):
    """40 rows; what clicked rows paid is 100 and 104 in turn, others paid nothing."""
    return write(tmp_path / "part.gz", map(row, range(40)))


def trained(files, place, validation=None, **training):
    """Returns the model after 5 steps an epoch, how that went, and which towers have moved."""
    spec = spec_of(**training)
    model = RankingModel(spec.layout(), spec.heads, spec.model, seed=0)
    model.compile(optimizer=make_optimizer(model, spec.training, 15))
    before = {name: tower.get_weights() for name, tower in model.towers.items()}
    data = TrainingData(spec, files, str(place / "rows"))
    watched = validation and batched(in_order(validation), spec.layout(), 3, 8)
    progress = fit(model, spec, data, watched, str(place / "steps"), str(place / "logs"))
    moved = {
        name: not all(map(np.array_equal, before[name], tower.get_weights()))
        for name, tower in model.towers.items()
    }
    return model, progress, moved


def test_all_heads_are_trained_for_all_epochs(files, tmp_path, caplog):
    with caplog.at_level(logging.INFO, "funnelrank.progress"):
        _, progress, moved = trained(files, tmp_path, epochs=3)
    assert moved == {"ctr": True, "spend": True, "like": True}
    assert "trained 120 examples" in caplog.text
    assert progress.steps == 15
    assert [found["step"] for found in progress.curves] == list(range(1, 16))


def test_a_record_has_the_losses_and_what_the_balance_makes_of_them(files, tmp_path):
    _, progress, _ = trained(files, tmp_path, epochs=3)
    record = progress.curves
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
        _, progress, moved = trained(
            files, tmp_path, epochs=1, pretrain={"heads": ["like"], "epochs": 2}
        )
    assert moved == {"ctr": True, "spend": True, "like": True}
    assert "trained 120 examples" in caplog.text
    assert [found["ctr_loss"] > 0 for found in progress.curves] == [False] * 10 + [True] * 5


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
    empty = write(tmp_path / "empty.gz", [])
    with pytest.raises(ValueError, match="the training split holds no examples"):
        trained(empty, tmp_path)


@pytest.fixture(scope="module")
def watched(tmp_path_factory):
    """What `trained` returns of three epochs, with a look at the same rows after each."""
    place = tmp_path_factory.mktemp("watched")
    files = write(place / "part.gz", map(row, range(40)))
    return trained(files, place, files, epochs=3)


@pytest.mark.parametrize("steps_per_execution", [5, 7])
def test_more_steps_between_two_looks_change_nothing(files, tmp_path, watched, steps_per_execution):
    expected, one_by_one, _ = watched
    found, progress, _ = trained(
        files, tmp_path / "more", files, epochs=3, steps_per_execution=steps_per_execution
    )
    assert progress == one_by_one
    for one, other in zip(expected.variables, found.variables, strict=True):
        np.testing.assert_array_equal(one, other, err_msg=one.name)


def test_several_steps_at_once_stop_where_something_has_to_be_done(tmp_path):
    """800 steps: a record every 8, a checkpoint every 30, a look every 50, an epoch every 100."""
    rows = write(tmp_path / "many.gz", (row(n % 40) for n in range(800)))
    taken = []

    class Watched(SynchronousSteps):
        def take(self, count):
            taken.append(count)
            return super().take(count)

    spec = spec_of(
        epochs=8,
        steps_per_execution=20,
        checkpoint_every=30,
        early_stopping={"metric": "ctr.log_loss", "every": 50, "patience": 99},
    )
    model = RankingModel(spec.layout(), spec.heads, spec.model, seed=0)
    model.compile(optimizer=make_optimizer(model, spec.training, 800))
    data = TrainingData(spec, rows, str(tmp_path / "rows"))
    steps = Watched(model, data, tf.distribute.get_strategy())
    watched = batched(in_order(rows), spec.layout(), 3, 800)
    progress = fit(
        model, spec, data, watched, str(tmp_path / "steps"), str(tmp_path / "logs"), steps
    )
    expected = sorted({*range(0, 801, 8), *range(0, 801, 30), *range(0, 801, 50)})
    assert np.cumsum([0, *taken]).tolist() == expected
    assert [record["step"] for record in progress.curves] == list(range(8, 801, 8))
    assert [look.step for look in progress.validations] == list(range(50, 801, 50))


def test_without_early_stopping_the_validation_split_is_looked_at_after_each_epoch(
    files, tmp_path, watched
):
    model, progress, _ = watched
    unwatched, _, _ = trained(files, tmp_path / "unwatched", epochs=3)
    assert [look.step for look in progress.validations] == [5, 10, 15]
    assert set(progress.validations[0].figures) == {"ctr", "spend", "like", "ctspend"}
    for one, other in zip(model.variables, unwatched.variables, strict=True):
        np.testing.assert_array_equal(one, other, err_msg=one.name)


def test_training_stops_when_it_gets_no_better_and_has_the_best_weights_again(
    files, tmp_path, caplog
):
    """Clicks of the validation split are those of training upside down: learning harms there."""
    turned = write(
        tmp_path / "turned.gz", ((x, [1 - c, p, li]) for x, (c, p, li) in map(row, range(40)))
    )
    config = {
        "learning_rate": 0.1,
        "schedule": "constant",
        "epochs": 20,
        "early_stopping": {"metric": "ctr.log_loss", "every": 3, "patience": 4},
    }
    with caplog.at_level(logging.INFO, "funnelrank.progress"):
        model, progress, _ = trained(files, tmp_path, turned, **config)
    found = [look.figures["ctr"]["log_loss"] for look in progress.validations]
    best = int(np.argmin(found))
    assert len(found) == best + 1 + 4
    assert progress.steps == 3 * len(found) < 100
    (now,) = figures([model], HEADS, batched(in_order(turned), model.layout, 3, 8))
    assert now["ctr"]["log_loss"] == found[best] < found[-1]
    text = f"ctr.log_loss was best after step {3 * (best + 1)} of 100: {found[best]:.4f}"
    assert text in caplog.text


def test_training_that_always_gets_better_goes_on_to_its_end(files, tmp_path):
    stopping = {"metric": "spend.rmse", "every": 4, "patience": 1}
    _, progress, _ = trained(files, tmp_path, files, epochs=2, early_stopping=stopping)
    found = [look.figures["spend"]["rmse"] for look in progress.validations]
    assert [look.step for look in progress.validations] == [4, 8, 10]  # the last step always
    assert found == sorted(found, reverse=True)
    assert progress.steps == 10


def test_a_validation_split_that_does_not_tell_the_figure_is_refused(files, tmp_path):
    nobody = write(tmp_path / "nobody.gz", ((x, [0, 0, 0]) for x in range(8)))
    stopping = {"metric": "ctr.auc"}
    with pytest.raises(ValueError, match=r"ctr\.auc cannot be told on the validation split"):
        trained(files, tmp_path, nobody, epochs=3, early_stopping=stopping)


@pytest.mark.parametrize("steps_per_execution", [1, 4])
def test_a_loss_that_is_no_number_stops_the_run_at_its_step_and_names_the_head(
    files, tmp_path, steps_per_execution
):
    """What row 17 paid is infinite; no other head knows of it."""
    rows = [row(number) for number in range(40)]
    rows[17][1][1] = float("inf")
    broken = write(tmp_path / "broken.gz", rows)
    numbers = [
        (np.round(features["dense"][:, 0] * 40).astype(int) == 17).any()
        for features, _ in TrainingData(spec_of(), broken, str(tmp_path / "rows")).epoch(0)
    ]
    with pytest.raises(FloatingPointError) as stop:
        trained(broken, tmp_path, steps_per_execution=steps_per_execution, checkpoint_every=1)
    assert str(stop.value) == (
        f"the loss is no finite number at step {numbers.index(True) + 1}: spend inf "
        "(heads: spend). Lower training.learning_rate or set training.clip_norm; if it comes at "
        "once, look for infinite labels or weights"
    )


def test_no_checkpoint_is_made_of_weights_behind_a_loss_that_is_no_number(files, tmp_path):
    rows = [row(number) for number in range(40)]
    rows[17][1][1] = float("inf")
    broken = write(tmp_path / "broken.gz", rows)
    with pytest.raises(FloatingPointError, match=r"at step (\d)") as stop:
        trained(broken, tmp_path, checkpoint_every=1)
    step = int(str(stop.value).split("at step ")[1].split(":")[0])
    spec = spec_of()
    model = RankingModel(spec.layout(), spec.heads, spec.model, seed=0)
    model.compile(optimizer=make_optimizer(model, spec.training, 15))
    assert Checkpoints(model, str(tmp_path / "steps")).restore().steps == step - 1
    assert all(np.isfinite(v.numpy()).all() for v in model.trainable_variables)


def test_a_run_that_is_done_trains_nothing_more(files, tmp_path):
    model, progress, _ = trained(files, tmp_path, epochs=2, checkpoint_every=5)
    again, same, _ = trained(files, tmp_path, epochs=2, checkpoint_every=5)
    assert same == progress
    for one, other in zip(model.variables, again.variables, strict=True):
        np.testing.assert_array_equal(one, other, err_msg=one.name)


def test_the_scale_of_a_value_is_that_of_the_rows_where_its_parent_happened(files, tmp_path):
    spec = spec_of()
    model = RankingModel(spec.layout(), spec.heads, spec.model, seed=0)
    fit_scales(model, TrainingData(spec, files, str(tmp_path / "rows")).epoch(0))
    assert float(model.scales.means["spend"]) == 102.0
    assert float(model.scales.deviations["spend"]) == 2.0
    answers = model.answers({"dense": tf.zeros([3, 1])})
    assert np.abs(answers["spend"] - 102).max() < 10  # at once: no tower has to grow to it

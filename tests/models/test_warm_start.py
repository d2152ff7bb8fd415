import shutil

import numpy as np
import pytest
import tensorflow as tf
from pydantic import TypeAdapter

from models.config import ModelConfig
from models.optimizers import accumulators, make_optimizer
from models.ranking_model import RankingModel, empty_batch
from models.row_map import RowMap
from models.spec import ModelSpec
from models.training_config import TrainingConfig
from models.training_state import complete_state, fused_tables, state_folder, write_weights
from models.warm_start import _copy, read_base, warm_start
from schemas.features import Feature
from schemas.heads import Head
from schemas.logs import TimeSplit
from schemas.served_model import Base

# The rows of the tables `item` and `brand`, after row 0 and the unknown.
OLD = {"item": ["a", "b", "c"], "brand": ["k", "l"]}
NEW = {"item": ["c", "x", "a"], "brand": ["l", "k", "m"]}
RATE = 0.05


def make_spec(sizes=(3, 2), oov=1, model=None, **more):
    """Three tables of width 4, of which two have a vocabulary, one of 2, and one of a position."""
    item, brand = ({"max_size": size, "oov": oov} for size in sizes)
    features = {
        "item": {"kind": "categorical", "side": "item", "vocabulary": item, "width": 4},
        "city": {"kind": "categorical", "side": "user", "hash": 5, "width": 4},
        "brand": {"kind": "categorical", "side": "item", "vocabulary": brand, "width": 4},
        "age": {
            "kind": "numeric",
            "side": "user",
            "transform": "quantiles",
            "buckets": 3,
            "width": 4,
        },
        "history": {"kind": "sequence", "side": "user", "shares": "item", "max_length": 2},
        "price": {"kind": "numeric", "side": "item"},
        "slot": {"kind": "categorical", "side": "position", "hash": 3, "width": 2},
    }
    return ModelSpec(
        name="tiny",
        columns=(),
        features=TypeAdapter(dict[str, Feature]).validate_python(features),
        heads={
            "ctr": Head(label="click"),
            "cvr": Head(label="conversion", given="ctr"),
            "spend": Head(label="value", given="ctr", kind="value"),
        },
        targets=("click", "conversion", "value"),
        model=ModelConfig.model_validate(
            {"units": [6], "tower": [3], "interaction": "deepfm", **(model or {})}
        ),
        **{
            "training": TrainingConfig(embedding_learning_rate=RATE),
            "spans": ("2026-01-01", "2026-01-02"),
            "split": TimeSplit(eval=1),
            **more,
        },
    )


def make_model(spec, seed):
    model = RankingModel(spec.layout(), spec.heads, spec.model, seed)
    model.compile(optimizer=make_optimizer(model, spec.training))
    return model


def write_vocabularies(place, values):
    place.mkdir(exist_ok=True)
    for name, tokens in values.items():
        (place / name).write_text("".join(f"{token}\n" for token in tokens))
    return {name: str(place / name) for name in values}


def keep(model, spec, place, values=OLD):
    """Leaves the state of a model as a trainer does, and returns the Base that leads to it."""
    saved_model = place / "artifact" / "Format-Serving"
    saved_model.mkdir(parents=True, exist_ok=True)
    (saved_model / "fingerprint.pb").write_bytes(b"one")
    folder = state_folder(str(saved_model))
    write_weights(model, accumulators(model), folder)
    vocabularies = write_vocabularies(place / "old", values)
    complete_state(folder, spec, vocabularies, str(saved_model))
    return Base(version="17", served=str(saved_model), model=str(place / "artifact"))


def shaken(model):
    """Gives every weight and sum of squares of a model a number of its own."""
    for i, variable in enumerate(model.variables):
        if variable.dtype == tf.float32:
            variable.assign(tf.random.stateless_uniform(variable.shape, [i, 5], -0.5, 0.5))
    for i, variable in enumerate(accumulators(model).values()):
        variable.assign(tf.random.stateless_uniform(variable.shape, [i, 6], 1.0, 2.0))
    model.scales.set("spend", 2.0, 3.0)
    return model


def start(base, spec, place, values=NEW, seed=2):
    model = make_model(spec, seed)
    report = warm_start(
        model, accumulators(model), spec, write_vocabularies(place / "new", values), base
    )
    return model, report


GROWN = make_spec(sizes=(6, 4), spans=("2026-01-02", "2026-01-03"))


@pytest.fixture(scope="module")
def yesterday(tmp_path_factory):
    """The model of yesterday and where it was left: only to be read."""
    spec = make_spec()
    model = shaken(make_model(spec, 1))
    return model, keep(model, spec, tmp_path_factory.mktemp("yesterday"))


@pytest.fixture(scope="module")
def today(yesterday, tmp_path_factory):
    """A model of larger tables that started from it, and the report: only to be read."""
    return start(yesterday[1], GROWN, tmp_path_factory.mktemp("today"))


def row(spec, values, feature, token):
    """Returns the row of a value in its fused table, as preprocessing finds it."""
    table = spec.layout().tables[feature]
    if token is None:
        return table.offset
    known = values[feature]
    return table.offset + (2 + known.index(token) if token in known else 1)


def packed(spec, values, items, brands, *, cities=1):
    """Returns a batch of rows with these items and brands, and the same in all else."""
    tables = spec.layout().tables
    batch = empty_batch(spec.layout(), len(items))
    batch["ids_4"] = tf.constant(
        [
            [
                row(spec, values, "item", item),
                tables["city"].offset + cities,
                row(spec, values, "brand", brand),
                tables["age"].offset + 2,
            ]
            for item, brand in zip(items, brands, strict=True)
        ],
        tf.int64,
    )
    batch["sequence_history"] = tf.constant(
        [[row(spec, values, "item", item), tables["item"].offset] for item in items], tf.int64
    )
    batch["position_ids_2"] = tf.ones([len(items), 1], tf.int64)
    batch["dense"] = tf.fill([len(items), 1], 0.5)
    return batch


def tables_of(model):
    sums = accumulators(model)
    return {
        **{table.key: table.variable.numpy() for table in fused_tables(model)},
        **{f"sums {t.key}": sums[t.variable.ref()].numpy() for t in fused_tables(model)},
    }


def test_rows_go_by_value_into_tables_that_grew_and_moved(yesterday, today):
    old, new = tables_of(yesterday[0]), tables_of(today[0])
    was, now = make_spec(), GROWN
    assert (was.layout().tables["city"].offset, now.layout().tables["city"].offset) == (5, 8)
    assert (was.layout().tables["brand"].offset, now.layout().tables["brand"].offset) == (11, 14)
    for key in ("0_table_4", "0_linear_4", "sums 0_table_4", "sums 0_linear_4"):
        for feature, known in (("item", "ac"), ("brand", "kl")):
            for value in [None, "unknown", *known]:
                np.testing.assert_array_equal(
                    new[key][row(now, NEW, feature, value)],
                    old[key][row(was, OLD, feature, value)],
                    err_msg=f"{key} {feature} {value}",
                )
        for feature, rows in (("city", 6), ("age", 4)):
            at, from_ = now.layout().tables[feature].offset, was.layout().tables[feature].offset
            np.testing.assert_array_equal(new[key][at : at + rows], old[key][from_ : from_ + rows])
    for key in ("position_table_2", "sums position_table_2"):
        np.testing.assert_array_equal(new[key], old[key])


def test_new_ids_start_from_the_row_of_unknown_ones_with_fresh_sums(yesterday, today):
    old, new = tables_of(yesterday[0]), tables_of(today[0])
    for feature, value in (("item", "x"), ("brand", "m")):
        at = row(GROWN, NEW, feature, value)
        unknown = row(make_spec(), OLD, feature, "unknown")
        for key in ("0_table_4", "0_linear_4"):
            np.testing.assert_array_equal(new[key][at], old[key][unknown])
            assert (new[f"sums {key}"][at] == np.float32(1e-8)).all()


def test_rows_that_no_id_uses_yet_are_those_of_a_fresh_model(today):
    new, fresh = tables_of(today[0]), tables_of(make_model(GROWN, seed=2))
    unused = slice(5, 8)  # of item, whose table has 8
    for key in ("0_table_4", "sums 0_table_4"):
        np.testing.assert_array_equal(new[key][unused], fresh[key][unused])
    assert np.abs(new["0_table_4"][unused]).max() <= 0.05


def test_it_answers_as_yesterday_before_its_first_step(yesterday, today):
    """Also for ids that are known since today only: yesterday they were unknown."""
    old_model, model = yesterday[0], today[0]
    items, brands = ["a", "c", "x", None, "z", "a"], ["k", "l", "m", "k", None, "z"]
    before = old_model.answers(packed(make_spec(), OLD, items, brands))
    after = model.answers(packed(GROWN, NEW, items, brands))
    assert set(after) == {"ctr", "cvr", "spend", "ctcvr", "ctspend"}
    for name, answer in before.items():
        np.testing.assert_array_equal(after[name], answer)
    assert len(set(before["ctr"].numpy().tolist())) == 6


def test_an_id_that_is_known_no_more_is_answered_as_unknown(yesterday, today):
    old_model, model = yesterday[0], today[0]
    before = old_model.answers(packed(make_spec(), OLD, ["unknown"], ["k"]))
    after = model.answers(packed(GROWN, NEW, ["b"], ["k"]))
    np.testing.assert_array_equal(after["ctr"], before["ctr"])


def test_it_reports_the_ids_of_each_table(today):
    assert today[1] == {
        "version": "17",
        "tables": {
            "item": {"kept": 2, "new": 1, "gone": 1},
            "city": {"kept": 6, "new": 0, "gone": 0},
            "brand": {"kept": 2, "new": 1, "gone": 0},
            "age": {"kept": 4, "new": 0, "gone": 0},
            "slot": {"kept": 4, "new": 0, "gone": 0},
        },
    }


def test_buckets_of_another_number_start_fresh(yesterday, tmp_path):
    spec = make_spec(oov=3)
    old, new = tables_of(yesterday[0]), tables_of(start(yesterday[1], spec, tmp_path, OLD)[0])
    fresh = tables_of(make_model(spec, seed=2))
    np.testing.assert_array_equal(new["0_table_4"][0], old["0_table_4"][0])
    np.testing.assert_array_equal(new["0_table_4"][4:7], old["0_table_4"][2:5])
    np.testing.assert_array_equal(new["0_table_4"][1:4], fresh["0_table_4"][1:4])


def test_models_side_by_side_keep_their_tables_apart(tmp_path):
    changes = {"trunk": "separate", "share_embeddings": False}
    spec = make_spec(model=changes)
    old_model = shaken(make_model(spec, 1))
    base = keep(old_model, spec, tmp_path)
    grown = make_spec(sizes=(6, 4), model=changes)
    model, _ = start(base, grown, tmp_path)
    items, brands = ["a", "c", "z"], ["k", "l", "k"]
    before = old_model.answers(packed(spec, OLD, items, brands))
    after = model.answers(packed(grown, NEW, items, brands))
    for name, answer in before.items():
        np.testing.assert_array_equal(after[name], answer)


def test_rows_are_copied_in_parts(yesterday, today, tmp_path, monkeypatch):
    whole = tables_of(today[0])
    monkeypatch.setattr("models.warm_start._ROWS_AT_ONCE", 2)
    for key, table in tables_of(start(yesterday[1], GROWN, tmp_path)[0]).items():
        np.testing.assert_array_equal(table, whole[key])


def test_a_first_step_is_as_long_as_what_a_row_has_seen_lets_it_be(tmp_path):
    """Adagrad: rate x gradient / root of (sum of squares so far + gradient squared)."""
    was, now = (make_spec(sizes, model={"position_dropout": 0}) for sizes in ((3, 2), (6, 4)))
    old_model = shaken(make_model(was, 1))
    model, _ = start(keep(old_model, was, tmp_path), now, tmp_path)
    table = model.tables[0]
    batch = packed(now, NEW, ["a", "x"], ["k", "k"])
    batch = (batch, tf.constant([[1.0, 0.0, 5.0], [0.0, 0.0, float("nan")]]))
    with tf.GradientTape() as tape:
        loss = model.compute_loss(batch, training=True)
    gradient = tf.convert_to_tensor(tape.gradient(loss, table)).numpy()
    before = table.numpy()
    model.train_step(batch)
    moved = table.numpy() - before
    sums = {"a": accumulators(old_model)[old_model.tables[0].ref()][2].numpy(), "x": 1e-8}
    for item, seen in sums.items():
        g = gradient[row(now, NEW, "item", item)]
        expected = -RATE * g / np.sqrt(seen + g**2)
        np.testing.assert_allclose(
            moved[row(now, NEW, "item", item)], expected, rtol=1e-3, atol=1e-6
        )
    assert not moved[row(now, NEW, "item", "c")].any()


def test_a_balance_goes_on_and_another_one_starts_anew(tmp_path):
    spec = make_spec(model={"balance": "uncertainty"})
    old_model = shaken(make_model(spec, 1))
    base = keep(old_model, spec, tmp_path)
    model, _ = start(base, spec, tmp_path, OLD)
    np.testing.assert_array_equal(model.balance.log_variances, old_model.balance.log_variances)
    model, _ = start(base, make_spec(model={"balance": "gradnorm"}), tmp_path, OLD)
    np.testing.assert_array_equal(model.balance.loss_weights, np.ones(3, np.float32))


def test_scales_go_on_and_calibration_does_not(tmp_path):
    spec = make_spec(model={"calibration": "platt"})
    old_model = shaken(make_model(spec, 1))
    old_model.scales.set("spend", 30.0, 20.0)
    model, _ = start(keep(old_model, spec, tmp_path), spec, tmp_path, OLD)
    assert float(model.scales.means["spend"]) == 30.0
    assert float(model.scales.deviations["spend"]) == 20.0
    assert float(model.calibration.calibrators["ctr"].scale) == 1.0


def test_without_a_base_the_model_stays_as_it_is_and_the_reason_is_told(tmp_path, caplog):
    model, report = start(Base(), GROWN, tmp_path)
    assert report == {"version": None, "cold": "no model of earlier spans is served"}
    assert caplog.messages == ["training starts cold: no model of earlier spans is served"]
    for key, table in tables_of(make_model(GROWN, seed=2)).items():
        np.testing.assert_array_equal(tables_of(model)[key], table)


def test_a_base_that_has_lost_its_state_is_told_too(yesterday, tmp_path, caplog):
    lost = shutil.copytree(yesterday[1].model, tmp_path / "lost")
    shutil.rmtree(lost / "Format-Training")
    base = Base(version="17", served=str(lost / "Format-Serving"), model=str(lost))
    _, report = start(base, GROWN, tmp_path)
    assert report["version"] == "17"
    assert report["cold"].startswith("version 17 has lost its training state: ")
    assert caplog.messages == [f"training starts cold: {report['cold']}"]


def test_another_architecture_is_refused(yesterday, tmp_path):
    with pytest.raises(ValueError, match=r"model\.units was \[6\] there and is \[7\] here\. To "):
        start(yesterday[1], make_spec(model={"units": [7]}), tmp_path)


def test_a_base_that_learnt_what_this_run_holds_back_is_refused(yesterday, tmp_path):
    spec = make_spec(spans=("2025-12-31", "2026-01-01", "2026-01-03"), split=TimeSplit(eval=2))
    with pytest.raises(ValueError, match="has learnt from 2026-01-01, and this run's split"):
        start(yesterday[1], spec, tmp_path)


def test_weights_of_a_code_that_made_others_are_refused(tmp_path):
    """The specs agree and the weights do not, as after a change of our own source."""
    wide, narrow = make_spec(), make_spec(model={"units": [7]})
    base = keep(make_model(wide, 1), narrow, tmp_path)
    with pytest.raises(ValueError, match=r"not those that this code makes: .*shape.*To train") as e:
        start(base, narrow, tmp_path)
    assert "\n" not in str(e.value)
    missing = make_spec(model={"interaction": "mlp"})
    base = keep(make_model(missing, 1), wide, tmp_path)
    with pytest.raises(ValueError, match="not those that this code makes: "):
        start(base, wide, tmp_path)


def test_the_base_is_read_from_where_the_pipeline_left_it(tmp_path):
    base = Base(version="3", served="serving/3", model="artifacts/3")
    (tmp_path / "base.json").write_text(base.model_dump_json())
    assert read_base(str(tmp_path)) == base


def test_a_second_day_is_learnt_better_by_a_model_that_knows_the_first(tmp_path):
    """Items have rates of their own; each day shows every item some thirty times."""
    draw = np.random.default_rng(7)
    tokens = [f"i{i}" for i in range(60)]
    logits = dict(zip(tokens, draw.normal(-0.5, 1.5, 60), strict=True))
    values = {"item": tokens[:50], "brand": ["k"]}
    spec = make_spec(sizes=(60, 2))

    def day(known, rows):
        items = draw.choice(known, rows)
        clicks = draw.random(rows) < 1 / (1 + np.exp(-np.array([logits[i] for i in items])))
        return items.tolist(), clicks.astype(np.float32)

    def train(model, known, items, clicks):
        step = tf.function(model.train_step)
        for start_ in range(0, len(items), 64):
            some = slice(start_, start_ + 64)
            labels = np.stack([clicks[some]] + [np.full(len(clicks[some]), np.nan)] * 2, axis=1)
            batch = packed(spec, known, items[some], ["k"] * len(items[some]))
            step((batch, tf.constant(labels, tf.float32)))

    def loss(model, known, items, clicks):
        ctr = model.answers(packed(spec, known, items, ["k"] * len(items)))["ctr"].numpy()
        return -np.mean(np.log(np.where(clicks == 1, ctr, 1 - ctr)))

    first = make_model(spec, 1)
    train(first, values, *day(tokens[:50], 1536))
    base = keep(first, spec, tmp_path, values)
    later = {"item": tokens[:9:-1], "brand": ["k"]}  # 40 known, 10 new, in another order
    second, judged = day(later["item"], 1536), day(later["item"], 8192)
    warm, _ = start(base, spec, tmp_path, later)
    cold = make_model(spec, 2)
    at_once = loss(warm, later, *judged)
    for model in (warm, cold):
        train(model, later, *second)
    warm_loss, cold_loss = loss(warm, later, *judged), loss(cold, later, *judged)
    assert warm_loss < at_once
    assert warm_loss < cold_loss - 0.005


def test_a_table_that_servers_share_is_filled_piece_by_piece():
    """Rows 3 to 6 of seven are a table; the variables hold rows 0 to 3 and 4 to 6."""
    pieces = [tf.Variable(tf.zeros([4, 2])), tf.Variable(tf.zeros([3, 2]))]
    old = np.arange(8, dtype=np.float32).reshape(4, 2)
    rows = RowMap(np.array([2, -1, 0, 3]), np.array([True, False, False, True]), 0, 0, 0)
    _copy(old, pieces, 3, rows, only_same=False)
    np.testing.assert_array_equal(pieces[0], [[0, 0], [0, 0], [0, 0], [4, 5]])
    np.testing.assert_array_equal(pieces[1], [[0, 0], [0, 1], [6, 7]])
    _copy(old + 10, pieces, 3, rows, only_same=True)
    np.testing.assert_array_equal(pieces[1], [[0, 0], [0, 1], [16, 17]])

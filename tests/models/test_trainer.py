import json
import types

import numpy as np
import pytest
import tensorflow as tf

from models import trainer
from models.checkpoints import Checkpoints
from models.ranking_model import RankingModel
from models.spec import ModelSpec


def fn_args(tiny, place, spec=None):
    return types.SimpleNamespace(
        custom_config={
            "spec": (spec or tiny.spec).model_dump_json(),
            "checkpoints": str(place / "checkpoints"),
        },
        transform_graph_path=tiny.graph,
        train_files=tiny.files,
        eval_files=tiny.files,
        serving_model_dir=str(place / "model"),
        model_run_dir=str(place / "logs"),
    )


def answers(place, tiny):
    loaded = tf.saved_model.load(str(place / "model"))
    signature = loaded.signatures["serving_default"]
    return {k: v.numpy() for k, v in signature(tf.constant(tiny.examples())).items()}


@pytest.fixture(scope="module")
def trained(tiny, tmp_path_factory):
    place = tmp_path_factory.mktemp("trained")
    trainer.run_fn(fn_args(tiny, place))
    return place


def test_a_run_leaves_a_model_its_spec_and_training_curves(tiny, trained):
    assert set(answers(trained, tiny)) == {"ctr", "cvr", "ctcvr", "score"}
    kept = (trained / "model" / "assets.extra" / "funnelrank.json").read_text()
    assert ModelSpec.model_validate_json(kept) == tiny.spec
    assert list((trained / "logs").rglob("events.out.tfevents.*"))


def test_a_finished_run_leaves_no_checkpoints(trained):
    assert not list((trained / "checkpoints").iterdir())


def test_the_same_seed_gives_the_same_model_and_another_seed_another(tiny, trained, tmp_path):
    again, other = tmp_path / "again", tmp_path / "other"
    trainer.run_fn(fn_args(tiny, again))
    training = tiny.spec.training.model_copy(update={"seed": 2})
    trainer.run_fn(fn_args(tiny, other, tiny.spec.model_copy(update={"training": training})))
    expected = answers(trained, tiny)
    for name, values in answers(again, tiny).items():
        np.testing.assert_array_equal(values, expected[name])
    assert not np.allclose(answers(other, tiny)["ctr"], expected["ctr"])


def test_a_model_of_sampled_data_answers_for_the_world(tiny, trained, tmp_path):
    trainer.run_fn(fn_args(tiny, tmp_path, tiny.spec.model_copy(update={"unclicked": 0.1})))
    learnt, found = answers(trained, tiny), answers(tmp_path, tiny)
    p = learnt["ctr"]
    np.testing.assert_allclose(found["ctr"], p / (p + (1 - p) / 0.1), rtol=1e-4)
    np.testing.assert_allclose(found["cvr"], learnt["cvr"], rtol=1e-5)


def test_a_run_that_is_killed_goes_on_from_its_last_checkpoint(
    tiny, trained, tmp_path, monkeypatch
):
    """Dies after step 5 of 6 (saved at 4); the second attempt trains two steps, not six."""
    steps = []
    count = Checkpoints.on_train_batch_end

    def dying(self, batch, logs=None):
        count(self, batch, logs)
        steps.append(batch)
        if len(steps) == 5:
            raise KeyboardInterrupt

    monkeypatch.setattr(Checkpoints, "on_train_batch_end", dying)
    with pytest.raises(KeyboardInterrupt):
        trainer.run_fn(fn_args(tiny, tmp_path))
    trainer.run_fn(fn_args(tiny, tmp_path))
    assert len(steps) == 5 + 2
    expected = answers(trained, tiny)
    for name, values in answers(tmp_path, tiny).items():
        np.testing.assert_allclose(values, expected[name], atol=1e-6)


def test_an_export_that_answers_otherwise_is_refused(tiny, trained):
    stranger = RankingModel(tiny.spec.layout(), tiny.spec.heads, tiny.spec.model, seed=9)
    with pytest.raises(ValueError, match=r"the exported \w+ differs from the trained model's by"):
        trainer.check_export(stranger, tiny.spec, tiny.files, str(trained / "model"))


def test_an_empty_training_split_is_refused(tiny, tmp_path):
    empty = str(tmp_path / "empty.gz")
    tf.io.TFRecordWriter(empty, "GZIP").close()
    arguments = fn_args(tiny, tmp_path)
    arguments.train_files = [empty]
    with pytest.raises(ValueError, match="the training split holds no examples"):
        trainer.run_fn(arguments)


def test_a_gpu_that_is_wanted_and_absent_is_refused_with_the_way_out(monkeypatch):
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: [])
    with pytest.raises(ValueError, match=r"TensorFlow sees none here.*set it to auto"):
        trainer.choose_accelerator("gpu")
    trainer.choose_accelerator("auto")


def test_the_cpu_hides_every_gpu(monkeypatch):
    hidden = []
    monkeypatch.setattr(tf.config, "set_visible_devices", lambda *wanted: hidden.append(wanted))
    trainer.choose_accelerator("cpu")
    assert hidden == [([], "GPU")]


def test_the_spec_is_json_a_person_can_read(trained):
    text = (trained / "model" / "assets.extra" / "funnelrank.json").read_text()
    assert json.loads(text)["model"]["trunk"]["kind"] == "mmoe" and text.count("\n") > 20

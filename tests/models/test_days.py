"""One day after the other: a trainer, a pusher, and the next day's trainer that goes on from it."""

import json
import shutil
import types

import numpy as np
import pytest
import tensorflow as tf
from tfx.proto import pusher_pb2
from tfx.types.standard_artifacts import Examples, InfraBlessing, Model, ModelBlessing, PushedModel
from tfx.utils import proto_utils

from components.atomic_pusher.executor import Executor
from components.atomic_pusher.origin import read_origin
from components.starting_model.component import StartingModel
from models import trainer
from schemas.logs import TimeSplit

DAYS = [f"2026-01-0{day}" for day in range(1, 8)]


class Shop:
    """A work directory in which days are trained and pushed."""

    def __init__(self, tiny, place):
        self.tiny, self.place = tiny, place

    def day(self, number, *, push=True, **changes):
        """Runs the trainer on two days of spans; returns the diagnostics it has left."""
        spec = self.tiny.spec.model_copy(update={"split": TimeSplit(eval=1), **changes})
        run = self.place / f"run_{len(list(self.place.iterdir()))}"
        spans = json.dumps(DAYS[number - 1 : number + 1])
        shutil.copytree(self.tiny.graph, run / "graph")
        (run / "graph" / "spans.json").write_text(spans)
        examples = Examples()
        examples.uri = str(run / "examples")
        examples.set_string_custom_property("spans", spans)
        base = Model()
        base.uri = str(run / "base")
        StartingModel.test_call(
            examples=examples, base=base, serving_dir=str(self.place / "serving"), version=""
        )
        trainer.run_fn(
            types.SimpleNamespace(
                custom_config={
                    "spec": spec.model_dump_json(),
                    "checkpoints": str(run / "checkpoints"),
                },
                transform_graph_path=str(run / "graph"),
                train_files=self.tiny.files,
                eval_files=self.tiny.files,
                serving_model_dir=str(run / "model" / "Format-Serving"),
                model_run_dir=str(run / "logs"),
                base_model=f"{base.uri}/Format-Serving",
            )
        )
        if push:
            self._push(run)
        return json.loads((run / "logs" / "diagnostics.json").read_text())["warm_start"]

    def _push(self, run):
        model, blessing, infra, pushed = Model(), ModelBlessing(), InfraBlessing(), PushedModel()
        model.uri, pushed.uri = str(run / "model"), str(run / "pushed")
        blessing.set_int_custom_property("blessed", 1)
        infra.set_int_custom_property("blessed", 1)
        destination = pusher_pb2.PushDestination(
            filesystem=pusher_pb2.PushDestination.Filesystem(
                base_directory=str(self.place / "serving")
            )
        )
        Executor().Do(
            {"model": [model], "model_blessing": [blessing], "infra_blessing": [infra]},
            {"pushed_model": [pushed]},
            {"push_destination": proto_utils.proto_to_json(destination)},
        )

    def versions(self):
        return sorted(path.name for path in (self.place / "serving").glob("[0-9]*"))

    def answers(self, version):
        loaded = tf.saved_model.load(str(self.place / "serving" / version))
        asked = loaded.signatures["serving_default"](tf.constant(self.tiny.examples()))
        return {name: answer.numpy() for name, answer in asked.items()}


@pytest.fixture
def shop(first_day, tmp_path):
    """A shop after its first day."""
    return Shop(first_day.tiny, shutil.copytree(first_day.place, tmp_path / "shop"))


@pytest.fixture(scope="module")
def first_day(tiny, tmp_path_factory):
    found = Shop(tiny, tmp_path_factory.mktemp("shop"))
    assert found.day(1) == {"version": None, "cold": "no model of earlier spans is served"}
    return found


def test_a_second_day_that_learns_nothing_answers_as_the_first(shop):
    still = shop.tiny.spec.training.model_copy(
        update={"learning_rate": 1e-30, "embedding_learning_rate": 1e-30, "seed": 9}
    )
    (first,) = shop.versions()
    assert shop.day(2, training=still) == {
        "version": first,
        "tables": {
            "item": {"kept": 2, "new": 0, "gone": 0},
            "city": {"kept": 6, "new": 0, "gone": 0},
            "age": {"kept": 3, "new": 0, "gone": 0},
        },
    }
    second = shop.versions()[-1]
    assert second != first
    expected = shop.answers(first)
    for name, answer in shop.answers(second).items():
        np.testing.assert_array_equal(answer, expected[name])


def test_another_architecture_is_refused_before_anything_is_trained(shop):
    model = shop.tiny.spec.model.model_copy(update={"tower": (5,)})
    with pytest.raises(ValueError, match=r"model\.tower was \[4\] there and is \[5\] here"):
        shop.day(4, model=model)


def test_a_shop_that_has_moved_goes_on_and_one_that_lost_its_artifacts_says_so(shop, tmp_path):
    moved = Shop(shop.tiny, shop.place.rename(tmp_path / "moved"))
    (version, *_) = moved.versions()
    assert moved.day(2, push=False)["version"] == version
    tf.io.gfile.rmtree(read_origin(str(moved.place / "serving" / version)))
    found = moved.day(2, push=False)
    assert found["version"] == version
    assert found["cold"].startswith(f"version {version} has lost its training state: ")

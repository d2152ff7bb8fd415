import json
from pathlib import Path

import pytest
import tensorflow as tf
from tfx.types.standard_artifacts import Model

from components.baseline_model.component import (
    OWN_BASELINE,
    VERSION,
    BaselineModel,
    answers,
    newest_version,
)


def save(path, value, names=("ctr", "cvr"), door="serving_default"):
    """Saves a model that answers `value` for each name."""
    module = tf.Module()
    function = tf.function(
        lambda x: {name: tf.fill(tf.shape(x), value) for name in names}
    ).get_concrete_function(tf.TensorSpec([None], tf.string, name="examples"))
    tf.saved_model.save(module, str(path), signatures={door: function})


def answer(path):
    signature = tf.saved_model.load(str(path)).signatures["serving_default"]
    return {name: tensor.numpy().tolist() for name, tensor in signature(tf.constant(["x"])).items()}


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """Three served models and a candidate, saved once."""
    root = tmp_path_factory.mktemp("models")
    save(root / "nine", 0.25)
    save(root / "ten", 0.5)
    save(root / "heads_of_old", 0.75, names=("ctr",))
    save(root / "candidate" / "Format-Serving", 1.0)
    return root


@pytest.fixture
def baseline_of(models, tmp_path):
    """Runs the component on served models by version and returns what it made."""

    def run(**served):
        serving = tmp_path / "serving"
        for version, name in served.items():
            serving.mkdir(exist_ok=True)
            (serving / version.removeprefix("v")).symlink_to(models / name)
        candidate, baseline = Model(), Model()
        candidate.uri, baseline.uri = str(models / "candidate"), str(tmp_path / "baseline")
        BaselineModel.test_call(
            candidate=candidate,
            baseline=baseline,
            serving_dir=str(serving),
            outputs=json.dumps(["ctr", "cvr"]),
        )
        return baseline

    return run


def facts(baseline):
    model = Path(baseline.uri, "Format-Serving")
    return (
        answer(model)["ctr"] if model.exists() else None,
        baseline.get_int_custom_property(OWN_BASELINE),
        baseline.get_string_custom_property(VERSION),
    )


def test_the_newest_version_is_the_greatest_number_not_the_last_word(baseline_of):
    assert facts(baseline_of(v9="nine", v10="ten")) == ([0.5], 0, "10")


def test_without_a_served_model_there_is_no_baseline(baseline_of):
    baseline = baseline_of()
    assert facts(baseline) == (None, 1, "")
    assert list(Path(baseline.uri).iterdir()) == []


def test_a_served_model_that_lacks_an_output_is_no_baseline(baseline_of):
    assert facts(baseline_of(v9="nine", v10="heads_of_old")) == (None, 1, "")


def test_only_numbers_are_versions(tmp_path):
    for name in (".incoming", "12-old", "tmp", "7", "²"):
        (tmp_path / name).mkdir()
    assert newest_version(str(tmp_path)) == "7"


def test_an_empty_or_absent_serving_directory_has_no_version(tmp_path):
    assert newest_version(str(tmp_path)) is None
    assert newest_version(str(tmp_path / "absent")) is None


def test_the_answers_are_the_outputs_of_serving_default(models):
    assert answers(str(models / "nine")) == {"ctr", "cvr"}


def test_a_model_without_serving_default_answers_nothing(tmp_path):
    save(tmp_path, 0.5, door="other")
    assert answers(str(tmp_path)) == frozenset()


def test_a_model_of_a_later_day_than_the_candidate_is_passed_over(models, tmp_path, baseline_of):
    def tell(name, span):
        folder = models / name / "assets.extra"
        folder.mkdir(exist_ok=True)
        (folder / "funnelrank.json").write_text(json.dumps({"spans": [span]}))

    tell("nine", "2026-01-04")
    tell("ten", "2026-01-05")
    tell("candidate/Format-Serving", "2026-01-04")
    assert facts(baseline_of(v9="nine", v10="ten")) == ([0.25], 0, "9")
    serving = str(tmp_path / "serving")
    newest = [newest_version(serving, f"2026-01-0{day}") for day in (3, 4, 5, 6)]
    assert newest == [None, "9", "10", "10"]
    assert newest_version(serving) == "10"


def test_a_served_model_that_cannot_be_loaded_is_told_with_the_way_out(tmp_path):
    broken = tmp_path / "serving" / "9"
    broken.mkdir(parents=True)
    with pytest.raises(ValueError, match=r"9 cannot be loaded .*: put back .*`funnelrank rollback"):
        answers(str(broken))

import shutil
from pathlib import Path

import pytest
import tensorflow_transform as tft

from models.learnt import (
    keep_transform,
    read_learnt,
    spec_of_run,
    vocabularies,
    vocabulary_sizes,
)


def test_a_standardised_number_has_its_mean_and_its_standard_deviation(tiny):
    learnt = read_learnt(tiny.transform(), tiny.spec)
    assert learnt.numbers["price"] == pytest.approx([2, (2 / 3) ** 0.5])  # of 1, 3 and 2
    assert learnt.numbers["stock"] == pytest.approx([0.5, 0.5])  # of log(1 + x): 1 and 0


def test_a_number_in_buckets_has_the_boundaries_between_them(tiny):
    assert read_learnt(tiny.transform(), tiny.spec).numbers["age"].tolist() == [30]


def test_texts_have_no_numbers(tiny):
    assert set(read_learnt(tiny.transform(), tiny.spec).numbers) == {"age", "price", "stock"}


def test_a_vocabulary_is_a_file_of_its_values_the_most_frequent_first(tiny):
    files = vocabularies(tiny.transform(), tiny.spec)
    assert set(files) == {"item"}
    assert vocabulary_sizes(tiny.transform(), tiny.spec) == {"item": 2}
    assert Path(files["item"]).read_text().split() == ["a", "b"]


def test_the_spans_of_a_spec_are_those_that_its_run_came_to_read(tiny):
    told = tiny.spec.model_copy(update={"spans": ()})
    assert spec_of_run(told.model_dump_json(), tiny.graph) == tiny.spec


def test_a_transform_that_is_kept_is_the_same_wherever_it_lies(tiny, tmp_path):
    keep_transform(tiny.transform(), str(tmp_path / "kept"))
    kept = tft.TFTransformOutput(str(tmp_path / "kept"))
    found, expected = read_learnt(kept, tiny.spec), read_learnt(tiny.transform(), tiny.spec)
    assert found.vocabularies["item"].startswith(str(tmp_path))
    assert Path(found.vocabularies["item"]).read_text().split() == ["a", "b"]
    assert {name: values.tolist() for name, values in found.numbers.items()} == {
        name: values.tolist() for name, values in expected.numbers.items()
    }


def test_of_a_transform_its_graph_and_its_schemas_are_kept_and_nothing_else(tiny, tmp_path):
    graph = shutil.copytree(tiny.graph, tmp_path / "graph")
    for folder in ("metadata", "pre_transform_feature_stats", "transform_fn/assets/more"):
        (graph / folder).mkdir(exist_ok=True)
        (graph / folder / "file").write_text(folder)
    keep_transform(tft.TFTransformOutput(str(graph)), str(tmp_path / "kept"))
    place = tmp_path / "kept"
    kept = {str(path.relative_to(place)) for path in place.rglob("*")}
    assert {
        "metadata/file",
        "transformed_metadata/schema.pbtxt",
        "transform_fn/saved_model.pb",
    } < kept
    assert {"transform_fn/saved_model.pb", "transform_fn/assets/more/file"} < kept
    assert not any("stats" in path for path in kept)

import collections
import pathlib

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_transform as tft

from components.transform import analysis


def packed_rows(artifact, split):
    """Returns the packed rows of a split: (index, bucket, scaled, click), in order."""
    specs = {
        "ids": tf.io.FixedLenFeature([2], tf.int64),
        "dense": tf.io.FixedLenFeature([1], tf.float32),
        "click": tf.io.FixedLenFeature([1], tf.float32),
    }
    found = []
    for path in sorted(pathlib.Path(artifact.uri, f"Split-{split}").iterdir()):
        for record in tf.data.TFRecordDataset(str(path), compression_type="GZIP"):
            row = tf.io.parse_single_example(record, specs)
            found.append(
                (*row["ids"].numpy().tolist(), float(row["dense"][0]), int(row["click"][0]))
            )
    return found


def expected_rows(rows, trained):
    """Packs rows without TensorFlow, as the toy function should after seeing `trained`."""
    counts = collections.Counter(item for item, *_ in trained)
    order = sorted(counts, key=lambda item: (counts[item], item), reverse=True)
    prices = np.array([price for _, price, *_ in trained])
    ages = np.sort([age for *_, age, _ in trained])
    # A quarter of the training rows lie below the first bound, and so on.
    bounds = [ages[len(ages) * quarter // 4] for quarter in (1, 2, 3)]
    return [
        (
            order.index(item) if item in counts else -1,
            int(np.searchsorted(bounds, age, "right")),
            pytest.approx((price - prices.mean()) / prices.std(), abs=1e-5),
            click,
        )
        for item, price, age, click in rows
    ]


def numbers(graph):
    """Returns the vocabulary, and what the graph makes of some rows: it holds all numbers."""
    output = tft.TFTransformOutput(graph.uri)
    sweep = {
        "item": tf.sparse.from_dense([[f"item{i % 9}"] for i in range(200)]),
        "price": tf.sparse.from_dense([[float(i) + 0.5] for i in range(200)]),
        "age": tf.sparse.from_dense([[i / 4 + 0.01] for i in range(200)]),
        "click": tf.sparse.from_dense(tf.ones([200, 1], tf.int64)),
    }
    made = output.transform_raw_features(sweep)
    return output.vocabulary_by_name("item"), {k: v.numpy() for k, v in made.items()}


def told(graph):
    return tuple(graph.get_int_custom_property(name) for name in ("spans_analysed", "spans"))


def shards(artifact):
    """Returns the bytes of the packed shards."""
    folder = pathlib.Path(artifact.uri)
    return {path.relative_to(folder): path.read_bytes() for path in folder.glob("*/*.gz")}


@pytest.fixture
def moved(write_examples, execute):
    """Runs a window, then the window a day later, and that one again without what was known."""
    first = write_examples("first", {"train": [1, 2], "validation": [3], "eval": [4]})
    second = write_examples("second", {"train": [2, 3], "validation": [4], "eval": [5]})
    return (
        execute(first, "one"),
        execute(second, "two"),
        execute(second, "cold", analyses="other"),
    )


def test_a_moved_window_analyses_the_new_span_and_finds_what_a_first_run_finds(moved, rows):
    (one, _), (two, packed), (cold, packed_cold) = moved
    assert [told(graph) for graph in (one, two, cold)] == [(2, 2), (1, 2), (2, 2)]
    kept = pathlib.Path(two.uri, "spans.json").read_text()  # as the examples said
    assert kept == '["2026-01-01", "2026-01-02"]'

    vocabulary, made = numbers(two)
    vocabulary_cold, made_cold = numbers(cold)
    assert vocabulary == vocabulary_cold
    np.testing.assert_array_equal(made["ids"], made_cold["ids"])  # and the bounds of the buckets
    np.testing.assert_allclose(made["dense"], made_cold["dense"], rtol=1e-6)

    trained = [row for day in (2, 3) for row in rows(day)]
    for split, days in (("train", (2, 3)), ("validation", (4,)), ("eval", (5,))):
        expected = expected_rows([row for day in days for row in rows(day)], trained)
        found = packed_rows(packed, split)
        assert len(found) == len(expected) == 40 * len(days)
        assert sorted(found) == sorted(
            expected, key=lambda row: (*row[:2], row[2].expected, row[3])
        )
        assert [row[0] for row in found] == [row[0] for row in packed_rows(packed_cold, split)]
    assert packed.split_names == '["eval", "train", "validation"]'
    assert packed.get_string_custom_property("file_format") == "tfrecords_gzip"
    assert packed.span == 20_454


class Killed(BaseException):
    """What no code of the project catches."""


def test_spans_that_were_found_are_kept_by_a_run_killed_before_it_added_up(
    write_examples, execute, tmp_path, toy, monkeypatch
):
    def kill(*_):
        raise Killed

    examples = write_examples("some", {"train": [1, 2], "eval": [3]})
    items = {"preprocessing_fn": f"{toy}.pack_items_and_labels"}
    whole, packed = execute(examples, "one", "other", **items)
    monkeypatch.setattr(analysis, "MOST_COPIES", 1)
    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(analysis.Analysis, "run", kill)
        execute(examples, "killed", **items)
    assert len(list((tmp_path / "analyses").iterdir())) == 2
    graph, again = execute(examples, "two", **items)
    assert (told(whole), told(graph)) == ((2, 2), (0, 2))
    assert shards(packed) == shards(again)


def test_other_rows_or_another_function_are_analysed_anew(write_examples, execute, tmp_path, toy):
    examples = write_examples("some", {"train": [1, 2], "eval": [3]})
    prices = {"preprocessing_fn": f"{toy}.pack_prices"}
    execute(examples, "one", **prices)
    known = set((tmp_path / "analyses").iterdir())
    (examples / "contents.json").write_text('{"2026-01-01": "digest1", "2026-01-02": "other"}')
    assert told(execute(examples, "two", **prices)[0]) == (1, 2)
    doubled, _ = execute(examples, "three", custom_config='{"scale": 2.0}', **prices)
    assert told(doubled) == (2, 2)
    assert known < set((tmp_path / "analyses").iterdir())
    assert not list(tmp_path.glob("*/*/.temporary"))


def test_a_function_that_needs_no_analysis_reads_nothing(write_examples, execute, tmp_path, toy):
    examples = write_examples("some", {"train": [1], "eval": [2]})
    _, packed = execute(examples, "one", preprocessing_fn=f"{toy}.pack_without_analysis")
    paths = list(map(str, pathlib.Path(packed.uri, "Split-eval").iterdir()))
    records = tf.data.TFRecordDataset(paths, compression_type="GZIP")
    assert sum(1 for _ in records) == 40

import numpy as np
import pytest
from apache_beam.pvalue import TaggedOutput

from components.span_statistics.scan import SAMPLES, VALUES, Piece, Scan, pieces, shards
from components.span_statistics.settings import StatisticsSettings
from components.span_statistics.summary import Rate


@pytest.fixture
def settings(window_columns):
    return StatisticsSettings.model_validate(
        {
            "features": {
                "item": {"kind": "categorical", "side": "item", "vocabulary": {"max_size": 9}}
            },
            "heads": {"ctr": {"label": "click"}, "cvr": {"label": "conversion", "given": "ctr"}},
            "columns": window_columns,
        }
    )


@pytest.fixture
def span():
    return {
        "impression_id": ["1", "2", "3", "4"],
        "item": ["a", "b", None, "a"],
        "device": ["phone"] * 4,
        "history": [None] * 4,
        "price": [None, 1.0, 2.0, 3.0],
        "click": [1, 1, 1, 0],
        "conversion": [1, 0, 0, 0],
        "conversion_mature": [1, 1, 0, 1],
        "settled": [1, 1, 0, 1],
    }


def test_shards_are_found_by_span_over_all_splits(write_window, span):
    written, _ = write_window(
        {"train": {"2026-01-02": span, "2026-01-01": span}, "eval": {"2026-01-02": span}}, shards=1
    )
    name = "data_tfrecord-{}-00000-of-00001.gz"
    assert shards(written.uri, ["train", "eval"]) == {
        "2026-01-01": [f"{written.uri}/Split-train/{name.format('2026-01-01')}"],
        "2026-01-02": [
            f"{written.uri}/Split-eval/{name.format('2026-01-02')}",
            f"{written.uri}/Split-train/{name.format('2026-01-02')}",
        ],
    }


def test_what_is_no_shard_of_a_span_is_refused(tmp_path):
    with pytest.raises(ValueError, match="there are no examples in"):
        shards(str(tmp_path), ["train"])
    (tmp_path / "Split-train").mkdir()
    (tmp_path / "Split-train" / "data_tfrecord-00000-of-00001.gz").touch()
    with pytest.raises(ValueError, match=r"00001\.gz is no shard of a span: .* LogExampleGen"):
        shards(str(tmp_path), ["train"])


def test_a_piece_has_a_few_shards_of_one_span():
    found = pieces({"a": list("12345"), "b": ["6"]}, {"a": 0.5, "b": 1.0})
    assert found == [
        Piece("a", ("1", "2", "3", "4"), 0.5),
        Piece("a", ("5",), 0.5),
        Piece("b", ("6",), 1.0),
    ]


def scan(settings, written, share, parts=1):
    paths = shards(written.uri, ["train"])["2026-01-01"]
    labels, *tagged = Scan(settings, parts).process(Piece("2026-01-01", tuple(paths), share))
    assert all(isinstance(found, TaggedOutput) for found in tagged)
    return labels, {tag: [f.value for f in tagged if f.tag == tag] for tag in (SAMPLES, VALUES)}


def test_labels_count_in_their_population_where_they_are_mature(write_window, settings, span):
    written, _ = write_window({"train": {"2026-01-01": span}}, shards=1)
    labels, tagged = scan(settings, written, 1.0)
    assert labels == (
        "2026-01-01",
        {
            "click": Rate(rows=4, weight=4, squares=4, events=3),
            "conversion": Rate(rows=2, left_out=1, weight=2, squares=2, events=1),
        },
    )
    [((feature, part), (day, values))] = tagged[VALUES]
    assert (feature, part, day) == ("item", 0, "2026-01-01")
    assert sorted(zip(values.rows, values.weights, strict=True)) == [(1, 1), (2, 2)]
    [(day, _, sample)] = tagged[SAMPLES]
    assert (day, len(sample)) == ("2026-01-01", 4)


def test_a_sample_is_the_same_in_every_run_and_as_large_as_asked(
    write_window, settings, healthy_span
):
    written, _ = write_window({"train": {"2026-01-01": healthy_span(1)}})
    found = [scan(settings, written, 0.3)[1][SAMPLES] for _ in range(2)]
    assert found[0] == found[1]
    [(_, _, sample)] = found[0]
    assert len(sample) == pytest.approx(900, abs=100)  # 4 standard deviations


def test_no_value_is_in_two_parts(write_window, settings, healthy_span):
    written, _ = write_window({"train": {"2026-01-01": healthy_span(1)}})
    [(_, (_, whole))] = scan(settings, written, 0.0)[1][VALUES]
    parts = [values for _, (_, values) in scan(settings, written, 0.0, parts=3)[1][VALUES]]
    assert len(parts) == 3
    assert sorted(np.concatenate([values.hashes for values in parts])) == whole.hashes.tolist()
    assert sum(values.rows.sum() for values in parts) == 3000

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from components.evaluator.truth import true_answers, truth_files
from schemas.heads import Head

HEADS = {
    "ctr": Head(label="click"),
    "cvr": Head(label="conversion", given="ctr"),
    "spend": Head(label="spent", given="ctr", kind="value"),
}


@pytest.fixture
def files(tmp_path):
    found = []
    for day, ids in ((1, "ab"), (2, "cz")):
        folder = tmp_path / f"2026-01-0{day}"
        folder.mkdir()
        found.append(str(folder / "part.parquet"))
        table = {
            "impression_id": list(ids),
            "p_click": [0.25 * day, 0.5],
            "p_conversion": [0.5, None],
        }
        pq.write_table(pa.table(table), found[-1])
    return found


def test_the_truth_of_a_shard_is_that_of_its_day(files, tmp_path):
    pattern = str(tmp_path / "{SPAN}" / "*.parquet")
    shard = "/a/Split-eval/data_tfrecord-2026-01-02-00000-of-00003.gz"
    assert truth_files(pattern, shard) == files[1:]
    assert truth_files(pattern, shard.replace("01-02", "01-03")) == []
    # Without a date in its name it may be of any day.
    assert truth_files(pattern, "/2026-01-01/data_tfrecord-00000-of-00003.gz") == files


def test_answers_are_products_of_probabilities_in_the_order_of_the_rows(files):
    found = true_answers(pa.array(["c", "nowhere", "a", "b"]), files, HEADS)
    assert set(found) == {"ctr", "cvr", "ctcvr"}  # a value has no probability
    np.testing.assert_array_equal(found["ctr"], [0.5, np.nan, 0.25, 0.5])
    np.testing.assert_array_equal(found["cvr"], [0.5, np.nan, 0.5, np.nan])
    np.testing.assert_array_equal(found["ctcvr"], [0.25, np.nan, 0.125, np.nan])
    assert found["ctr"].dtype == np.float32


def test_without_files_nothing_is_known():
    found = true_answers(pa.array(["a"]), [], HEADS)
    assert all(np.isnan(answers).all() for answers in found.values())

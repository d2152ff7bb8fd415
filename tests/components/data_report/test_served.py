import datetime

import pyarrow as pa
import pyarrow.parquet
import pytest

from components.data_report.served import fingerprint, read_served, served_files
from components.log_example_gen.read import Unreadable
from schemas.columns import Column
from schemas.served_log import Served

SERVED = Served.model_validate(
    {"path": "served/{SPAN}/*.parquet", "id": "id", "time": {"column": "time"}}
)
COLUMNS = (
    Column("item", "text"),
    Column("seen", "text", repeated=True),
    Column("price", "float"),
    Column("age", "float"),
)


@pytest.fixture
def write(tmp_path):
    def serve(span, name="part", **columns):
        path = tmp_path / "served" / span / f"{name}.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        pa.parquet.write_table(pa.table(columns), path)
        return path

    return serve


def files(root, span="2026-01-02"):
    return served_files(str(root), SERVED, span)


def test_files_are_those_of_one_span(write, tmp_path):
    write("2026-01-01", ctr=[0.5])
    paths = [write("2026-01-02", name, ctr=[0.5]) for name in ("a", "b")]
    assert [file.path for file in files(tmp_path)] == list(map(str, paths))
    assert files(tmp_path)[0].span == datetime.date(2026, 1, 2)
    assert files(tmp_path, "2026-01-03") == ()
    assert served_files(str(tmp_path), None, "2026-01-02") == ()


def test_a_fingerprint_changes_with_the_files(write, tmp_path):
    write("2026-01-02", ctr=[0.5])
    one = fingerprint(files(tmp_path))
    assert fingerprint(files(tmp_path)) == one
    write("2026-01-02", "more", ctr=[0.5])
    assert len({one, fingerprint(files(tmp_path)), fingerprint(())}) == 3


def test_values_are_taken_as_ingestion_takes_them(write, tmp_path):
    write(
        "2026-01-02",
        item=[7, None],
        seen=pa.array([["x", "y"], []], pa.list_(pa.string())),
        price=[None, 2.5],
        ctr=[0.5, 0.5],
    )
    found, columns = read_served(files(tmp_path), COLUMNS)
    assert columns == COLUMNS[:3]
    assert found.to_pydict() == {
        "item": [[b"7"], None],
        "seen": [[b"x", b"y"], None],
        "price": [None, [2.5]],
    }


def test_a_column_that_some_files_lack_is_left_out(write, tmp_path):
    write("2026-01-02", "a", item=["x"], price=[1.0])
    write("2026-01-02", "b", item=["y"])
    found, columns = read_served(files(tmp_path), COLUMNS)
    assert [column.name for column in columns] == ["item"]
    assert found["item"].to_pylist() == [[b"x"], [b"y"]]


def test_scores_alone_give_nothing_to_compare(write, tmp_path):
    write("2026-01-02", ctr=[0.5])
    found, columns = read_served(files(tmp_path), COLUMNS)
    assert (len(found), columns) == (0, ())


def test_a_large_log_is_sampled_and_the_same_in_every_run(write, tmp_path):
    write("2026-01-02", item=pa.array([str(i % 4) for i in range(100_000)]))
    one, _ = read_served(files(tmp_path), COLUMNS)
    again, _ = read_served(files(tmp_path), COLUMNS)
    assert one == again
    assert len(one) == pytest.approx(20_000, abs=600)  # 5 standard deviations


def test_a_broken_file_says_which_it_is(write, tmp_path):
    path = write("2026-01-02", item=["x"] * 1000)
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(Unreadable, match=r"part\.parquet"):
        read_served(files(tmp_path), COLUMNS)


def test_a_column_of_another_kind_is_refused_by_its_name(write, tmp_path):
    write("2026-01-02", price=pa.array([{"a": 1}]))
    with pytest.raises(TypeError, match="'price'"):
        read_served(files(tmp_path), COLUMNS)

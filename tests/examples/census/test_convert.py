"""Census-Income becomes one log with labels, in three spans."""

import gzip
import hashlib
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest

from examples.census.convert import DATES, convert
from examples.census.fields import FIELDS, NO_FEATURES


def rows(out: Path, part: str) -> list[dict]:
    return pq.read_table(out / "impressions" / DATES[part] / "part-00000.parquet").to_pylist()


def ids(out: Path, part: str) -> list[str]:
    return [row["impression_id"] for row in rows(out, part)]


@pytest.fixture
def out(source, tmp_path) -> Path:
    convert(source, tmp_path / "out")
    return tmp_path / "out"


def test_the_test_file_is_halved_and_an_odd_row_goes_to_the_test(source, tmp_path):
    assert convert(source, tmp_path / "out") == {"train": 5, "validation": 5, "test": 6}


def test_duplicates_of_the_train_file_are_rows_with_ids_of_their_own(out):
    assert ids(out, "train") == ["train-1", "train-2", "train-3", "train-4", "train-5"]
    first, *_, copy = rows(out, "train")
    assert {**first, "impression_id": "train-5"} == copy


def test_every_row_of_the_test_file_is_in_one_half_under_its_line(out):
    found = {row["impression_id"]: row["age"] for half in DATES for row in rows(out, half)}
    assert {f"test-{line}": line - 1.0 for line in range(1, 12)}.items() <= found.items()
    assert not set(ids(out, "validation")) & set(ids(out, "test"))


def test_the_halves_depend_on_the_seed_alone(source, out, tmp_path):
    convert(source, tmp_path / "same")
    convert(source, tmp_path / "other", seed=1)
    assert ids(out, "validation") == ids(tmp_path / "same", "validation")
    assert ids(out, "validation") != ids(tmp_path / "other", "validation")


def test_the_halves_are_a_draw_by_digest_that_any_language_can_repeat(out):
    digests = {line: hashlib.md5(f"0:{line}".encode()).hexdigest() for line in range(1, 12)}
    drawn = sorted(sorted(digests, key=digests.__getitem__)[:5])
    assert ids(out, "validation") == [f"test-{line}" for line in drawn]
    assert drawn != [1, 2, 3, 4, 5]


def test_labels_are_income_never_married_and_at_least_an_associates_degree(out):
    labels = ("income_over_50k", "never_married", "college_degree")
    assert [tuple(row[label] for label in labels) for row in rows(out, "train")] == [
        *((0, 0, 0), (0, 1, 1), (1, 0, 1), (1, 0, 0)),
        (0, 0, 0),
    ]


def test_a_question_mark_is_missing_and_na_is_a_value(out):
    row = rows(out, "train")[0]
    assert (row["birth_country"], row["hispanic_origin"]) == (None, "NA")


def test_texts_lose_their_blanks_and_numbers_are_floats(out):
    row = rows(out, "train")[3]
    assert (row["citizenship"], row["weeks_worked"]) == ("Foreign U S", 52.0)


def test_all_rows_of_a_part_happen_at_the_midnight_of_its_date(out):
    assert [{row["timestamp"] for row in rows(out, part)} for part in DATES] == [
        {788_918_400},
        {789_004_800},
        {789_091_200},
    ]


def test_education_marital_status_weight_and_income_are_no_columns(out):
    columns = set(rows(out, "train")[0])
    assert not columns & set(NO_FEATURES)
    assert columns - set(FIELDS) == {
        *("impression_id", "timestamp", "income_over_50k", "never_married", "college_degree")
    }


def test_the_same_files_give_the_same_bytes(source, out, tmp_path):
    convert(source, tmp_path / "again")
    for path in out.rglob("*.parquet"):
        assert path.read_bytes() == (tmp_path / "again" / path.relative_to(out)).read_bytes()


def test_an_income_of_another_kind_is_refused_and_nothing_is_written(source, tmp_path):
    path = source / "census-income.test"
    path.write_text(path.read_text().replace("- 50000.", "much", 1))
    with pytest.raises(duckdb.Error, match=r"income must be .* Received: much"):
        convert(source, tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["source"]


def test_a_line_with_a_field_too_few_is_refused(source, tmp_path):
    with (source / "census-income.test").open("a") as file:
        file.write("40, Private\n")
    message = r"census-income.test must have 42 fields.*Line: 12 Original Line: 40, Private"
    with pytest.raises(ValueError, match=message):
        convert(source, tmp_path / "out")


def test_a_missing_file_is_named(source, tmp_path):
    (source / "census-income.test").unlink()
    with pytest.raises(FileNotFoundError, match=r"census-income.test or census-income.test.gz"):
        convert(source, tmp_path / "out")


def test_the_published_files_give_the_parts_and_correlations_of_the_benchmark(census_logs):
    paths = [census_logs / "impressions" / DATES[part] / "part-00000.parquet" for part in DATES]
    assert [pq.read_metadata(path).num_rows for path in paths] == [199_523, 49_881, 49_881]
    found = duckdb.execute(
        "SELECT sum(income_over_50k), round(corr(income_over_50k, never_married), 3), "
        "round(corr(college_degree, never_married), 2) FROM read_parquet(?)",
        [str(paths[0])],
    ).fetchone()
    assert found == (12_382, -0.178, -0.24)


def test_the_published_lines_keep_their_order(census_logs):
    data = Path(__file__).resolve().parents[4] / "shared" / "data" / "census_income"
    with gzip.open(data / "census-income.data.gz", "rt") as file:
        from_file = [float(line.split(",", 1)[0]) for line in file]
    path = census_logs / "impressions" / DATES["train"] / "part-00000.parquet"
    assert pq.read_table(path, columns=["age"])["age"].to_pylist() == from_file

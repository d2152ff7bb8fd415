"""Census-Income (KDD) to one log of impressions with labels, in three spans.

The labels are those of Ma et al., "Modeling Task Relationships in Multi-task Learning with
Multi-gate Mixture-of-Experts", KDD 2018: `income_over_50k`, `never_married` and (for their second
group) `college_degree`, an Associates degree or higher. There is no funnel and no time: dates
stand for the parts of the data, and all rows of a part happen at its midnight.
"""

import datetime
from pathlib import Path

import duckdb

from examples.census.fields import FIELDS, NO_FEATURES, NUMBERS
from examples.new_folder import new_folder

DATES = {"train": "1995-01-01", "validation": "1995-01-02", "test": "1995-01-03"}

_LABELS = """
    CASE income WHEN '- 50000.' THEN 0 WHEN '50000+.' THEN 1
         ELSE error('income must be "- 50000." or "50000+.". Received: ' || income)
    END AS income_over_50k,
    CAST(marital_status = 'Never married' AS INT) AS never_married,
    CAST(education LIKE 'Associates degree%' OR education LIKE 'Bachelors degree%'
         OR education LIKE 'Masters degree%' OR education LIKE 'Prof school degree%'
         OR education LIKE 'Doctorate degree%' AS INT) AS college_degree
"""


def convert(source: Path, out: Path, seed: int = 0) -> dict[str, int]:
    """Writes `out/impressions/<date>/part-00000.parquet` for train, validation and test.

    A row's id is its file and its line, so the duplicates of the published files stay rows.

    Args:
        source: folder with `census-income.data` and `census-income.test`, gzipped or not.
        out: folder to make; it appears only when complete.
        seed: chooses the half of the test file that is the validation part.

    Returns:
        The rows of each part.

    Raises:
        FileNotFoundError: if a published file is missing.
        FileExistsError: if `out` is there and not empty.
        ValueError: if a line has not 42 fields.
        duckdb.Error: if a number is none, or an income is neither of the two.
    """
    train, test = (_find(source, f"census-income.{end}") for end in ("data", "test"))
    # One thread: lines keep the order of the file, and the same files give the same bytes.
    with new_folder(out) as draft, duckdb.connect(config={"threads": 1}) as connection:
        _load(connection, "train", train)
        _load(connection, "lines", test)
        # A digest shuffles the same way on every machine and in every version of DuckDB.
        connection.execute(
            "CREATE TABLE shuffled AS SELECT *, "
            "row_number() OVER (ORDER BY md5(concat_ws(':', ?, line)), line) AS place FROM lines",
            [seed],
        )
        for part, side in (("validation", "<="), ("test", ">")):
            connection.execute(
                f"CREATE VIEW {part} AS SELECT * EXCLUDE (place) FROM shuffled "
                f"WHERE place {side} (SELECT count(*) FROM shuffled) // 2"
            )
        return {part: _write(connection, part, draft) for part in DATES}


def _find(folder: Path, name: str) -> Path:
    for path in (folder / f"{name}.gz", folder / name):
        if path.is_file():
            return path
    raise FileNotFoundError(
        f"Census-Income needs {name} or {name}.gz, not found in {folder}. "
        "Name the folder that holds the two published files"
    )


def _load(connection: duckdb.DuckDBPyConnection, table: str, path: Path) -> None:
    """Makes a table of the fields of `path`, all text, with the number of the line from 1."""
    columns = ", ".join(f"'{name}': 'VARCHAR'" for name in FIELDS)
    try:
        connection.execute(
            f"CREATE TABLE {table} AS SELECT *, row_number() OVER () AS line "
            "FROM read_csv(?, auto_detect=false, delim=', ', header=false, quote='', escape='', "
            f"columns={{{columns}}})",
            [str(path)],
        )
    except duckdb.InvalidInputException as error:
        where = " ".join(str(error).splitlines()[:3])
        raise ValueError(
            f"a line of {path.name} must have {len(FIELDS)} fields with a comma and a space "
            f"between them. Received: {where}. Take the file as published"
        ) from error


def _write(connection: duckdb.DuckDBPyConnection, part: str, draft: Path) -> int:
    """Writes one part and returns its rows."""
    date = datetime.datetime.fromisoformat(DATES[part]).replace(tzinfo=datetime.UTC)
    file = "train" if part == "train" else "test"
    features = [
        f"CAST({name} AS FLOAT) AS {name}"
        if name in NUMBERS
        else f"nullif(trim({name}), '?') AS {name}"
        for name in FIELDS
        if name not in NO_FEATURES
    ]
    rows = connection.sql(
        f"SELECT '{file}-' || line AS impression_id, {int(date.timestamp())} AS timestamp, "
        f"{', '.join(features)}, {_LABELS} FROM {part} ORDER BY line"
    )
    folder = draft / "impressions" / DATES[part]
    folder.mkdir(parents=True)
    rows.write_parquet(str(folder / "part-00000.parquet"), compression="zstd")
    return int(connection.table(part).count("*").fetchall()[0][0])

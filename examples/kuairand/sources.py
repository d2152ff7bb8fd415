"""The published files of KuaiRand-Pure: finding them and reading the columns we need."""

import dataclasses
from pathlib import Path

import duckdb

LOG_COLUMNS = ("user_id", "video_id", "date", "time_ms", "is_click", "is_like", "tab")

_USERS = "user_features_pure.csv"
_VIDEOS = "video_features_basic_pure.csv"
# Two forms of one log; where both lie together, reading both would count rows twice.
_LOG_PATTERNS = ("log_standard_*.csv", "*_20[0-9]*_20[0-9]*.parquet")


@dataclasses.dataclass(frozen=True)
class Sources:
    """The files of one copy of the data set.

    Attributes:
        log: files of impressions, all CSV or all Parquet.
        users: the CSV of user features.
        videos: the CSV of basic video features.
    """

    log: tuple[Path, ...]
    users: Path
    videos: Path


def find_sources(folder: Path) -> Sources:
    """Returns the files in `folder`, or in its `data` folder as in the published archive.

    Raises:
        FileNotFoundError: naming what is missing and where it was sought.
    """
    folder = folder / "data" if (folder / "data" / _USERS).is_file() else folder
    missing = [name for name in (_USERS, _VIDEOS) if not (folder / name).is_file()]
    log = next((found for p in _LOG_PATTERNS if (found := tuple(sorted(folder.glob(p))))), ())
    if not log:
        missing.append(" or ".join(_LOG_PATTERNS))
    if missing:
        raise FileNotFoundError(
            f"KuaiRand-Pure needs {', '.join(missing)}, not found in {folder}. "
            "Name the folder into which the published archive was unpacked"
        )
    return Sources(log, folder / _USERS, folder / _VIDEOS)


def read(
    connection: duckdb.DuckDBPyConnection, files: tuple[Path, ...], columns: tuple[str, ...]
) -> duckdb.DuckDBPyRelation:
    """Returns the named columns of CSV or Parquet files as one relation; CSV fields are text.

    Raises:
        ValueError: if the files lack a column.
    """
    names = [str(file) for file in files]
    if files[0].suffix == ".parquet":
        relation = connection.read_parquet(names)
    else:
        options = "header = true, all_varchar = true, delim = ',', quote = '\"'"
        relation = connection.sql(f"SELECT * FROM read_csv(?, {options})", params=[names])
    if missing := [column for column in columns if column not in relation.columns]:
        raise ValueError(
            f"{files[0].name} must have the column {missing[0]} of KuaiRand-Pure. "
            f"Received: {', '.join(relation.columns)}"
        )
    return relation.select(*columns)

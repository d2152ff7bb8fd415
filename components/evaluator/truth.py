"""The true probabilities of impressions, where logs are simulated: what no model can beat."""

import glob
import re
from collections.abc import Sequence

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from schemas.heads import Heads, outputs
from schemas.logs import IMPRESSION_ID, SPAN

_DATE = re.compile(r"-(\d{4}-\d{2}-\d{2})-\d{5}-of-\d{5}")
_ROW = "row"
# One thread, and nothing that is not in DuckDB itself.
_ALONE: dict[str, str | bool | int | float | list[str]] = {
    "threads": 1,
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
}


def truth_files(pattern: str, shard: str) -> list[str]:
    """Returns the files with the truth of a shard's impressions, which are all of one span.

    Args:
        pattern: a glob in which `{SPAN}` stands for the date.
        shard: path of a shard of LogExampleGen's, which has the date in its name.
    """
    found = _DATE.search(shard.rsplit("/", 1)[-1])
    return sorted(glob.glob(pattern.replace(SPAN, found[1] if found else "*"), recursive=True))


def true_answers(
    ids: pa.Array, files: Sequence[str], heads: Heads
) -> dict[str, npt.NDArray[np.float32]]:
    """Returns the true probability of each output that is one, float32 [N].

    It is NaN for an impression that no file has.

    Args:
        ids: of the impressions, text [N].
        files: Parquet with impression_id and for each label of a rate `p_<label>`.
        heads: of the models.
    """
    rates = [output for output in outputs(heads) if output.kind == "rate"]
    labels = list(dict.fromkeys(heads[name].label for output in rates for name in output.heads))
    found = np.full((len(labels), len(ids)), np.nan)
    if files and labels:
        wanted = pa.table({IMPRESSION_ID: ids, _ROW: np.arange(len(ids))})
        columns = ", ".join(f'"p_{_quoted(label)}"' for label in labels)
        with duckdb.connect(config=_ALONE) as connection:
            connection.register("wanted", wanted)
            rows = connection.execute(
                f"SELECT {_ROW}, {columns} FROM read_parquet(?) "
                f"JOIN wanted USING ({IMPRESSION_ID})",
                [list(files)],
            ).to_arrow_table()
        for place, label in enumerate(labels):
            told = rows.column(f"p_{label}").cast(pa.float64())
            found[place, rows.column(_ROW).to_numpy()] = told.to_numpy()
    of = dict(zip(labels, found, strict=True))
    return {
        output.name: np.prod([of[heads[name].label] for name in output.heads], axis=0).astype(
            np.float32
        )
        for output in rates
    }


def _quoted(name: str) -> str:
    """Returns a name as it stands between SQL's double quotes."""
    return name.replace('"', '""')

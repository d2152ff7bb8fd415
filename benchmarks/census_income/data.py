"""The published files of Census-Income (KDD) as packed tensors and labels in memory."""

import tempfile
from pathlib import Path
from typing import NamedTuple

import duckdb
import numpy as np
import pydantic
import yaml

from benchmarks.learning.packing import pack
from examples.census.convert import DATES, convert
from schemas.features import Feature, Features, Numeric
from schemas.layout import make_layout

CONFIG = Path(__file__).resolve().parents[2] / "configs" / "census.yaml"
LABELS = ("income_over_50k", "never_married", "college_degree")
# Chooses which half of the published test file is for validation.
SPLIT_SEED = 0


class Part(NamedTuple):
    """Rows of one part: train, validation or test.

    Attributes:
        features: the packed tensors by name, [N, ...].
        labels: [N] by label.
    """

    features: dict[str, np.ndarray]
    labels: dict[str, np.ndarray]


def declared() -> Features:
    """Returns the features of configs/census.yaml.

    Education, marital status and the instance weight are not among them: the first two make the
    labels, and the third says how many people a row stands for.
    """
    text = CONFIG.read_text()
    adapter = pydantic.TypeAdapter(dict[str, Feature])
    return adapter.validate_python(yaml.safe_load(text)["features"])


def read(source: Path) -> dict[str, Part]:
    """Returns the parts by name, as `examples.census` splits them.

    Args:
        source: folder with the two published files, gzipped or not.

    Raises:
        FileNotFoundError: if a file is missing.
    """
    features = declared()
    with tempfile.TemporaryDirectory() as folder:
        convert(source, Path(folder, "logs"), SPLIT_SEED)
        tables = [
            duckdb.execute(
                f"SELECT {', '.join((*features, *LABELS))} FROM read_parquet(?)",
                [f"{folder}/logs/impressions/{date}/*.parquet"],
            ).fetchnumpy()
            for date in DATES.values()
        ]
    sizes = [len(table[LABELS[0]]) for table in tables]
    columns = {
        name: np.ma.concatenate([np.ma.asarray(table[name]) for table in tables])
        for name in tables[0]
    }
    raw = {
        name: columns[name].astype(np.float64).filled(np.nan)
        if isinstance(feature, Numeric)
        else columns[name].astype(object).filled(None)
        for name, feature in features.items()
    }
    taught = np.arange(sum(sizes)) < sizes[0]
    packed = pack(make_layout(features), features, raw, taught)
    ends = np.cumsum(sizes)[:-1]
    parts = {name: np.split(values, ends) for name, values in packed.items()}
    labels = {
        name: np.split(columns[name].astype(np.float64).filled(np.nan), ends) for name in LABELS
    }
    return {
        part: Part(
            {name: values[i] for name, values in parts.items()},
            {name: values[i] for name, values in labels.items()},
        )
        for i, part in enumerate(DATES)
    }

"""KuaiRand-Pure, converted: a click, then a like. Nobody knows its true rates."""

from pathlib import Path

import numpy as np
import pydantic
import yaml

from benchmarks.kuairand_floor import CONFIG, EVAL_SPANS, read_rows
from benchmarks.ladders.rows import Rows
from benchmarks.learning.packing import pack
from schemas.features import Feature, Numeric
from schemas.layout import make_layout

TUNED_ON = 2  # spans: 3 and 4 May


def kuairand(logs: Path, *, tune: bool = False) -> Rows:
    """Returns the impressions, those of 5 to 8 May to be judged on.

    Args:
        logs: folder that `python -m examples.kuairand` made.
        tune: leaves those four days out, and judges on the two before.
    """
    rows = read_rows(logs)
    spans = np.unique(rows["span"])
    end = len(spans) - EVAL_SPANS
    begin, end = (end - TUNED_ON, end) if tune else (end, len(spans))
    taught, judged = rows["span"] < spans[begin], np.isin(rows["span"], spans[begin:end])
    declared = yaml.safe_load(CONFIG.read_text())["features"]
    features = pydantic.TypeAdapter(dict[str, Feature]).validate_python(declared)
    columns = {}
    for name, feature in features.items():
        values = np.ma.asarray(rows[name])
        if isinstance(feature, Numeric):
            columns[name] = np.ma.filled(values.astype(np.float64), np.nan)
        else:
            columns[name] = np.ma.filled(values.astype(object), None)
    layout = make_layout(features)
    labels = np.stack([rows["click"], rows["click+like"]], axis=1).astype(np.float32)
    return Rows(layout, pack(layout, features, columns, taught), labels, taught, judged)

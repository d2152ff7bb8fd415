"""The floor on KuaiRand-Pure: logistic regression on the features of configs/kuairand.yaml.

A neural ranker that does not beat it is not worth its cost. Trains on the spans before the last
four (up to 4 May) and is judged on those (5 to 8 May), once for P(click) and once for P(click and
like), both over all impressions; duplicates count once.

    python -m examples.kuairand SOURCE_DIR runs/kuairand/logs
    python benchmarks/kuairand_floor.py runs/kuairand/logs
"""

import time
from pathlib import Path

import click
import duckdb
import numpy as np
import pydantic
import scipy.sparse
import yaml
from rich.console import Console
from rich.table import Table
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss, roc_auc_score
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from schemas.features import Categorical, Feature, Features, Numeric, Sequence

CONFIG = Path(__file__).resolve().parent.parent / "configs" / "kuairand.yaml"
EVAL_SPANS = 4
# The least log loss on 3 and 4 May after training up to 2 May; the days of evaluation had no say.
# Tried: 0.01, 0.03, 0.1, 0.3, 0.6, 1 for clicks, 0.003 to 4 in ten steps for likes.
INVERSE_PENALTY = {"click": 0.3, "click+like": 0.5}

_ROWS = """
    SELECT DISTINCT ON (i.impression_id) i.*, parse_path(i.filename)[-2] AS span,
           i.impression_id IN (SELECT impression_id FROM read_parquet($clicks)) AS click,
           i.impression_id IN (SELECT impression_id FROM read_parquet($conversions))
           AS "click+like"
    FROM read_parquet($impressions, filename = true) i ORDER BY i.impression_id
"""


def read_rows(logs: Path) -> dict[str, np.ndarray]:
    """Returns the distinct impressions as columns, with span and labels."""
    files = {log: f"{logs}/{log}/*/*.parquet" for log in ("impressions", "clicks", "conversions")}
    return duckdb.execute(_ROWS, files).fetchnumpy()


def encode(name: str, feature: Feature, values: np.ndarray, train: np.ndarray):
    """Returns a sparse block of one feature, [rows, columns], fitted on the rows `train`."""
    if isinstance(feature, Sequence):
        lists = [() if row is None or row is np.ma.masked else row for row in values]
        counts = CountVectorizer(analyzer=tuple, binary=True)
        counts.fit([lists[row] for row in np.flatnonzero(train)])
        return counts.transform(lists)
    if isinstance(feature, Numeric):
        return _numbers(feature, np.ma.filled(values.astype(np.float64), np.nan), train)
    texts = np.ma.filled(np.ma.asarray(values).astype(object), "").astype(str)[:, None]
    vocabulary = feature.vocabulary if isinstance(feature, Categorical) else None
    encoder = OneHotEncoder(
        handle_unknown="infrequent_if_exist",
        min_frequency=max(1, vocabulary.min_count if vocabulary else 1),
    )
    encoder.fit(texts[train])
    return encoder.transform(texts)


def _numbers(feature: Numeric, values: np.ndarray, train: np.ndarray):
    """Returns quantile buckets one-hot, or one standardised column, a missing number as 0."""
    if feature.transform == "quantiles":
        inner = np.linspace(0, 1, feature.buckets + 1)[1:-1]
        bucket = np.searchsorted(np.nanquantile(values[train], inner), values, side="right")
        return OneHotEncoder().fit_transform(np.where(np.isnan(values), -1, bucket)[:, None])
    if feature.transform == "log":
        values = np.sign(values) * np.log1p(np.abs(values))
    scaled = StandardScaler().fit(values[train, None]).transform(values[:, None])
    return scipy.sparse.csr_matrix(np.nan_to_num(scaled))


def measure(rows: dict[str, np.ndarray], features: Features) -> list[tuple[str, ...]]:
    """Trains and judges both regressions; returns a line of text cells for each."""
    train = rows["span"] < np.unique(rows["span"])[-EVAL_SPANS]
    blocks = [encode(name, feature, rows[name], train) for name, feature in features.items()]
    inputs = scipy.sparse.hstack(blocks, format="csr")
    lines = []
    for label, penalty in INVERSE_PENALTY.items():
        begin = time.perf_counter()
        model = LogisticRegression(C=penalty, max_iter=1000).fit(inputs[train], rows[label][train])
        truth = rows[label][~train]
        guess = model.predict_proba(inputs[~train])[:, 1]
        lines.append(
            (
                label,
                f"{train.sum():,}",
                f"{(~train).sum():,}",
                f"{inputs.shape[1]:,}",
                f"{truth.mean():.4f}",
                f"{roc_auc_score(truth, guess):.4f}",
                f"{log_loss(truth, guess):.4f}",
                f"{time.perf_counter() - begin:.1f}",
            )
        )
    return lines


@click.command()
@click.argument("logs", type=click.Path(path_type=Path), default=Path("runs/kuairand/logs"))
def main(logs: Path) -> None:
    """Measure logistic regression on the converted LOGS of KuaiRand-Pure."""
    if not (logs / "impressions").is_dir():
        raise click.UsageError(
            f"no logs of KuaiRand-Pure in {logs}. Convert the published files first: "
            f"python -m examples.kuairand SOURCE_DIR {logs}"
        )
    declared = yaml.safe_load(CONFIG.read_text())["features"]
    features = pydantic.TypeAdapter(dict[str, Feature]).validate_python(declared)
    table = Table("label", "train", "eval", "inputs", "rate", "AUC", "log loss", "s")
    for line in measure(read_rows(logs), features):
        table.add_row(*line)
    Console().print(table)


if __name__ == "__main__":
    main()

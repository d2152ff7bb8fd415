"""An evaluation split of any size, and two models that read their answers from its examples.

    python -m benchmarks.evaluating.rows FOLDER --rows 5000000 --users 1000000

Users differ in how often they click, and a shard has rows of users from everywhere.
"""

import json
from pathlib import Path

import click
import numpy as np
import pyarrow as pa

from components.log_example_gen.encode import examples, features
from components.log_example_gen.tfrecord import Shard, shard_name
from schemas.columns import Column
from schemas.heads import Head

SHARD_ROWS = 250_000
HEADS = {"ctr": Head(label="click"), "cvr": Head(label="conversion", given="ctr")}
OUTPUTS = ("ctr", "cvr", "ctcvr")
MODELS = {"candidate": 0.5, "baseline": 1.0}  # how much noise is in their log-odds
COLUMNS = (
    *(Column(name, "text") for name in ("impression_id", "user_id", "item_id", "device")),
    *(Column(name, "int") for name in ("click", "conversion")),
    *(Column(name, "int") for name in ("click_mature", "conversion_mature", "settled")),
)
_ITEMS, _DEVICES = 10_000, np.array(["phone", "tablet", "desktop", "tv"])


def _probability(log_odds: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-log_odds))


def batch(start: int, rows: int, users: int) -> pa.RecordBatch:
    """Returns some rows; the same ones whenever they are asked for."""
    draw = np.random.default_rng([start, rows])
    user, item = draw.integers(users, size=rows), draw.integers(_ITEMS, size=rows)
    # What a user and an item are like follows from their numbers.
    liking = np.sin(user * 12.9898) + np.sin(item * 78.233) + draw.normal(size=rows)
    ctr, cvr = liking - 2.5, 0.7 * liking - 2.0
    clicked = draw.random(rows) < _probability(ctr)
    bought = clicked & (draw.random(rows) < _probability(cvr))
    number = np.arange(start, start + rows)
    columns = {
        "impression_id": pa.array(np.char.mod("i%010d", number)),
        "user_id": pa.array(np.char.mod("u%08d", user)),
        "item_id": pa.array(np.char.mod("p%05d", item)),
        "device": pa.array(_DEVICES[number % len(_DEVICES)]),
        "click": clicked.astype(np.int64),
        "conversion": bought.astype(np.int64),
        "click_mature": np.ones(rows, np.int64),
        "conversion_mature": (draw.random(rows) < 0.9).astype(np.int64),
        "settled": (draw.random(rows) < 0.9).astype(np.int64),
    }
    for name, noise in MODELS.items():
        one, two = (_probability(x + noise * draw.normal(size=rows)) for x in (ctr, cvr))
        answers = zip(OUTPUTS, (one, two, one * two), strict=True)
        columns |= {f"{name}_{output}": p.astype(np.float32) for output, p in answers}
    return pa.RecordBatch.from_pydict(columns)


def write(folder: Path, rows: int, users: int) -> None:
    """Writes the examples, the two models and the rates of no item below a folder."""
    shards = -(-rows // SHARD_ROWS)
    (folder / "examples" / "Split-eval").mkdir(parents=True)
    for shard in range(shards):
        name = shard_name("eval", "2026-01-05", shard, shards)  # type: ignore[arg-type]
        with Shard(str(folder / "examples" / name), str(folder)) as file:
            start, end = shard * SHARD_ROWS, min(rows, (shard + 1) * SHARD_ROWS)
            for first in range(start, end, 50_000):
                some = batch(first, min(50_000, end - first), users)
                file.write(*examples(features(some)))
    for name in MODELS:
        save(folder / name, name)
    (folder / "rates").mkdir()
    told = {"rates": dict.fromkeys(OUTPUTS, 0.1)}
    (folder / "rates" / "overall.json").write_text(json.dumps(told))


def save(folder: Path, name: str) -> None:
    """Saves a model that answers what stands in an example."""
    import tensorflow as tf

    specs = {f"{name}_{output}": tf.io.FixedLenFeature([], tf.float32) for output in OUTPUTS}

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="examples")])
    def answer(serialized: tf.Tensor) -> dict[str, tf.Tensor]:
        parsed = tf.io.parse_example(serialized, specs)
        return {output: parsed[f"{name}_{output}"] for output in OUTPUTS}

    signatures = {"serving_default": answer.get_concrete_function()}
    tf.saved_model.save(tf.Module(), str(folder / "Format-Serving"), signatures=signatures)


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--rows", type=int, required=True)
@click.option("--users", type=int, required=True)
def main(folder: Path, rows: int, users: int) -> None:
    """Write an evaluation split and its models to FOLDER."""
    write(folder, rows, users)


if __name__ == "__main__":
    main()

"""Small evaluation splits, SavedModels that answer what stands in an example, and the executor."""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

Row = Mapping[str, Any]


def write_shard(path: Path, rows: Sequence[Row]) -> None:
    """Writes rows as a gzipped TFRecord of tf.Examples: None and empty lists are absent."""
    import tensorflow as tf

    path.parent.mkdir(parents=True, exist_ok=True)
    with tf.io.TFRecordWriter(str(path), "GZIP") as file:
        for row in rows:
            example = tf.train.Example()
            for name, value in row.items():
                values = value if isinstance(value, list) else [value]
                feature = example.features.feature[name] if values and value is not None else None
                if feature is None:
                    continue
                if isinstance(values[0], str):
                    feature.bytes_list.value.extend(text.encode() for text in values)
                elif isinstance(values[0], int):
                    feature.int64_list.value.extend(values)
                else:
                    feature.float_list.value.extend(values)
            file.write(example.SerializeToString())


@pytest.fixture(scope="session")
def settings() -> Callable[..., Any]:
    """Makes settings of a funnel whose examples have every kind of column."""
    from components.evaluator.settings import EvaluatorSettings
    from schemas.columns import Column
    from schemas.heads import Head

    texts = ("impression_id", "user", "request", "item", "device")
    columns = (
        *(Column(name, "text") for name in texts),
        Column("age", "float"),
        Column("history", "text", repeated=True),
        *(Column(name, "int", role="label") for name in ("click", "conversion")),
        *(
            Column(name, "int", role="outcome")
            for name in ("click_mature", "conversion_mature", "settled")
        ),
    )
    weights = (
        *(Column(name, "float", role="target") for name in ("seen", "price")),
        Column("example_weight", "float", role="outcome"),
    )
    heads = {"ctr": Head(label="click"), "cvr": Head(label="conversion", given="ctr")}
    weighed = {
        "ctr": Head(label="click", mask="seen"),
        "cvr": Head(label="conversion", given="ctr", weight="price"),
    }

    def make(weigh: bool = False, **changes: Any) -> EvaluatorSettings:
        if weigh:
            return EvaluatorSettings(heads=weighed, columns=(*columns, *weights), **changes)
        return EvaluatorSettings(heads=heads, columns=columns, **changes)

    return make


@pytest.fixture
def models(save_model: Callable[..., Path]) -> dict[str, Path]:
    """A candidate, whose answers stand in `new_...`, and a baseline, in `old_...`."""
    return {"model": save_model("new"), "baseline": save_model("old")}


@pytest.fixture
def rates(write_rates: Callable[..., Path]) -> Path:
    """Past rates, in which one item is known."""
    return write_rates({"ctr": 0.5, "cvr": 0.25, "ctcvr": 0.125}, {"good": 0.75})


@pytest.fixture
def write_examples(tmp_path: Path) -> Callable[..., Path]:
    """Writes an Examples artifact of rows dealt to shards of one span."""

    def write(name: str, eval_rows: Sequence[Row], shards: int = 1, span: str = "2026-01-05"):
        folder = tmp_path / name
        for shard in range(shards):
            file = f"data_tfrecord-{span}-{shard:05d}-of-{shards:05d}.gz"
            write_shard(folder / "Split-eval" / file, eval_rows[shard::shards])
        return folder

    return write


@pytest.fixture(scope="session")
def save_model(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Saves a model whose answers are the columns `<prefix>_<output>` of an example."""
    import tensorflow as tf

    saved: dict[tuple[str, tuple[str, ...]], Path] = {}

    def save(prefix: str, outputs: Sequence[str] = ("ctr", "cvr", "ctcvr")) -> Path:
        key = prefix, tuple(outputs)
        if key in saved:
            return saved[key]
        specs = {
            f"{prefix}_{name}": tf.io.FixedLenFeature([], tf.float32, math.nan) for name in outputs
        }

        @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="examples")])
        def answer(examples):
            parsed = tf.io.parse_example(examples, specs)
            return {name: parsed[f"{prefix}_{name}"] for name in outputs}

        saved[key] = tmp_path_factory.mktemp(prefix)
        tf.saved_model.save(
            tf.Module(),
            str(saved[key] / "Format-Serving"),
            signatures={"serving_default": answer.get_concrete_function()},
        )
        return saved[key]

    return save


@pytest.fixture
def write_rates(tmp_path: Path) -> Callable[..., Path]:
    """Writes an ItemRates artifact: rates over all, and of items the rate of every output."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    def write(overall: Mapping[str, float], items: Mapping[str, float] | None = None) -> Path:
        folder = tmp_path / "rates"
        folder.mkdir(exist_ok=True)
        (folder / "overall.json").write_text(json.dumps({"rates": dict(overall)}))
        names, rates = list(items or {}), list((items or {}).values())
        columns = {f"rate {output}": pa.array(rates, pa.float64()) for output in overall}
        table = pa.table({"item": pa.array(names, pa.large_binary()), **columns})
        pq.write_table(table, folder / "items.parquet")
        return folder

    return write


@pytest.fixture
def evaluate(tmp_path: Path) -> Callable[..., Any]:
    """Runs the executor as TFX does; returns the Evaluation and the folder that it is in."""
    import apache_beam as beam
    from tfx.types import standard_artifacts

    from components.evaluator.executor import Executor
    from components.popularity.artifacts import ItemRates
    from evaluation.figures import Evaluation

    def run(
        examples: Path,
        settings: Any,
        rates: Path,
        model: Path,
        baseline: Path | None = None,
        executor: type[Executor] = Executor,
    ) -> tuple[Evaluation, Path]:
        kinds = {
            "examples": (standard_artifacts.Examples, examples),
            "model": (standard_artifacts.Model, model),
            "baseline": (standard_artifacts.Model, baseline or tmp_path / "nothing"),
            "popularity": (ItemRates, rates),
        }
        inputs = {name: kind() for name, (kind, _) in kinds.items()}
        for name, (_, folder) in kinds.items():
            inputs[name].uri = str(folder)
        inputs["baseline"].set_int_custom_property("own_baseline", int(baseline is None))
        evaluation = standard_artifacts.ModelEvaluation()
        evaluation.uri = str(tmp_path / f"evaluation of {examples.name}")
        context = executor.Context(
            # With arguments TFX would first pack itself for remote workers, which takes seconds.
            make_beam_pipeline_fn=lambda: beam.Pipeline(argv=["--runner=FnApiRunner"]),
            tmp_dir=str(tmp_path),
            unique_id=examples.name,
        )
        executor(context).Do(
            {name: [artifact] for name, artifact in inputs.items()},
            {"evaluation": [evaluation]},
            {"settings": settings.model_dump_json()},
        )
        text = Path(evaluation.uri, "figures.json").read_text()
        return Evaluation.model_validate_json(text), Path(evaluation.uri)

    return run

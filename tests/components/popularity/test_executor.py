import apache_beam as beam
import pyarrow as pa
import pytest
import tensorflow as tf
from tfx.types import standard_artifacts

from components.log_example_gen.decode import hashes
from components.log_example_gen.encode import examples, features
from components.log_example_gen.tfrecord import Shard
from components.popularity.artifacts import ItemRates
from components.popularity.executor import Executor
from components.popularity.rates import Rates
from components.popularity.settings import PopularitySettings
from schemas.columns import Column
from schemas.heads import Head

SETTINGS = PopularitySettings(
    heads={"ctr": Head(label="click")},
    columns=(Column("item", "text"), Column("click", "int")),
    item="item",
)
# Of every item 50 rows: of "a" half are clicked, of "b" a tenth.
ROWS = [("a", number % 2) for number in range(50)] + [
    ("b", number % 10 == 0) for number in range(50)
]


def write(folder, split, rows, shards):
    target = folder / f"Split-{split}"
    target.mkdir(parents=True)
    for shard in range(shards):
        items, clicks = zip(*rows[shard::shards], strict=True)
        batch = pa.RecordBatch.from_pydict(
            {"item": pa.array(items), "click": pa.array(map(int, clicks), pa.int64())}
        )
        with Shard(str(target / f"data-{shard:05d}.gz"), str(folder)) as file:
            file.write(*examples(features(batch)))


@pytest.fixture
def rates(tmp_path):
    def run(shards):
        folder = tmp_path / str(shards)
        write(folder, "train", ROWS, shards)
        write(folder, "eval", [("a", 1)] * 10, 1)  # what is held back is not counted
        given, made = standard_artifacts.Examples(), ItemRates()
        given.uri, made.uri = str(folder), str(folder / "rates")
        context = Executor.Context(
            make_beam_pipeline_fn=lambda: beam.Pipeline(argv=["--runner=FnApiRunner"]),
            tmp_dir=str(tmp_path),
            unique_id=str(shards),
        )
        properties = {"settings": SETTINGS.model_dump_json()}
        Executor(context).Do({"examples": [given]}, {"rates": [made]}, properties)
        return Rates.read(made.uri)

    return run


def test_the_training_split_is_counted_whatever_its_shards(rates):
    one, many = rates(1), rates(3)
    assert one.overall == {"ctr": pytest.approx(0.3)}
    codes = hashes(tf.constant(["a", "b", "c"]))
    found = one.of(codes)["ctr"].tolist()
    assert 0.45 < found[0] < 0.5 and 0.1 < found[1] < 0.15 and found[2] == pytest.approx(0.3)
    assert many.of(codes)["ctr"].tolist() == pytest.approx(found)

"""TFDV finds nothing wrong with good data under the curated schemas, and finds what is wrong."""

from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pytest
import yaml
from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import schema_pb2

from simulation.simulate import Settings, simulate

ROOT = Path(__file__).resolve().parents[2]
ARROW_TYPES = {
    schema_pb2.BYTES: pa.string(),
    schema_pb2.FLOAT: pa.float32(),
    schema_pb2.INT: pa.int64(),
}
JOINED = """
    SELECT DISTINCT ON (impression_id) i.*, 0 AS impression_time,
           CAST(c.impression_id IS NOT NULL AS INT) AS click,
           CAST(c.impression_id IS NOT NULL AND v.impression_id IS NOT NULL AS INT) AS conversion
    FROM read_parquet('{0}/impressions/*/*.parquet') i
    LEFT JOIN (SELECT DISTINCT impression_id FROM '{0}/clicks/*/*.parquet') c USING (impression_id)
    LEFT JOIN (SELECT DISTINCT impression_id FROM '{0}/conversions/*/*.parquet') v
    USING (impression_id)
"""


def read_schema(name: str) -> schema_pb2.Schema:
    path = ROOT / yaml.safe_load((ROOT / "configs" / f"{name}.yaml").read_text())["schema"]
    return text_format.Parse(path.read_text(), schema_pb2.Schema())


def as_examples(rows: pa.Table, schema: schema_pb2.Schema) -> pa.Table:
    """Returns `rows` as a decoded batch of tf.Examples: a list a row, null where it is missing."""
    columns = {}
    for feature in schema.feature:
        if feature.name not in rows.column_names:
            continue  # A value of conversions: none was written.
        column, type = rows[feature.name].combine_chunks(), ARROW_TYPES[feature.type]
        if not pa.types.is_list(column.type):
            known = column.is_valid().to_numpy(zero_copy_only=False)
            ends = np.concatenate([[0], np.cumsum(known)]).astype(np.int32)
            # A null offset says that the list which begins there is null.
            offsets = pa.array(ends, mask=np.append(~known, False))
            column = pa.ListArray.from_arrays(offsets, column.drop_null())
        columns[feature.name] = column.cast(pa.list_(type))
    return pa.table(columns)


def anomalies(examples: pa.Table, schema: schema_pb2.Schema) -> dict[str, str]:
    import tensorflow_data_validation as tfdv
    from tensorflow_data_validation.statistics.stats_impl import generate_statistics_in_memory

    batch = examples.combine_chunks().to_batches()[0]
    found = tfdv.validate_statistics(generate_statistics_in_memory(batch), schema)
    return {name: a.short_description for name, a in found.anomaly_info.items()}


@pytest.fixture(scope="module")
def demo(tmp_path_factory) -> pa.Table:
    out = tmp_path_factory.mktemp("demo") / "logs"
    simulate(out, Settings(impressions=20_000, days=3, seed=7))
    return as_examples(duckdb.sql(JOINED.format(out)).to_arrow_table(), read_schema("demo"))


def replace(examples: pa.Table, name: str, values: list) -> pa.Table:
    index = examples.column_names.index(name)
    type = examples.schema.field(name).type
    return examples.set_column(index, name, pa.array(values, type))


def test_simulated_examples_have_no_anomaly(demo):
    assert anomalies(demo, read_schema("demo")) == {}


def test_published_kuairand_examples_have_no_anomaly(kuairand_logs):
    schema = read_schema("kuairand")
    rows = duckdb.sql(JOINED.format(kuairand_logs)).to_arrow_table()
    assert anomalies(as_examples(rows, schema), schema) == {}


def test_published_census_examples_have_no_anomaly(census_logs):
    schema = read_schema("census")
    rows = duckdb.sql(
        f"SELECT *, timestamp AS impression_time FROM '{census_logs}/impressions/*/*.parquet'"
    ).to_arrow_table()
    assert anomalies(as_examples(rows, schema), schema) == {}


def test_a_feature_that_vanishes_is_an_anomaly(demo):
    found = anomalies(demo.drop_columns(["price"]), read_schema("demo"))
    assert found == {"price": "Column dropped"}


def test_a_feature_that_is_mostly_missing_is_an_anomaly(demo):
    values = demo["brand"].to_pylist()
    values[::10] = [None] * len(values[::10])
    found = anomalies(replace(demo, "brand", values), read_schema("demo"))
    assert list(found) == ["brand"]


def test_a_label_outside_0_and_1_is_an_anomaly(demo):
    found = anomalies(replace(demo, "click", [[2]] * len(demo)), read_schema("demo"))
    assert list(found) == ["click"]


def test_a_label_that_is_missing_is_an_anomaly(demo):
    values = [None, *demo["click"].to_pylist()[1:]]
    assert list(anomalies(replace(demo, "click", values), read_schema("demo"))) == ["click"]


@pytest.mark.parametrize(("share", "names"), [(0.002, []), (0.05, ["device"])])
def test_a_new_device_is_an_anomaly_only_when_it_is_common(demo, share, names):
    values = demo["device"].to_pylist()
    count = int(share * len(values))
    values[:count] = [["watch"]] * count
    assert list(anomalies(replace(demo, "device", values), read_schema("demo"))) == names


def test_an_hour_that_is_none_is_an_anomaly(demo):
    values = [["24"], *demo["hour"].to_pylist()[1:]]
    assert list(anomalies(replace(demo, "hour", values), read_schema("demo"))) == ["hour"]


def test_a_negative_price_is_an_anomaly(demo):
    values = [[-1.0], *demo["price"].to_pylist()[1:]]
    assert list(anomalies(replace(demo, "price", values), read_schema("demo"))) == ["price"]


def test_transform_reads_every_column_of_the_curated_schemas_as_sparse():
    import tensorflow as tf
    from tensorflow_transform.tf_metadata import schema_utils

    for name in ("demo", "kuairand", "census"):
        spec = schema_utils.schema_as_feature_spec(read_schema(name)).feature_spec
        assert {type(feature) for feature in spec.values()} == {tf.io.VarLenFeature}, name

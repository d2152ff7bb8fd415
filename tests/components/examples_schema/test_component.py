from tfx.types.standard_artifacts import Schema
from tfx.utils import io_utils

from components.examples_schema.component import ExamplesSchema


def test_the_schema_lies_where_tfx_reads_it(tmp_path):
    schema = Schema()
    schema.uri = str(tmp_path)
    ExamplesSchema.test_call(schema=schema, text='feature { name: "user" type: BYTES }')
    read = io_utils.SchemaReader().read(io_utils.get_only_uri_in_dir(str(tmp_path)))
    assert [feature.name for feature in read.feature] == ["user"]

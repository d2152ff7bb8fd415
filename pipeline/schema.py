"""The schema of a pipeline's examples: the curated one, or the one that its config says."""

from pathlib import Path

from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import schema_pb2

from pipeline.config import PipelineConfig
from pipeline.errors import Misuse
from pipeline.failures import reason
from schemas.schema_text import schema_text


def schema_of(config: PipelineConfig) -> str:
    """Returns the curated schema, or the one derived from the columns, as text.

    Raises:
        Misuse: if the curated one cannot be read, or does not describe a column.
    """
    columns = config.columns()
    if config.schema_ is None:
        return schema_text(columns)
    try:
        text = Path(config.schema_).read_text(encoding="utf-8")
        curated = text_format.Parse(text, schema_pb2.Schema())
    except (OSError, UnicodeDecodeError, text_format.ParseError) as error:
        raise Misuse(f"cannot read the schema {config.schema_}: {reason(error)}") from error
    described = {feature.name for feature in curated.feature}
    if missing := [column.name for column in columns if column.name not in described]:
        raise Misuse(
            f"the schema {config.schema_} does not describe {', '.join(missing)}, which this "
            "config makes or reads: add a feature for each, or leave `schema` out to derive one"
        )
    return text

"""ExamplesSchema: what examples should be like, as the artifact that TFX's components read.

TFX's ImportSchemaGen reads a file where it runs, which a step on a cluster does not have, and is
cached by the file's name, whatever it holds.
"""

import os

from tfx.dsl.component.experimental.annotations import OutputArtifact, Parameter
from tfx.dsl.component.experimental.decorators import component
from tfx.types.standard_artifacts import Schema
from tfx.utils import io_utils

# The name by which TFX's components know it.
_FILE = "schema.pbtxt"


@component
def ExamplesSchema(schema: OutputArtifact[Schema], text: Parameter[str]) -> None:
    """Writes a schema.

    Args:
        schema: the artifact.
        text: a TFMD schema, as text.
    """
    io_utils.write_string_file(os.path.join(schema.uri, _FILE), text)

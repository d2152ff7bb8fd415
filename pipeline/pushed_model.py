"""What lies beside a pushed model; read without TensorFlow."""

from pathlib import Path

from models.spec import SPEC_FILE, ModelSpec
from pipeline.errors import Misuse
from schemas.served_model import EXTRA_FOLDER


def read_spec(model_dir: Path) -> ModelSpec:
    """Returns the spec kept beside a pushed model.

    Raises:
        Misuse: if the folder is no model of ours.
    """
    path = model_dir / EXTRA_FOLDER / SPEC_FILE
    try:
        return ModelSpec.model_validate_json(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise Misuse(
            f"{model_dir} is no model of funnelrank: it lacks {EXTRA_FOLDER}/{SPEC_FILE}. "
            "Give a version's folder, such as runs/demo/serving/1700000000"
        ) from error
    except ValueError as error:
        raise Misuse(f"{path} was made by another version of funnelrank: {error}") from error

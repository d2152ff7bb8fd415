"""Where an artifact lies: Kubeflow names a place in its object store, the bytes are on the volume.

Kubeflow's launcher hands each output a URI in the bucket of Kubeflow (minio://, s3://, gs://), into
which TensorFlow cannot write, and will have no other: a step whose input has a URI of another kind
is not even started. So Kubeflow keeps its URIs, and each stands for one folder on the volume.
"""

import re
from pathlib import Path, PurePosixPath

# The schemes that the launcher knows, and the folder that it uploads from.
_SCRATCH = {"gs": "gcs", "minio": "minio", "s3": "s3"}


def folder_of(uri: str, artifacts: Path) -> Path:
    """Returns the folder on the volume that holds the artifact Kubeflow calls `uri`.

    Args:
        uri: as in minio://mlpipeline/v2/artifacts/demo/<run>/Trainer/<id>/model.
        artifacts: the folder of all artifacts.

    Raises:
        ValueError: if it is no URI of an object store, or leads out of the folder.
    """
    return artifacts.joinpath(*_parts(uri))


def scratch_of(uri: str, root: Path = Path("/")) -> Path:
    """Returns the local path from which the launcher uploads the artifact that it calls `uri`."""
    scheme, *rest = _parts(uri)
    return root.joinpath(_SCRATCH[scheme], *rest)


def _parts(uri: str) -> tuple[str, ...]:
    match = re.fullmatch(r"([a-z0-9]+)://([^?]+)(\?.*)?", uri)
    parts = PurePosixPath(match[2]).parts if match else ()
    if not match or match[1] not in _SCRATCH or not parts or {"..", "/"} & set(parts):
        raise ValueError(
            f"Kubeflow's artifacts lie in an object store ({', '.join(_SCRATCH)}) as in "
            f"minio://mlpipeline/v2/artifacts. Received: {uri!r}"
        )
    return (match[1], *parts)

"""A folder that appears whole or not at all."""

import contextlib
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def new_folder(path: Path) -> Iterator[Path]:
    """Yields a draft beside `path` that becomes `path` on success and vanishes on failure.

    Args:
        path: the folder to make; it may exist if it is empty.

    Raises:
        FileExistsError: if `path` is a file or a folder with something in it.
    """
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise FileExistsError(
            f"the output must be a new or an empty folder, so that nothing old is mixed in. "
            f"Received: {path}. Remove it or name another"
        )
    path = path.absolute()
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.parent / f".{path.name}.{uuid.uuid4().hex}"
    draft.mkdir()
    try:
        yield draft
        draft.rename(path)  # On one file system this is atomic; an empty folder is replaced.
    except BaseException:
        shutil.rmtree(draft)
        raise

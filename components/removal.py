"""Removes folders without following links: TensorFlow's own way empties what a link points to."""

import os
import shutil


def remove_tree(path: str) -> None:
    """Removes a folder and all in it; of links, it itself included, the links alone."""
    if "://" in path:
        from tfx.dsl.io import fileio  # takes seconds

        fileio.rmtree(path)
    elif os.path.islink(path):
        os.unlink(path)
    else:
        shutil.rmtree(path)

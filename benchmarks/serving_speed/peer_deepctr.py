"""DeepCTR 0.9.4's SavedModel of an architecture: ids and floats in, no transforms.

    python -m benchmarks.serving_speed.peer_deepctr ARCHITECTURE FOLDER

Its weights are untrained, as ours are: they cost the same.
"""

import sys

import tensorflow as tf

from benchmarks.serving_speed.task import FIELD_NAMES, ROWS_A_TABLE
from benchmarks.training_speed.peer_deepctr import make_model
from benchmarks.training_speed.task import ARCHITECTURES

if __name__ == "__main__":
    architecture, folder = sys.argv[1:]
    tf.saved_model.save(make_model(ARCHITECTURES[architecture], FIELD_NAMES, ROWS_A_TABLE), folder)

"""DeepCTR 0.9.4, fed by Keras from batches that are in memory as they are needed.

Its best case: no L2 on the tables, which else are read and written whole in each step, and the
legacy Adagrad, whose updates touch only the rows of a batch. It is on all weights: `compile` takes
one optimizer. (Adam on the tables, as in its examples, is slower still.)
"""

from collections.abc import Callable, Sequence

import tensorflow as tf
from deepctr.feature_column import DenseFeat, SparseFeat
from deepctr.models import ESMM, MMOE

from benchmarks.training_speed.rows import load
from benchmarks.training_speed.task import BATCH, FIELDS, NUMBERS, WIDTH, Architecture, Task


class _Ticks(tf.keras.callbacks.Callback):
    def __init__(self, tick: Callable[[int], None]):
        super().__init__()
        self._tick = tick

    def on_train_batch_end(self, batch: int, logs: object = None) -> None:
        self._tick(BATCH)


def make_model(shape: Architecture, fields: Sequence[str], rows_a_table: int) -> tf.keras.Model:
    """Returns the untrained model of an architecture, by the names of the fields."""
    columns = [SparseFeat(name, rows_a_table, embedding_dim=WIDTH) for name in fields]
    columns.append(DenseFeat("numbers", NUMBERS))
    if shape.experts:
        return MMOE(
            columns,
            num_experts=shape.experts,
            expert_dnn_hidden_units=shape.units,
            tower_dnn_hidden_units=shape.tower,
            l2_reg_embedding=0,
        )
    return ESMM(columns, tower_dnn_hidden_units=shape.units, l2_reg_embedding=0)


def run(task: Task, tick: Callable[[int], None]) -> None:
    """Trains for ever."""
    rows = load(task.folder)
    fields = [f"field_{i}" for i in range(FIELDS)]
    model = make_model(task.architecture, fields, task.rows_a_table)
    model.compile(tf.keras.optimizers.legacy.Adagrad(0.05), ["binary_crossentropy"] * 2)
    inputs = {name: rows.ids[:, i] for i, name in enumerate(fields)} | {"numbers": rows.numbers}
    slices = tf.data.Dataset.from_tensor_slices((inputs, (rows.labels[:, 0], rows.labels[:, 1])))
    ready = slices.batch(BATCH, drop_remainder=True).cache().repeat().prefetch(2)
    model.fit(ready, steps_per_epoch=10**9, callbacks=[_Ticks(tick)], verbose=0)

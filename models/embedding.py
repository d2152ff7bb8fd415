"""Packed ids to vectors: one fused table and one gather per embedding width."""

from collections.abc import Mapping
from typing import NamedTuple

import tensorflow as tf

from schemas.layout import DENSE, Layout, ids_name, sequence_name


class Embedded(NamedTuple):
    """The features of a batch as vectors.

    Attributes:
        fields: by width, a vector per slot of `ids_<width>`: [B, F, width].
        sequences: by feature, a vector per element: [B, L, width].
        masks: by feature, which elements are no padding: bool [B, L].
        dense: the numbers, [B, D], if there are any.
    """

    fields: dict[int, tf.Tensor]
    sequences: dict[str, tf.Tensor]
    masks: dict[str, tf.Tensor]
    dense: tf.Tensor | None

    def flat(self) -> tf.Tensor:
        """Returns the vectors side by side: fields, pooled sequences, numbers; [B, D]."""
        parts = [
            tf.reshape(vectors, [-1, vectors.shape[1] * vectors.shape[2]])
            for vectors in self.fields.values()
        ]
        parts += [masked_mean(self.sequences[name], self.masks[name]) for name in self.sequences]
        if self.dense is not None:
            parts.append(self.dense)
        return tf.concat(parts, axis=1)


def masked_mean(vectors: tf.Tensor, mask: tf.Tensor) -> tf.Tensor:
    """Returns the mean of the vectors that the mask keeps, [B, width]; 0 where it keeps none."""
    kept = tf.cast(mask, vectors.dtype)[..., tf.newaxis]  # [B, L, 1]
    return tf.math.divide_no_nan(tf.reduce_sum(vectors * kept, axis=1), tf.reduce_sum(kept, axis=1))


class PackedEmbedding(tf.keras.layers.Layer):
    """Looks up packed tensors in one table per width; gradients of the tables are sparse.

    Args:
        layout: which slot of which packed tensor is which feature.
    """

    def __init__(self, layout: Layout):
        super().__init__()
        self._layout = layout
        self.tables: dict[str, tf.Variable] = {}

    def build(self, input_shape: object) -> None:
        """Makes the tables. Each draws its own numbers from the global seed."""
        for width in self._layout.widths():
            self.tables[f"table_{width}"] = self.add_weight(
                name=f"table_{width}",
                shape=[self._layout.rows(width), width],
                initializer=tf.keras.initializers.RandomUniform(-0.05, 0.05),
            )
        super().build(input_shape)

    def _sequences(self, width: int) -> list[tuple[str, int, int]]:
        """Returns the (feature, row that pads it, length) of the sequences of one width."""
        tables = self._layout.tables
        return [
            (name, tables[owner].offset, length)
            for name, (owner, length) in self._layout.sequences.items()
            if tables[owner].width == width
        ]

    def call(self, inputs: Mapping[str, tf.Tensor]) -> Embedded:
        """Returns the vectors of a batch of packed tensors."""
        fields: dict[int, tf.Tensor] = {}
        sequences: dict[str, tf.Tensor] = {}
        masks: dict[str, tf.Tensor] = {}
        for width in self._layout.widths():
            rows = [inputs[ids_name(width)]]
            sizes = [len(self._layout.lookups[width])]
            for name, padding, length in self._sequences(width):
                rows.append(inputs[sequence_name(name)])
                sizes.append(length)
                masks[name] = tf.not_equal(rows[-1], padding)
            vectors = tf.gather(self.tables[f"table_{width}"], tf.concat(rows, axis=1))
            fields[width], *elements = tf.split(vectors, sizes, axis=1)
            for (name, _, _), element in zip(self._sequences(width), elements, strict=True):
                sequences[name] = element
        ordered = {name: sequences[name] for name in self._layout.sequences}
        return Embedded(fields, ordered, masks, inputs[DENSE] if self._layout.dense else None)

"""The doors of the exported SavedModel, with the feature transforms inside.

`serving_default` takes serialized raw examples, `predict_columns` one tensor per raw column,
`transform_features` answers the packed tensors. The graph holds TensorFlow's own operations only.
"""

from collections.abc import Callable

import tensorflow as tf
import tensorflow_transform as tft

from models.inputs import input_spec
from models.preprocessing import first
from models.ranking_model import RankingModel
from models.spec import ModelSpec
from schemas.columns import Column, length_name
from schemas.score import evaluate_score

_DTYPES = {"text": tf.string, "float": tf.float32, "int": tf.int64}
_FUNCTIONS: dict[str, Callable[..., tf.Tensor]] = {
    "log": tf.math.log,
    "exp": tf.math.exp,
    "min": tf.math.minimum,
    "max": tf.math.maximum,
}


class ServingModel(tf.Module):
    """A ranking model together with the transform graph that feeds it.

    Args:
        model: trained.
        transform: output of TFX's Transform for the same spec.
        spec: what both were made from.
    """

    def __init__(self, model: RankingModel, transform: tft.TFTransformOutput, spec: ModelSpec):
        super().__init__()
        # The weights, not the Keras model: its own traces would be exported beside the doors.
        self.weights = model.variables
        self._answer_packed: Callable[[dict[str, tf.Tensor]], dict[str, tf.Tensor]] = (
            lambda packed: model.answers(packed)
        )
        self.transform_layer = transform.transform_features_layer()
        self._spec = spec
        self._features = [column for column in spec.columns if column.role == "feature"]
        self._raw = {
            column.name: tf.io.VarLenFeature(_DTYPES[column.type]) for column in spec.inputs()
        }
        # No door: what the trainer compares with its own answers after the export.
        self.score_packed = tf.function(
            self._answer_packed,
            autograph=False,
            input_signature=[
                {
                    name: tf.TensorSpec([None, *feature.shape], feature.dtype, name=name)
                    for name, feature in input_spec(spec.layout()).items()
                }
            ],
        )

    def signatures(self) -> dict[str, tf.types.experimental.ConcreteFunction]:
        """Returns the concrete functions to export, by signature name."""
        examples = tf.TensorSpec([None], tf.string, name="examples")
        doors = {
            "serving_default": (self._answer_examples, examples),
            "predict_columns": (self._answer_columns, self._column_specs()),
            "transform_features": (self._transform_examples, examples),
        }
        return {
            name: tf.function(door, autograph=False).get_concrete_function(given)
            for name, (door, given) in doors.items()
        }

    def _column_specs(self) -> dict[str, tf.TensorSpec]:
        specs = {}
        for column in self._spec.inputs():
            shape = [None, None] if column.repeated else [None]
            specs[column.name] = tf.TensorSpec(shape, _DTYPES[column.type], name=column.name)
            if column.repeated:
                name = length_name(column.name)
                specs[name] = tf.TensorSpec([None], tf.int64, name=name)
        return specs

    def _answer_examples(self, examples: tf.Tensor) -> dict[str, tf.Tensor]:
        return self._answer(tf.io.parse_example(examples, self._raw))

    def _answer_columns(self, columns: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        raw = {
            column.name: (
                _sparse_list(columns[column.name], columns[length_name(column.name)])
                if column.repeated
                else _sparse_value(column, columns[column.name])
            )
            for column in self._spec.inputs()
        }
        return self._answer(raw)

    def _transform_examples(self, examples: tf.Tensor) -> dict[str, tf.Tensor]:
        return self._transform(tf.io.parse_example(examples, self._raw))

    def _transform(self, raw: dict[str, tf.SparseTensor]) -> dict[str, tf.Tensor]:
        # TFT leaves out what it cannot make of these: labels, groups, positions.
        features = {column.name: raw[column.name] for column in self._features}
        packed = self.transform_layer(features)
        return {name: packed[name] for name in input_spec(self._spec.layout())}

    def _answer(self, raw: dict[str, tf.SparseTensor]) -> dict[str, tf.Tensor]:
        answers = self._answer_packed(self._transform(raw))
        if self._spec.score is not None:
            extras = {
                column.name: _number(raw[column.name])
                for column in self._spec.inputs()
                if column.type == "float"
            }
            score = evaluate_score(self._spec.score, {**extras, **answers}, _FUNCTIONS)
            answers = {**answers, "score": score}
        return answers


def _number(values: tf.SparseTensor) -> tf.Tensor:
    """Returns the first value of each row, [B]; 0 where it is missing, NaN or infinite."""
    dense = first(values, 0.0)
    return tf.where(tf.math.is_finite(dense), dense, tf.zeros_like(dense))


def _sparse_value(column: Column, values: tf.Tensor) -> tf.SparseTensor:
    """Returns [N] as sparse [N, 1], without the empty texts and NaN that stand for missing."""
    present = tf.not_equal(values, "") if column.type == "text" else tf.math.is_finite(values)
    rows = tf.where(present)  # [P, 1]
    return tf.SparseTensor(
        tf.concat([rows, tf.zeros_like(rows)], axis=1),
        tf.boolean_mask(values, present),
        tf.stack([tf.shape(values, tf.int64)[0], 1]),
    )


def _sparse_list(values: tf.Tensor, lengths: tf.Tensor) -> tf.SparseTensor:
    """Returns the first `lengths` values of each row of [N, L], sparse."""
    present = tf.sequence_mask(lengths, tf.shape(values)[1])
    return tf.SparseTensor(
        tf.where(present), tf.boolean_mask(values, present), tf.shape(values, tf.int64)
    )

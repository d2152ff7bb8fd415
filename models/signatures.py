"""The doors of the exported SavedModel, with the feature transforms inside.

`serving_default` takes serialized raw examples, `predict_columns` one tensor per raw column, `rank`
the columns of a request once and those of its candidates each; `transform_features` answers the
packed tensors. The graph holds TensorFlow's own operations only.
"""

import inspect
from collections.abc import Callable, Mapping

import tensorflow as tf
import tensorflow_transform as tft

from models.fusion import Fusion
from models.inputs import input_spec
from models.learnt import read_learnt
from models.packer import Packer
from models.pruning import moved
from models.ranking_model import RankingModel
from models.requests import (
    Values,
    column_specs,
    missing_columns,
    values_of_columns,
    values_of_examples,
)
from models.sided_embedded import SidedPacked
from models.spec import ModelSpec
from schemas.doors import (
    PREDICT_COLUMNS,
    RANK,
    SCORE,
    SCORE_WEIGHTS,
    SERVING_DEFAULT,
    TRANSFORM_FEATURES,
    item_columns,
    shared_columns,
)
from schemas.layout import Layout

Answers = dict[str, tf.Tensor]


class ServingModel(tf.Module):
    """A ranking model together with the transforms that feed it.

    Args:
        model: trained.
        transform: output of TFX's Transform for the same spec.
        spec: what both were made from.
        layout: of the model's tables; that of the spec if None.

    Attributes:
        weights: variables to export. Not the Keras model: its own traces would be exported as well.
    """

    def __init__(
        self,
        model: RankingModel,
        transform: tft.TFTransformOutput,
        spec: ModelSpec,
        layout: Layout | None = None,
    ):
        super().__init__()
        self.weights = model.variables
        self._trained = spec.layout()
        self._layout = layout or self._trained
        by_rows = [
            {
                name: tf.TensorSpec([None, *feature.shape], feature.dtype, name=name)
                for name, feature in input_spec(self._trained).items()
            }
        ]
        # One function for all that ask by rows: each graph of the model has constants of its own.
        self._answer_packed = tf.function(
            lambda packed: model.answers(packed), autograph=False, input_signature=by_rows
        )
        self._answer_sided: Callable[[SidedPacked], Answers] = lambda packed: model.answers(packed)
        self.packer = Packer(self._layout, spec.features, read_learnt(transform, spec))
        self._columns = spec.inputs()
        self._shared = shared_columns(self._columns, spec.features)
        self._each = item_columns(self._columns, spec.features)
        self._fusion = Fusion(spec.score) if spec.score is not None else None
        # No door: what the trainer compares with its own answers after the export.
        self.score_packed = tf.function(
            lambda packed: self._answer_packed(moved(packed, self._trained, self._layout)),
            autograph=False,
            input_signature=by_rows,
        )

    def signatures(self) -> dict[str, tf.types.experimental.PolymorphicFunction]:
        """Returns the functions to export, by signature name; `rank` where there are items."""
        examples = {"examples": tf.TensorSpec([None], tf.string, name="examples")}
        doors = {
            SERVING_DEFAULT: _door(lambda given: self._answer_examples(**given), examples),
            PREDICT_COLUMNS: _door(self._answer_columns, column_specs(self._columns)),
            TRANSFORM_FEATURES: _door(lambda given: self._transform_examples(**given), examples),
        }
        if self._each:
            specs = column_specs(self._shared, rows=1) | column_specs(self._each)
            missing = missing_columns(self._shared)
            if self._fusion is not None and self._fusion.weights:
                specs[SCORE_WEIGHTS] = tf.TensorSpec([None], tf.float32, name=SCORE_WEIGHTS)
                missing[SCORE_WEIGHTS] = tf.zeros([0])
            doors[RANK] = _door(self._answer_candidates, specs, missing)
        return doors

    def _answer_examples(self, examples: tf.Tensor) -> Answers:
        return self._answer(values_of_examples(examples, self._columns))

    def _answer_columns(self, columns: dict[str, tf.Tensor]) -> Answers:
        return self._answer(values_of_columns(columns, self._columns))

    def _transform_examples(self, examples: tf.Tensor) -> dict[str, tf.Tensor]:
        return self.packer(values_of_examples(examples, self._columns), self._trained)

    def _answer(self, values: Values) -> Answers:
        answers = self._answer_packed(self.packer(values))
        if self._fusion is not None:
            answers[SCORE] = self._fusion(answers, values.numbers)
        return answers

    def _answer_candidates(self, given: dict[str, tf.Tensor]) -> Answers:
        shared = values_of_columns(given, self._shared, rows=1)
        each = values_of_columns(given, self._each)
        of_shared, of_each = (
            self._layout.only([column.name for column in columns])
            for columns in (self._shared, self._each)
        )
        rows = tf.shape(given[self._each[0].name])[0]
        answers = self._answer_sided(
            SidedPacked(
                self.packer(shared, of_shared),
                self.packer(each, of_each),
                (of_shared, of_each),
                rows,
            )
        )
        if self._fusion is not None:
            numbers = {**shared.numbers, **each.numbers}
            weights = given.get(SCORE_WEIGHTS)
            answers[SCORE] = self._fusion(answers, numbers, weights)
        return {name: tf.broadcast_to(answer, rows[tf.newaxis]) for name, answer in answers.items()}


def _door(
    answer: Callable[[dict[str, tf.Tensor]], Answers],
    specs: Mapping[str, tf.TensorSpec],
    missing: Mapping[str, tf.Tensor] | None = None,
) -> tf.types.experimental.PolymorphicFunction:
    """Returns a function of named inputs, as SavedModel wants them: parameters of its own.

    Args:
        answer: of the inputs by name.
        specs: of the inputs.
        missing: what stands for inputs that a request leaves out; the others it must bring.
    """
    missing = missing or {}
    names = [name for name in specs if name not in missing] + list(missing)

    def door(*given: tf.Tensor) -> Answers:
        return answer(dict(zip(names, given, strict=True)))

    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    door.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [inspect.Parameter(n, kind, default=missing.get(n, inspect.Parameter.empty)) for n in names]
    )
    return tf.function(door, autograph=False, input_signature=[specs[name] for name in names])

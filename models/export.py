"""A trained model as the SavedModel that is served."""

import itertools
import logging
from collections.abc import Iterator
from typing import Any

import numpy as np
import tensorflow as tf
import tensorflow_transform as tft

from models.inputs import input_spec
from models.learnt import keep_transform, vocabulary_sizes
from models.pruning import kept_rows, known_layout
from models.ranking_model import RankingModel
from models.rounding import ROUNDINGS, RoundedTable, Rounding, StoredTable
from models.signatures import ServingModel
from models.spec import SPEC_FILE, ModelSpec
from models.stand_ins import standing_in
from schemas.heads import outputs
from schemas.layout import Layout
from schemas.served_model import EXTRA_FOLDER, TRANSFORM_FOLDER

# A graph is a protobuf, which ends at 2 GiB, and `rank` has constants of its own.
_MOST_FROZEN_BYTES = 256 * 2**20
_ROWS_COMPARED = 256
_TOLERANCE = 1e-6


def export(
    model: RankingModel, transform: tft.TFTransformOutput, spec: ModelSpec, directory: str
) -> None:
    """Writes the SavedModel, in the form that `spec.export` says, beside it spec and transforms.

    Args:
        model: trained; it stays as it is.
        transform: output of TFX's Transform for the spec.
        spec: that made the model.
        directory: where the SavedModel shall lie.
    """
    pruned = spec.export.prune_unused
    layout = known_layout(spec, vocabulary_sizes(transform, spec)) if pruned else model.layout
    stored = _stored(model, spec, layout)
    frozen = _frozen(model) if spec.export.freeze else {}
    serving = ServingModel(model, transform, spec, layout)
    rest = [v for v in model.variables if id(v) not in stored and id(v) not in frozen]
    weights = [*rest, *(part for table in stored.values() for part in table.parts)]
    with standing_in(model, {id(model.layout): layout, **stored, **frozen}):
        doors = serving.signatures()
        read = {
            variable.ref()
            for door in (*doors.values(), serving.score_packed)
            for variable in door.get_concrete_function().variables
        }
        serving.weights = [v for v in weights if v.ref() in read] if pruned else weights
        tf.saved_model.save(serving, directory, signatures=doors)
    extra = f"{directory}/{EXTRA_FOLDER}"
    tf.io.gfile.makedirs(extra)
    with tf.io.gfile.GFile(f"{extra}/{SPEC_FILE}", "w") as file:
        file.write(spec.model_dump_json(indent=1))
    keep_transform(transform, f"{extra}/{TRANSFORM_FOLDER}")


def check_export(
    model: RankingModel, spec: ModelSpec, batches: tf.data.Dataset, directory: str
) -> None:
    """Checks that the exported model gives the answers of the trained one.

    Of the trained one with its embeddings rounded as the exported ones are: what rounding costs is
    for the gates to judge, which see the exported model.

    Args:
        model: trained.
        spec: that made it.
        batches: of (packed tensors, labels), some of which are asked.
        directory: of the SavedModel.

    Raises:
        ValueError: if there are none, or an answer differs by more than 1e-6.
    """
    batch = next(iter(batches.unbatch().batch(_ROWS_COMPARED)), None)
    if batch is None:
        raise ValueError("the evaluation split holds no examples: is the last span empty?")
    packed = {name: batch[0][name] for name in input_spec(spec.layout())}
    rounded = {id(table): RoundedTable(table, how) for table, _, how in _tables(model, spec)}
    with standing_in(model, rounded):
        trained = model.answers(packed)
    loaded = tf.saved_model.load(directory)  # owns the variables: kept until the answers are there
    exported = loaded.score_packed(packed)
    for output in outputs(spec.heads):
        gap = float(np.max(np.abs(exported[output.name] - trained[output.name])))
        if not gap <= _TOLERANCE:
            raise ValueError(
                f"the exported {output.name} differs from the trained model's by {gap:.2g}; "
                f"at most {_TOLERANCE:g} is allowed"
            )


def _tables(model: RankingModel, spec: ModelSpec) -> Iterator[tuple[tf.Variable, int, Rounding]]:
    """Yields the tables that answers are made of, the width that they belong to and a rounding."""
    for name, table in itertools.chain(*(b.embedding.tables.items() for b in model.bottoms)):
        kind, width = name.split("_")
        # Weights of first order stay as they are: what they add up to are logits.
        precision = spec.export.precision if kind == "table" else "float32"
        yield table, int(width), ROUNDINGS[precision]


def _stored(model: RankingModel, spec: ModelSpec, layout: Layout) -> dict[int, StoredTable]:
    """Returns what stands in for tables that are not exported as they are, by their id."""
    return {
        id(table): StoredTable(table, kept_rows(model.layout, layout, width), rounding)
        for table, width, rounding in _tables(model, spec)
        if rounding is not ROUNDINGS["float32"] or layout.rows(width) < model.layout.rows(width)
    }


def _frozen(model: RankingModel) -> dict[int, Any]:
    """Returns the values that stand in for variables that are no tables, by their id."""
    tables = {id(table) for table in model.tables}
    dense = [variable for variable in model.variables if id(variable) not in tables]
    size = sum(variable.shape.num_elements() * variable.dtype.size for variable in dense)
    if size > _MOST_FROZEN_BYTES:
        logging.getLogger(__name__).warning(
            "export.freeze: dense weights of %.0f MiB stay variables; at most %d MiB are frozen",
            size / 2**20,
            _MOST_FROZEN_BYTES // 2**20,
        )
        return {}
    return {id(variable): variable.numpy() for variable in dense}

"""How good a model is on rows that it did not learn from, output by output."""

from collections.abc import Iterable

import numpy as np
import tensorflow as tf

from evaluation.figures import CANDIDATE
from evaluation.rows import Rows
from evaluation.tally import OutputTally
from models.objectives.cross_entropy import joint_event
from models.ranking_model import Batch, Packed, RankingModel
from models.targets import Targets, make_targets
from schemas.heads import Heads, Output, outputs

Figures = dict[str, dict[str, float]]
Tallies = dict[str, OutputTally]


def figures(
    models: Iterable[RankingModel], heads: Heads, batches: Iterable[Batch]
) -> list[Figures]:
    """Returns the figures of each model, by output and name: AUC, log loss and others.

    Each output is judged in its own population: cvr on clicked rows, ctr and ctcvr on all. Rows
    that a mask leaves out do not count, others by the weight of the head.

    Args:
        models: of the same heads, that read the same batches.
        heads: of the models.
        batches: of (packed tensors, labels [B, K]).
    """
    judges = [Judge(model, heads) for model in models]
    tallies = [judge.tallies() for judge in judges]
    for batch in batches:
        for judge, into in zip(judges, tallies, strict=True):
            judge.count(batch, into)
    return [_figures(of_one) for of_one in tallies]


class Judge:
    """Judges one model, now and later: its graph is made once.

    Args:
        model: whose answers are judged.
        heads: of the model.
    """

    def __init__(self, model: RankingModel, heads: Heads):
        self._model = model
        self._heads = heads
        self._judged = tf.function(self._rows, autograph=False)

    def figures(self, batches: Iterable[Batch]) -> Figures:
        """Returns the figures of the model as it is now, by output and name."""
        tallies = self.tallies()
        for batch in batches:
            self.count(batch, tallies)
        return _figures(tallies)

    def tallies(self) -> Tallies:
        """Returns a tally for each output, of no rows yet."""
        return {
            output.name: OutputTally(output.kind, (CANDIDATE,)) for output in outputs(self._heads)
        }

    def count(self, batch: Batch, into: Tallies) -> None:
        """Counts a batch in the tallies."""
        for name, (answer, event, weight) in self.rows(batch).items():
            # All in one fold: while a model trains nobody asks for intervals.
            fold = np.zeros(len(event), np.int64)
            label, weight = event.astype(np.float64), weight.astype(np.float64)
            into[name].add(Rows(label, weight, {CANDIDATE: answer}, fold))

    def rows(self, batch: Batch) -> dict[str, tuple[np.ndarray, np.ndarray, np.ndarray]]:
        """Returns by output the answers, the events and the weights of the rows that count."""
        found = {}
        for name, columns in self._judged(*batch).items():
            answer, event, weight = (column.numpy() for column in columns)
            counts = weight > 0
            found[name] = answer[counts], event[counts], weight[counts]
        return found

    def _rows(
        self, features: Packed, labels: tf.Tensor
    ) -> dict[str, tuple[tf.Tensor, tf.Tensor, tf.Tensor]]:
        """Returns by output the answers, what was to be foreseen and how much it counts, [B]."""
        answers = self._model.answers(features)
        # Not the model's own targets: those of values are standardised.
        targets = make_targets(labels, self._model.columns, self._heads, None)
        return {
            output.name: (answers[output.name], *self._event(output, targets))
            for output in outputs(self._heads)
        }

    def _event(self, output: Output, targets: Targets) -> tuple[tf.Tensor, tf.Tensor]:
        """Returns what was to be foreseen, [B], and how much it counts, [B]: 0 for not at all."""
        head = output.heads[-1]
        if output.population is None:
            event, population = joint_event(targets.labels, output.heads), None
        else:
            event = targets.labels[head]
            population = self._model.objective.population(head, targets)
        counts = tf.logical_not(tf.math.is_nan(event))
        if population is not None:
            counts &= population
        weight = targets.weights.get(head, tf.ones_like(event))
        # A weight that is not known does not count, and is not greater than 0.
        return event, tf.where(counts & (weight > 0), weight, tf.zeros_like(weight))


def _figures(tallies: Tallies) -> Figures:
    return {
        name: tally.values()[CANDIDATE] | {"example_count": float(tally.rows)}
        for name, tally in tallies.items()
    }

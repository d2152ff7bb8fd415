"""The epochs of a run: from a model and its data to a trained model."""

import logging
import time
from collections.abc import Iterable, Mapping

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from models.checkpoints import Checkpoints, Progress, Validation
from models.curves import Curves
from models.early_stopping import best_of, is_over, value_of
from models.progress import LOGGER, Speedometer
from models.ranking_model import Batch, RankingModel, heads_of_term
from models.spec import ModelSpec
from models.steps import Steps, SynchronousSteps
from models.training_config import TrainingConfig
from models.training_data import TrainingData
from models.validation import Judge


def total_epochs(training: TrainingConfig) -> int:
    """Returns the epochs of a run, those for some heads alone included."""
    return training.epochs + (training.pretrain.epochs if training.pretrain else 0)


def fit(
    model: RankingModel,
    spec: ModelSpec,
    data: TrainingData,
    validation: tf.data.Dataset | None,
    checkpoint_dir: str,
    log_dir: str,
    steps: Steps | None = None,
    *,
    writes: bool = True,
) -> Progress:
    """Trains `model` for the spec's epochs, going on from the last checkpoint if there is one.

    With early stopping, the model has the best weights at the end, else the last ones.

    Args:
        model: compiled.
        spec: that made it.
        data: the training split.
        validation: batches of the validation split, looked at after each epoch or as early
            stopping says; None if there are none.
        checkpoint_dir: where this run's checkpoints lie.
        log_dir: for TensorBoard.
        steps: what trains; on one device if None.
        writes: whether this process saves: of several that train together, one does.

    Returns:
        How far the run came: its curves and what was seen of the validation split.

    Raises:
        ValueError: if there are no examples, or the validation split does not tell the figure that
            stops training early.
        FloatingPointError: if the loss is no finite number; it says at which step and where.
    """
    if data.examples == 0:
        raise ValueError("the training split holds no examples: is the first span empty?")
    return _Run(
        model,
        spec,
        data,
        validation,
        Checkpoints(model, checkpoint_dir, writes=writes),
        log_dir,
        steps or SynchronousSteps(model, data, tf.distribute.get_strategy()),
    ).train()


class _Run:
    """The state of one training run."""

    def __init__(
        self,
        model: RankingModel,
        spec: ModelSpec,
        data: TrainingData,
        validation: tf.data.Dataset | None,
        checkpoints: Checkpoints,
        log_dir: str,
        steps: Steps,
    ):
        self._model = model
        self._spec = spec
        self._data = data
        self._validation = validation
        self._checkpoints = checkpoints
        self._steps = steps
        self._judge = Judge(model, spec.heads)
        self._training = spec.training
        self._total = data.steps * total_epochs(spec.training)
        self.progress = checkpoints.restore()
        self._curves = Curves(model.term_names, self.progress, self._total, log_dir)

    def train(self) -> Progress:
        """Trains to the end, or until training is good enough."""
        training, progress = self._training, self.progress
        speedometer = Speedometer(progress.steps, self._total, training.batch_size)
        started, first = time.monotonic(), progress.steps
        fresh = True
        while progress.steps < self._total and not self._over():
            epoch, skip = divmod(progress.steps, self._data.steps)
            if fresh or skip == 0:
                self._start(epoch, skip)
                fresh = False
            losses = self._steps.take(self._until_next())
            self._check(losses)
            progress.steps += len(losses)
            self._curves.add(losses, self._weights)
            speedometer.tell(progress.steps, float(losses[-1, 0]))
            best = self._validate()
            if best or progress.steps % training.checkpoint_every == 0:
                self._checkpoints.save(progress, best=best)
        self._tell(first, time.monotonic() - started)
        if best_look := self._best_look():
            self._checkpoints.restore_best(best_look.step)
        return progress

    def _weights(self) -> Mapping[str, tf.Tensor]:
        return self._model.balance.current_weights(self._model.term_names)

    def _start(self, epoch: int, skip: int) -> None:
        pretrain = self._training.pretrain
        alone = pretrain.heads if pretrain and epoch < pretrain.epochs else None
        self._model.teach(alone)
        self._steps.start(epoch, skip)

    def _until_next(self) -> int:
        """Returns how many steps can be taken before something else has to be done."""
        training, done = self._training, self.progress.steps
        every = [self._data.steps, training.checkpoint_every, self._curves.every]
        if training.early_stopping and training.early_stopping.every:
            every.append(training.early_stopping.every)
        return min(training.steps_per_execution, *(each - done % each for each in every))

    def _check(self, losses: npt.NDArray[np.float32]) -> None:
        bad = ~np.isfinite(losses)
        if not bad.any():
            return
        step = int(np.argmax(bad.any(axis=1)))
        names = ("loss", *self._model.term_names)
        found_bad = [name for name, is_bad in zip(names, bad[step], strict=True) if is_bad]
        # The sum of all is bad with any of them.
        terms = [name for name in found_bad if name != "loss"] or found_bad
        found = ", ".join(f"{name} {losses[step, names.index(name)]}" for name in terms)
        heads = dict.fromkeys(
            head for term in terms for head in heads_of_term(term, self._spec.heads)
        )
        raise FloatingPointError(
            f"the loss is no finite number at step {self.progress.steps + step + 1}: {found} "
            f"(heads: {', '.join(heads)}). Lower training.learning_rate or set "
            "training.clip_norm; if it comes at once, look for infinite labels or weights"
        )

    def _over(self) -> bool:
        stopping = self._training.early_stopping
        return stopping is not None and is_over(stopping, self.progress.validations)

    def _best_look(self) -> Validation | None:
        """Returns the best look at the validation split; None if there is no early stopping."""
        stopping = self._training.early_stopping
        return best_of(stopping.metric, self.progress.validations) if stopping else None

    def _validate(self) -> bool:
        """Looks at the validation split if it is time to; returns whether it was never better."""
        progress, stopping = self.progress, self._training.early_stopping
        every = (stopping.every if stopping else None) or self._data.steps
        last = progress.steps == self._total
        if self._validation is None or (progress.steps % every and not last):
            return False
        found = self._judge.figures(self._validation)
        progress.validations.append(Validation(step=progress.steps, figures=found))
        self._curves.validated()
        return self._best_look() is progress.validations[-1]

    def _tell(self, first: int, seconds: float) -> None:
        log, stopping = logging.getLogger(LOGGER), self._training.early_stopping
        examples = self._examples(self.progress.steps) - self._examples(first)
        log.info("trained %d examples in %.1f s", examples, seconds)
        if stopping and (best := self._best_look()):
            value = value_of(stopping.metric, best)
            log.info(
                "%s was best after step %d of %d: %.4f",
                stopping.metric,
                best.step,
                self._total,
                value,
            )

    def _examples(self, steps: int) -> int:
        """Returns the examples in the first steps of a run."""
        epochs, rest = divmod(steps, self._data.steps)
        return epochs * self._data.examples + rest * self._training.batch_size


def fit_scales(model: RankingModel, batches: Iterable[Batch]) -> None:
    """Sets the scales of `model` from the labels of some batches, each in its population."""
    found: dict[str, list[np.ndarray]] = {name: [] for name in model.scales.names}
    for features, labels in batches:
        targets = model.targets(features, labels)
        for name, parts in found.items():
            counts = tf.logical_not(tf.math.is_nan(targets.labels[name]))
            population = model.objective.population(name, targets)
            if population is not None:
                counts &= population
            parts.append(tf.boolean_mask(targets.labels[name], counts).numpy())
    model.scales.fit(found)

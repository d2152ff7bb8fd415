"""What objectives share that learn from conversions of which some are still to come."""

from collections.abc import Mapping
from typing import ClassVar, NamedTuple

import tensorflow as tf

from models import options
from models.objectives.cross_entropy import cross_entropy, weighted_mean
from models.objectives.objective import Objective
from models.targets import Targets
from schemas.heads import Heads
from schemas.logs import CONVERSION_DELAY, CONVERSION_MATURE, LABEL_AGE


class Told(NamedTuple):
    """What the logs had told of each row at the cut-off, bool [B] each.

    Attributes:
        early: that it converted within the elapsed time.
        late: that it converted later.
        mature: that no conversion is still to come.
        taken: whether the stream took the row as it was when the elapsed time was over.
        arrived: whether the stream brought a conversion of it.
    """

    early: tf.Tensor
    late: tf.Tensor
    mature: tf.Tensor
    taken: tf.Tensor
    arrived: tf.Tensor


class DelayedFeedback(Objective):
    """Each head where its parent's event happened, delayed ones from the samples of a stream.

    A stream takes a clicked row some time after the click, with the label of that moment, and
    takes it again when more is known. Every such sample up to the cut-off follows from the row as
    the logs knew it then, so that nothing needs to be replayed in order. The stream may begin
    after the first click: then late conversions of clicks before it stand for those that are still
    to come, as they do in a stream that has run for long.

    Delayed are the heads of the label `conversion` that have a parent; the times in `Targets` are
    seconds from the click. All others are learnt as in `clicked_only`.
    """

    helpers: ClassVar[tuple[str, ...]] = ()

    def __init__(self, heads: Heads, chosen: options.DelayedOptions):
        super().__init__(heads, chosen)
        self.delayed = options.delayed(heads)

    def towers(self) -> tuple[str, ...]:
        """Returns the towers of the heads, and the helpers of each delayed one."""
        return (*super().towers(), *(t for name in self.delayed for t in self.helpers_of(name)))

    def helpers_of(self, name: str) -> tuple[str, ...]:
        """Returns the towers that help a delayed head."""
        return tuple(f"{name}_{helper}" for helper in self.helpers)

    def rate_terms(self, logits: Mapping[str, tf.Tensor], targets: Targets) -> dict[str, tf.Tensor]:
        """Returns a term per head, and one per helper."""
        terms: dict[str, tf.Tensor] = {}
        for name in self.rates:
            if name in self.delayed:
                terms |= self.delayed_terms(name, logits, targets)
            else:
                terms[name] = self.learn(name, logits[name], targets.labels[name], targets)
        return terms

    def delayed_terms(
        self, name: str, logits: Mapping[str, tf.Tensor], targets: Targets
    ) -> dict[str, tf.Tensor]:
        """Returns the terms of a delayed head and of its helpers."""
        raise NotImplementedError

    def mean(self, name: str, losses: tf.Tensor, brought: tf.Tensor, targets: Targets) -> tf.Tensor:
        """Returns the mean of `losses` over the rows of a head's population that are `brought`."""
        population = self.population(name, targets)
        return weighted_mean(
            losses,
            targets.labels[name],
            brought if population is None else brought & population,
            targets.weights.get(name),
        )

    def learn(
        self,
        name: str,
        logit: tf.Tensor,
        event: tf.Tensor,
        targets: Targets,
        among: tf.Tensor | None = None,
    ) -> tf.Tensor:
        """Returns the plain cross-entropy of an event in the population of a head.

        Args:
            name: of the head.
            logit: [B].
            event: [B], bool or 0 and 1.
            targets: what the rows teach; a row without the head's label does not count.
            among: bool [B], the rows that count; None is all of the population.
        """
        known = tf.where(
            tf.math.is_nan(targets.labels[name]), float("nan"), tf.cast(event, logit.dtype)
        )
        population = self.population(name, targets)
        if among is not None:
            population = among if population is None else among & population
        return cross_entropy([logit], known, population, targets.weights.get(name))

    def told(self, name: str, targets: Targets, elapsed: int) -> Told:
        """Returns what the logs had told of each row of a delayed head.

        Args:
            name: of the head.
            targets: what the rows teach.
            elapsed: seconds from the click until a row is first taken.
        """
        age = targets.columns[LABEL_AGE]
        # It has come even where the click that the age is measured from is a later one.
        delay = tf.minimum(targets.columns[CONVERSION_DELAY], age)
        converted = tf.equal(targets.labels[name], 1)
        late = converted & (delay > elapsed)
        return Told(
            early=converted & tf.logical_not(late),
            late=late,
            mature=tf.equal(targets.columns[CONVERSION_MATURE], 1),
            taken=self._brought(age - elapsed),
            arrived=converted & self._brought(age - delay),
        )

    def _brought(self, ago: tf.Tensor) -> tf.Tensor:
        """Returns whether the stream had begun so many seconds before the cut-off; not after it."""
        begun = float("inf") if self.options.stream is None else float(self.options.stream)
        return (ago >= 0) & (ago <= begun)

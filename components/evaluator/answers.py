"""What models answer to a batch of examples: SavedModels by asking, others by looking up."""

import dataclasses
from collections.abc import Iterable, Mapping

import numpy as np
import numpy.typing as npt
import tensorflow as tf
from apache_beam.utils import shared

from components.log_example_gen.decode import hashes
from components.popularity.rates import Rates
from evaluation.figures import POPULARITY

# By model, then output: float32 [N].
Answers = dict[str, dict[str, npt.NDArray[np.float32]]]


@dataclasses.dataclass(frozen=True)
class Sources:
    """Where answers come from.

    Attributes:
        models: folder of the SavedModel by the name of a model.
        popularity: the URI of the rates of items, None without such a model.
    """

    models: Mapping[str, str]
    popularity: str | None


class _Loaded:
    """What `Sources` name, in memory; a class of its own as Beam refers to it weakly."""

    def __init__(self, sources: Sources):
        # A signature does not keep its model alive.
        self._models = {name: tf.saved_model.load(path) for name, path in sources.models.items()}
        self._rates = None if sources.popularity is None else Rates.read(sources.popularity)

    def answer(
        self, serialized: tf.Tensor, items: tf.Tensor | None, outputs: Iterable[str]
    ) -> Answers:
        found: Answers = {}
        for name, model in self._models.items():
            signature = model.signatures["serving_default"]
            [given] = signature.structured_input_signature[1]
            answered = signature(**{given: serialized})
            found[name] = {
                output: answered[output].numpy().reshape(-1).astype(np.float32)
                for output in outputs
            }
        if self._rates is not None and items is not None:
            found[POPULARITY] = self._rates.of(hashes(items))
        return found


class Models:
    """Models that answer; loaded at the first question, once for all threads of a worker.

    Args:
        sources: what is loaded.
        outputs: the names of what is asked for.
    """

    def __init__(self, sources: Sources, outputs: Iterable[str]):
        self._sources = sources
        self._outputs = tuple(outputs)
        self._handle = shared.Shared()
        self._loaded: _Loaded | None = None  # what Beam shares lives while somebody holds it

    def answer(self, serialized: tf.Tensor, items: tf.Tensor | None) -> Answers:
        """Returns what each model answers to a batch.

        Args:
            serialized: string [N], the examples.
            items: string [N], None without popularity.
        """
        if self._loaded is None:
            self._loaded = self._handle.acquire(lambda: _Loaded(self._sources))
        return self._loaded.answer(serialized, items, self._outputs)

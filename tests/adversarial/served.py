"""The model of these requests, served."""

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path

import grpc
import tensorflow as tf

from models.export import export
from models.ranking_model import RankingModel
from tests.adversarial.model import LEARNT, NAME, SPEC
from tests.adversarial.outcome import Ask
from tests.adversarial.sending import Grpc, Python, Rest
from tests.stand_in.serving import StandIn
from tests.stand_in.transform import learn


@contextlib.contextmanager
def serving(place: Path) -> Iterator[Mapping[str, Ask]]:
    """Makes the model and serves it; yields what asks it, by the way that it takes.

    Args:
        place: an empty folder.
    """
    base = _export(place)
    loaded = tf.saved_model.load(str(base / "1"))
    with StandIn({NAME: base}) as server, grpc.insecure_channel(server.grpc) as channel:
        yield {"grpc": Grpc(channel), "http": Rest(server.http), "python": Python(loaded)}


def _export(place: Path) -> Path:
    """Returns the base path of the model under `place`: its one version is the folder 1."""
    model = RankingModel(SPEC.layout(), SPEC.heads, SPEC.model, seed=3)
    transform = learn(SPEC, LEARNT, place / "graph")
    export(model, transform, SPEC, str(place / "serving" / "1"))
    return place / "serving"

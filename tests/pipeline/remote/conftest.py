"""A model whose answers are worked out by hand, and the stand-in that serves it."""

import datetime
import ipaddress
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from models.spec import ModelSpec
from pipeline.door import Columns
from pipeline.remote.grpc_wire import GrpcWire
from pipeline.remote.http_wire import HttpWire
from pipeline.remote.server import Server
from pipeline.remote.wire import Wire
from tests.stand_in.pushed import TINY, push
from tests.stand_in.serving import StandIn


def counting(city, age, history, history_length):
    """Answers half the age, the letters of the city, and those of the history's values."""
    listed = tf.sequence_mask(history_length, tf.shape(history)[1])
    values = tf.where(listed, history, tf.fill(tf.shape(history), ""))
    return {
        "ctr": age / 2,
        "cvr": tf.cast(tf.strings.length(city, "UTF8_CHAR"), tf.float32),
        "ctcvr": tf.reduce_sum(tf.cast(tf.strings.length(values), tf.float32), 1),
    }


@pytest.fixture(scope="session")
def counting_spec() -> ModelSpec:
    return TINY


@pytest.fixture(scope="session")
def counting_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of version 17, below the base path of the model."""
    return push(TINY, counting, tmp_path_factory.mktemp("counting") / "17")


@pytest.fixture
def serve(counting_dir: Path) -> Iterator[Callable[..., StandIn]]:
    """Starts a stand-in that serves the model as `tiny`."""
    started: list[StandIn] = []

    def start(on_predict: Callable[[int], None] | None = None, **options: object) -> StandIn:
        server = StandIn({"tiny": counting_dir.parent}, on_predict, **options)
        started.append(server.__enter__())
        return server

    yield start
    for server in started:
        server.stop()


@pytest.fixture(params=["grpc", "http"])
def server_of(request: pytest.FixtureRequest) -> Callable[..., Server]:
    """Says how a stand-in is asked: over each protocol in turn."""

    def make(stand_in: StandIn, **options: object) -> Server:
        place = stand_in.grpc if request.param == "grpc" else stand_in.http
        return Server(request.param, place, **options)

    return make


@pytest.fixture
def wire_of(server_of: Callable[..., Server]) -> Iterator[Callable[..., Wire]]:
    """Connects to a stand-in over each protocol in turn."""
    opened: list[Wire] = []

    def connect(stand_in: StandIn, model: str = "tiny", version: int = 17) -> Wire:
        server = server_of(stand_in)
        wire: Wire
        if server.scheme == "grpc":
            wire = GrpcWire(server.place, False, model, version)
        else:
            wire = HttpWire(str(server), model, version, ("ctr", "cvr", "ctcvr"), 2)
        opened.append(wire)
        return wire

    yield connect
    for wire in opened:
        wire.close()


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A private key and a certificate for 127.0.0.1 that nobody but its owner has signed."""
    place = tmp_path_factory.mktemp("tls")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "stand-in")])
    now = datetime.datetime.now(datetime.UTC)
    signed = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False
        )
        .sign(key, hashes.SHA256())
    )
    pem, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    files = place / "key.pem", place / "certificate.pem"
    files[0].write_bytes(key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain))
    files[1].write_bytes(signed.public_bytes(pem))
    return files


@pytest.fixture
def two_rows() -> Columns:
    """Two rows, the second without anything."""
    return {
        "city": np.array(["Zürich", ""], object),
        "age": np.array([0.2, np.nan], np.float32),
        "history": np.array([["x", "yy"], ["", ""]], object),
        "history_length": np.array([2, 0], np.int64),
    }

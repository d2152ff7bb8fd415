"""Servers that are not what they should be: what the client sends them, and takes from them."""

import gzip
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer

import numpy as np
import pytest

from pipeline.remote.http_wire import HttpWire
from pipeline.remote.refusal import Reason, Refusal

ROWS = {"user": np.array(["CANARY"], object)}
SECONDS = 20


@pytest.fixture
def start():
    """Starts servers that answer every request alike; what they were asked is kept."""
    servers = []

    def start(status=200, headers=(), chunks=(b"{}",)):
        asked = []

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                asked.append(self.rfile.read(int(self.headers["Content-Length"])))
                self.send_response(status)
                for name, value in headers:
                    self.send_header(name, value)
                self.end_headers()
                try:
                    for chunk in chunks:
                        self.wfile.write(chunk)
                except (BrokenPipeError, ConnectionResetError):
                    pass  # the client hung up

            def log_message(self, *_):
                pass

        server = HTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_port}", asked

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def refused(address: str) -> Refusal:
    wire = HttpWire(address, "demo", 17, ("ctr",), 1)
    with pytest.raises(Refusal) as refusal:
        wire.ask(ROWS, SECONDS)
    wire.close()
    return refusal.value


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_rows_do_not_follow_a_redirect(status, start):
    other, asked = start()
    address, first = start(status, [("Location", f"{other}/v1/models/demo")])
    assert refused(address).said.startswith(f"HTTP {status}:")
    assert len(first) == 1 and b"CANARY" in first[0]
    assert asked == []


def test_an_answer_without_an_end_is_not_read_to_it(start):
    address, _ = start(chunks=(b" " * 2**20 for _ in range(10_000)))
    began = time.monotonic()
    answer = refused(address)
    assert (answer.reason, answer.said) == (Reason.OTHER, "its answer is longer than 64 MiB")
    assert time.monotonic() - began < SECONDS


def test_a_few_bytes_that_unfold_to_many_are_not_unfolded(start):
    packed = gzip.compress(b" " * 2**28, 1)  # 256 MiB
    assert len(packed) < 2**21
    address, _ = start(headers=[("Content-Encoding", "gzip")], chunks=(packed,))
    assert refused(address).said == "its answer is longer than 64 MiB"


@pytest.mark.parametrize("status", [200, 400])
def test_an_answer_of_many_levels_is_no_answer(status, start):
    address, _ = start(status, chunks=(b"[" * 200_000,))
    assert refused(address).reason is Reason.OTHER


def test_an_answer_for_other_rows_is_no_answer_for_these(start):
    told = json.dumps({"outputs": {"ctr": [[0.5], "x"]}}).encode()
    address, _ = start(chunks=(told,))
    assert "is no answer of TF Serving" in refused(address).said

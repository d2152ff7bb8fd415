"""A job service and a worker pool of Beam's, each a process of its own, as a cluster has them."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
_SECONDS = 120


@contextlib.contextmanager
def cluster(folder: Path) -> Iterator[dict[str, Any]]:
    """Starts both, for as long as the block runs; returns the `beam` of a config that uses them.

    The job service is Beam's own, in the place of Flink's job server: it takes the same calls.

    Args:
        folder: a new one, for what is staged and what the two of them say.
    """
    folder.mkdir(parents=True)
    service, pool = _free_ports(2)
    ours = {"PYTHONPATH": str(ROOT), "TF_USE_LEGACY_KERAS": "1", "TF_CPP_MIN_LOG_LEVEL": "3"}
    # The pool starts its workers as `python`.
    ours["PATH"] = os.pathsep.join([os.path.dirname(sys.executable), os.environ["PATH"]])
    portability = "apache_beam.runners.portability.local_job_service_main"
    staging = ["--port", str(service), "--staging_dir", str(folder / "staging")]
    workers = "apache_beam.runners.worker.worker_pool_main"
    with (
        _process([portability, *staging], folder / "service.log", service, {}),
        _process([workers, f"--service_port={pool}"], folder / "pool.log", pool, ours),
    ):
        yield {
            "runner": "flink",
            "job_endpoint": f"localhost:{service}",
            "worker_pool": f"localhost:{pool}",
        }


@contextlib.contextmanager
def _process(
    command: Sequence[str], log: Path, port: int, environment: Mapping[str, str]
) -> Iterator[None]:
    with log.open("wb") as said:
        process = subprocess.Popen(
            [sys.executable, "-m", *command],
            cwd=log.parent,
            env={**os.environ, **environment},
            stdout=said,
            stderr=subprocess.STDOUT,
            # Its children, the workers, end with it.
            start_new_session=True,
        )
        try:
            _wait_for(port, process, log)
            yield
        finally:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _wait_for(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + _SECONDS
    while time.monotonic() < until and process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("localhost", port), 1):
            return
        time.sleep(0.1)
    raise RuntimeError(f"nobody listens at port {port}: {log.read_text(errors='replace')[-2000:]}")


def _free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as sockets:
        found = [sockets.enter_context(socket.socket()) for _ in range(count)]
        for each in found:
            each.bind(("localhost", 0))
        return [each.getsockname()[1] for each in found]

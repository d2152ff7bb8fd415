"""Programs of Python started at little cost: one process imports TFX, and forks for each of them.

`python -m tests.pipeline.kubeflow.processes` reads commands as JSON, a line each, and answers each
with its exit code; what the program prints goes to the file named in the line.
"""

import contextlib
import json
import os
import runpy
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]


class Processes:
    """The process that forks."""

    def __init__(self, process: subprocess.Popen[str]):
        self._process = process

    def run(self, command: Sequence[str], log: Path) -> int:
        """Runs `python -m MODULE ARGUMENTS`; returns its exit code."""
        assert command[:2] == ["python", "-m"], command[:2]
        assert self._process.stdin and self._process.stdout
        self._process.stdin.write(json.dumps({"argv": list(command[2:]), "log": str(log)}) + "\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())


@contextlib.contextmanager
def started() -> Iterator[Processes]:
    """Starts the process, and ends it."""
    command = [sys.executable, "-m", __name__]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield Processes(process)
        assert process.stdin
        process.stdin.close()


def _import_what_every_step_needs() -> None:
    os.environ["TF_USE_LEGACY_KERAS"] = "1"
    import tfx.orchestration.kubeflow.v2.container.kubeflow_v2_run_executor  # noqa: F401


def _serve() -> None:
    _import_what_every_step_needs()
    for line in sys.stdin:
        told = json.loads(line)
        child = os.fork()
        if child == 0:
            _run(told["argv"], Path(told["log"]))
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


def _run(argv: Sequence[str], log: Path) -> None:
    """Runs a program in this process, which it ends."""
    file = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
    os.dup2(file, 1)
    os.dup2(file, 2)
    module, *sys.argv[1:] = argv
    code = 1
    try:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
        code = 0
    except SystemExit as exit:
        code = exit.code if isinstance(exit.code, int) else int(exit.code is not None)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    _serve()

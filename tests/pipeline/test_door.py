import subprocess
import sys

import numpy as np
import pytest

from pipeline.door import open_door
from pipeline.remote.server import Server
from tests.stand_in.pushed import HALVED, half, push
from tests.stand_in.serving import StandIn


@pytest.fixture(scope="module")
def model_dir(tmp_path_factory):
    return push(HALVED, half, tmp_path_factory.mktemp("serving") / "17")


def test_the_doors_of_here_grpc_and_http_answer_alike(model_dir, tmp_path):
    current = tmp_path / "current"
    current.symlink_to(model_dir)  # the version is that of the folder it leads to
    with StandIn({"tiny": model_dir.parent}) as stand_in:
        for server, rows, in_flight in (
            (None, 8192, 1),
            (Server("grpc", stand_in.grpc, rows=3, in_flight=2), 3, 2),
            (Server("http", stand_in.http, rows=3, in_flight=2), 3, 2),
        ):
            with open_door(current, HALVED, server) as door:
                assert (door.rows, door.in_flight) == (rows, in_flight)
                answers = door({"age": np.array([1, 3], np.float32)})
            assert {name: found.tolist() for name, found in answers.items()} == {"ctr": [0.5, 1.5]}
        assert stand_in.asked == 2


def test_asking_over_http_imports_no_tensorflow(model_dir):
    with StandIn({"tiny": model_dir.parent}) as stand_in:
        program = f"""
import pathlib, sys
import numpy as np
from models.spec import ModelSpec
from pipeline.door import open_door
from pipeline.remote.server import Server
spec = ModelSpec.model_validate_json({HALVED.model_dump_json()!r})
with open_door(pathlib.Path({str(model_dir)!r}), spec, Server("http", {stand_in.http!r})) as door:
    print(door(dict(age=np.array([1], np.float32)))["ctr"][0])
print(sorted({{"tensorflow", "grpc"}} & set(sys.modules)))
"""
        done = subprocess.run(
            [sys.executable, "-c", program], capture_output=True, text=True, check=True
        )
    assert done.stdout.splitlines()[0] == "0.5"
    assert "tensorflow" not in done.stdout

import re
import socket
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet
import pytest
from click.testing import CliRunner

from pipeline.cli import main
from pipeline.errors import Misuse, RunFailed
from pipeline.remote.refusal import NoAnswer
from pipeline.remote.server import Server
from pipeline.score import score_to_parquet
from tests.stand_in.pushed import HALVED, half, push, write_spec
from tests.stand_in.serving import StandIn

ROWS = [{"id": "a", "age": "40"}, {"id": "b", "age": "old"}]


@pytest.fixture(scope="module")
def model_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return push(HALVED, half, tmp_path_factory.mktemp("serving") / "17")


def test_what_was_scored_and_left_out_is_told_and_no_log_stays(
    model_dir, tmp_path, write_rows, capfd
):
    log = write_rows(tmp_path / "log.csv", ROWS)
    out = tmp_path / "new" / "[red]scores.parquet"
    score_to_parquet(model_dir, [log], out)
    told, complaints = capfd.readouterr()
    scored, left_out, written = told.splitlines()
    assert re.fullmatch(r"1 rows scored, [\d.]+ rows/s", scored)
    assert left_out == "1 rows left out: age: not a number"
    assert written == f"scores {out}"
    assert complaints == ""
    assert [path.name for path in (tmp_path / "new").rglob("*") if path.is_file()] == [out.name]
    assert pyarrow.parquet.read_table(out) == pa.table(
        {"id": ["a"], "ctr": pa.array([20.0], pa.float32())}
    )


def test_a_misuse_leaves_no_log(tmp_path):
    with pytest.raises(Misuse, match="is no model of funnelrank"):
        score_to_parquet(tmp_path / "none", [tmp_path], tmp_path / "out" / "scores.parquet")
    assert list(tmp_path.iterdir()) == []
    write_spec(HALVED, tmp_path / "17")
    with pytest.raises(Misuse, match="there is no "):
        score_to_parquet(tmp_path / "17", [tmp_path / "none"], tmp_path / "out" / "scores.parquet")
    assert list((tmp_path / "out").iterdir()) == []


def test_a_server_that_does_not_answer_leaves_no_log(tmp_path, write_rows):
    write_spec(HALVED, tmp_path / "17")
    log = write_rows(tmp_path / "log.csv", ROWS)
    out = tmp_path / "out" / "scores.parquet"
    with socket.socket() as taken:  # bound and not listening: who connects is refused
        taken.bind(("127.0.0.1", 0))
        server = Server("http", f"127.0.0.1:{taken.getsockname()[1]}")
        with pytest.raises(NoAnswer, match="Connection refused"):
            score_to_parquet(tmp_path / "17", [log], out, server=server)
    assert list(out.parent.iterdir()) == []


@pytest.mark.parametrize("scheme", ["grpc", "http"])
def test_a_server_is_asked_from_the_terminal(scheme, model_dir, tmp_path, write_rows):
    log = write_rows(tmp_path / "log.csv", ROWS)
    out = tmp_path / "scores.parquet"
    with StandIn({"half": model_dir.parent}) as stand_in:
        server = f"{scheme}://{getattr(stand_in, scheme)}"
        asked = ["--server", server, "--model", "half", "--deadline", "30s", "--batch", "1"]
        done = CliRunner().invoke(main, ["score", str(model_dir), str(log), "-o", str(out), *asked])
        wrong = CliRunner().invoke(
            main, ["score", str(model_dir), str(log), "-o", str(out), "--server", server]
        )
    assert done.exit_code == 0, done.output
    assert pyarrow.parquet.read_table(out).to_pydict() == {"id": ["a"], "ctr": [20.0]}
    assert wrong.exit_code == 2
    assert wrong.stderr.startswith(f"Error: {server} has no model 'tiny'")
    assert wrong.stderr.endswith("Say its name there with --model\n")


def test_a_failure_is_told_in_one_sentence_and_its_log_stays(tmp_path, write_rows):
    write_spec(HALVED, tmp_path / "17")  # the model itself is not there
    log = write_rows(tmp_path / "log.csv", ROWS)
    out = tmp_path / "out" / "scores.parquet"
    with pytest.raises(RunFailed) as failure:
        score_to_parquet(tmp_path / "17", [log], out)
    kept = out.with_name("scores.parquet.log")
    assert str(failure.value).startswith("scoring failed: OSError: SavedModel file does not exist")
    assert str(failure.value).endswith(f". The whole story is in {kept}")
    assert "Traceback (most recent call last):" in kept.read_text()
    assert list(out.parent.iterdir()) == [kept]


def test_a_misuse_at_the_terminal_is_one_sentence_and_exit_code_two(tmp_path):
    out = tmp_path / "out" / "scores.parquet"
    done = CliRunner().invoke(main, ["score", str(tmp_path), str(tmp_path), "-o", str(out)])
    assert done.exit_code == 2
    assert done.stdout == ""
    assert done.stderr == (
        f"Error: {tmp_path} is no model of funnelrank: it lacks assets.extra/funnelrank.json. "
        "Give a version's folder, such as runs/demo/serving/1700000000\n"
    )
    assert not out.parent.exists()

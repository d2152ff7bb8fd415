import json
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.kubeflow.packing import LONG, pack
from pipeline.kubeflow.step import clear, localize, main, report, unpack_parameters

BUCKET = "minio://mlpipeline/v2/artifacts/demo/run-1"
SPEC = {"artifacts": {"examples": {"artifactType": {"instanceSchema": "title: tfx.Examples\n"}}}}


@pytest.fixture
def given(tmp_path):
    """An ExecutorInput as the launcher writes it: an input has no type."""
    examples = {"name": "7", "uri": f"{BUCKET}/LogExampleGen/1/examples", "metadata": {"span": 3.0}}
    model = {"uri": f"{BUCKET}/Trainer/2/model", "type": {"instanceSchema": "title: tfx.Model\n"}}
    return {
        "inputs": {"artifacts": {"examples": {"artifacts": [examples]}}},
        "outputs": {
            "artifacts": {"model": {"artifacts": [model]}},
            "outputFile": str(tmp_path / "outputs" / "output_metadata.json"),
        },
    }


def folder(tmp_path: Path, *names: str) -> Path:
    return tmp_path.joinpath("minio/mlpipeline/v2/artifacts/demo/run-1", *names)


def test_artifacts_are_found_on_the_volume_and_inputs_get_their_types(given, tmp_path):
    assert localize(given, SPEC, tmp_path) == {"model": f"{BUCKET}/Trainer/2/model"}
    assert given["inputs"]["artifacts"]["examples"]["artifacts"] == [
        {
            "name": "7",
            "uri": str(folder(tmp_path, "LogExampleGen", "1", "examples")),
            "metadata": {"span": 3.0},
            "type": {"instanceSchema": "title: tfx.Examples\n"},
        }
    ]
    (model,) = given["outputs"]["artifacts"]["model"]["artifacts"]
    assert model["uri"] == str(folder(tmp_path, "Trainer", "2", "model"))


def test_long_parameters_are_whole_again():
    values = {"config": pack("x" * LONG), "window": 3.0, "span": ""}
    given = {"inputs": {"parameterValues": values}}
    unpack_parameters(given)
    assert values == {"config": "x" * LONG, "window": 3.0, "span": ""}


def test_a_component_without_inputs_has_none(given, tmp_path):
    del given["inputs"]
    assert localize(given, {}, tmp_path) == {"model": f"{BUCKET}/Trainer/2/model"}


def test_what_a_killed_attempt_left_behind_is_gone(given, tmp_path):
    localize(given, SPEC, tmp_path)
    model, output = folder(tmp_path, "Trainer", "2", "model"), Path(given["outputs"]["outputFile"])
    for left in (model / "half" / "saved_model.pb", output):
        left.parent.mkdir(parents=True)
        left.write_text("half")
    clear(given)
    assert list(model.iterdir()) == []
    assert not output.exists()


def test_inputs_are_never_cleared(given, tmp_path):
    localize(given, SPEC, tmp_path)
    examples = folder(tmp_path, "LogExampleGen", "1", "examples")
    examples.mkdir(parents=True)
    (examples / "rows").write_text("1")
    clear(given)
    assert (examples / "rows").read_text() == "1"


def made(given, tmp_path):
    """Writes what TFX says it made."""
    artifact = {"uri": str(folder(tmp_path, "Trainer", "2", "model")), "metadata": {"kept": "1"}}
    output = Path(given["outputs"]["outputFile"])
    output.parent.mkdir()
    output.write_text(json.dumps({"artifacts": {"model": {"artifacts": [artifact]}}}))
    return output


def test_kubeflow_hears_its_own_uris_and_all_metadata(given, tmp_path):
    output = made(given, tmp_path)
    report(given, {"model": f"{BUCKET}/Trainer/2/model"}, tmp_path / "none")
    assert json.loads(output.read_text()) == {
        "artifacts": {
            "model": {
                "artifacts": [{"uri": f"{BUCKET}/Trainer/2/model", "metadata": {"kept": "1"}}]
            }
        }
    }
    assert not (tmp_path / "none").exists()


def test_what_the_launcher_uploads_says_where_the_artifact_lies(given, tmp_path):
    made(given, tmp_path)
    scratch = tmp_path / "scratch/minio/mlpipeline/v2/artifacts/demo/run-1/Trainer/2"
    scratch.mkdir(parents=True)
    report(given, {"model": f"{BUCKET}/Trainer/2/model"}, tmp_path / "scratch")
    assert (scratch / "model").read_text() == f"{folder(tmp_path, 'Trainer', '2', 'model')}\n"


def test_a_step_that_cannot_run_ends_with_the_reason_and_one(given, tmp_path, capfd):
    given["outputs"]["artifacts"]["model"]["artifacts"][0]["uri"] = "/elsewhere"
    code = main(
        [
            *("--artifacts", str(tmp_path), "--executor_class_path", "a.B"),
            *("--json_serialized_invocation_args", json.dumps(given)),
            *("--json_serialized_inputs_spec_args", json.dumps(SPEC)),
        ]
    )
    assert code == 1
    assert capfd.readouterr().err.splitlines()[-1] == (
        "Error: Kubeflow's artifacts lie in an object store (gs, minio, s3) as in "
        "minio://mlpipeline/v2/artifacts. Received: '/elsewhere'"
    )


def test_the_entry_itself_imports_no_framework():
    program = "import sys, pipeline.kubeflow.step as s; print({'tensorflow', 'tfx', 'kfp', 'yaml', \
'pydantic'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout == "set()\n"

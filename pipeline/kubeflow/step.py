"""What each container of a compiled pipeline runs: one component, as open-source Kubeflow needs it.

TFX's own entry is for Vertex AI. Open-source Kubeflow differs in three ways: its artifacts have
URIs that TensorFlow cannot open, its inputs come without their types, and a retry finds what the
attempt before it left behind.
"""

import argparse
import json
import os
import shutil
import sys
import traceback
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from pipeline.failures import reason
from pipeline.kubeflow.packing import unpack
from pipeline.kubeflow.places import folder_of, scratch_of


def main(argv: Sequence[str]) -> int:
    """Runs one component; returns the exit code.

    Args:
        argv: `--artifacts`, the folder of all artifacts, and what TFX's compiler writes: the class
            of the executor; Kubeflow's ExecutorInput and the component's inputs, as JSON. Any
            other arguments are Beam's.
    """
    parser = argparse.ArgumentParser(allow_abbrev=False)
    parser.add_argument("--artifacts", type=Path, required=True)
    parser.add_argument("--executor_class_path", required=True)
    parser.add_argument("--json_serialized_invocation_args", required=True)
    parser.add_argument("--json_serialized_inputs_spec_args", required=True)
    told, beam_args = parser.parse_known_args(argv)
    try:
        given = json.loads(told.json_serialized_invocation_args)
        spec = json.loads(told.json_serialized_inputs_spec_args)
        unpack_parameters(given)
        uris = localize(given, spec, told.artifacts)
        told.json_serialized_invocation_args = json.dumps(given)
        clear(given)
        _execute(told, beam_args)
        report(given, uris)
    except Exception as error:  # the rim of the process: a pod's log ends with the reason
        traceback.print_exc()
        print(f"Error: {reason(error)}", file=sys.stderr)
        return 1
    return 0


def unpack_parameters(given: dict[str, Any]) -> None:
    """Makes long parameters of an ExecutorInput whole again, which `compile` packed."""
    parameters = given.get("inputs", {}).get("parameterValues", {})
    for name, value in parameters.items():
        if isinstance(value, str):
            parameters[name] = unpack(value)


def localize(given: dict[str, Any], spec: dict[str, Any], artifacts: Path) -> dict[str, str]:
    """Puts folders in the place of URIs, and types where there are none.

    Args:
        given: Kubeflow's ExecutorInput; it is changed.
        spec: the ComponentInputsSpec, which has the types.
        artifacts: the folder of all artifacts.

    Returns:
        Kubeflow's URI of each output.
    """
    for name, artifact in _artifacts(given.get("inputs", {})):
        artifact["uri"] = str(folder_of(artifact["uri"], artifacts))
        artifact["type"] = spec["artifacts"][name]["artifactType"]
    uris = {}
    for name, artifact in _artifacts(given["outputs"]):
        uris[name] = artifact["uri"]
        artifact["uri"] = str(folder_of(artifact["uri"], artifacts))
    return uris


def clear(given: dict[str, Any]) -> None:
    """Makes an empty folder for each output, whatever an attempt that was killed left in it."""
    Path(given["outputs"]["outputFile"]).unlink(missing_ok=True)
    for _, artifact in _artifacts(given["outputs"]):
        folder = Path(artifact["uri"])
        if folder.exists():
            shutil.rmtree(folder)
        folder.mkdir(parents=True)


def report(given: dict[str, Any], uris: dict[str, str], root: Path = Path("/")) -> None:
    """Calls outputs by Kubeflow's names again, in the file that the launcher reads.

    What the launcher uploads is one line that says where the artifact lies: Kubeflow's pages show
    it, and its newer versions fail where there is nothing to upload.

    Args:
        given: the ExecutorInput, localized.
        uris: Kubeflow's URI of each output.
        root: of the folders that the launcher uploads from.
    """
    file = Path(given["outputs"]["outputFile"])
    made = json.loads(file.read_text(encoding="utf-8"))
    for name, artifact in _artifacts(made):
        scratch = scratch_of(uris[name], root)
        if scratch.parent.is_dir():  # the launcher makes it
            scratch.write_text(f"{artifact['uri']}\n", encoding="utf-8")
        artifact["uri"] = uris[name]
    file.write_text(json.dumps(made), encoding="utf-8")


def _artifacts(part: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yields name and artifact of inputs or outputs."""
    for name, found in part.get("artifacts", {}).items():
        for artifact in found.get("artifacts", []):
            yield name, artifact


def _execute(told: argparse.Namespace, beam_args: list[str]) -> None:
    """Lets TFX run the component, and write what it made into the output file."""
    # Before TensorFlow is imported: TFRS needs Keras 2, and a log needs no C++ chatter.
    os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "1")
    from absl import flags
    from tfx.orchestration.kubeflow.v2.container import kubeflow_v2_run_executor

    # Large batches, as in a local run.
    flags.FLAGS(["funnelrank", "--tfxio_use_byte_size_batching"])
    kubeflow_v2_run_executor.main((told, beam_args))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

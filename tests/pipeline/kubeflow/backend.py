"""Open-source Kubeflow in small: runs a compiled pipeline's containers one after the other.

What it hands them is what Kubeflow's driver and launcher do (backend/src/v2): outputs have URIs of
an object store, a type and no name; inputs have a name, a URI and metadata, and no type; numbers
are JSON's. A URI that is none of an object store fails the next step, as the launcher does.
"""

import json
import re
import zlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

Run = Callable[[Sequence[str]], int]
_BUCKET = re.compile(r"(gs|s3|minio)://[^/?]+(/[^?]*)?")


class Backend:
    """One run of one compiled file.

    Attributes:
        spec: the PipelineSpec.
        artifacts: of each task that ran, by output: as Kubeflow's metadata has them.
    """

    def __init__(self, compiled: Path, scratch: Path, run_id: str):
        self.spec, self.platform = yaml.safe_load_all(compiled.read_text(encoding="utf-8"))
        self.artifacts: dict[str, dict[str, dict[str, Any]]] = {}
        self._scratch, self._run_id = scratch, run_id

    def order(self) -> list[str]:
        """Returns the tasks, each after those that it depends on."""
        waiting, done = dict(self.spec["root"]["dag"]["tasks"]), []
        while waiting:
            ready = [n for n, t in waiting.items() if set(t.get("dependentTasks", ())) <= set(done)]
            assert ready, f"a circle: {waiting}"
            done += sorted(ready)
            for name in ready:
                del waiting[name]
        return done

    def command(self, name: str, parameters: Mapping[str, Any]) -> list[str]:
        """Returns what the launcher starts in the container of a task."""
        container = self._container(name)
        placeholder = json.dumps(self._executor_input(name, parameters))
        words = [*container["command"], *container["args"]]
        return [word.replace("{{$}}", placeholder) for word in words]

    def publish(self, name: str) -> None:
        """Reads what a container said it made."""
        made = json.loads(self._output_file(name).read_text(encoding="utf-8"))
        outputs = self._executor_input(name, {})["outputs"].get("artifacts", {})
        self.artifacts[name] = {}
        for key, listed in outputs.items():
            (artifact,) = listed["artifacts"]
            for said in made.get("artifacts", {}).get(key, {}).get("artifacts", ()):
                artifact["uri"] = said.get("uri") or artifact["uri"]
                artifact["metadata"] = {**artifact.get("metadata", {}), **said.get("metadata", {})}
            assert _BUCKET.fullmatch(artifact["uri"]), f"unrecognized uri: {artifact['uri']}"
            self.artifacts[name][key] = {
                "name": str(zlib.crc32(f"{name}.{key}".encode())),
                "uri": artifact["uri"],
                "metadata": {**artifact.get("metadata", {}), "display_name": key},
            }

    def _container(self, name: str) -> dict[str, Any]:
        component = self.spec["components"][self._task(name)["componentRef"]["name"]]
        executors = self.spec["deploymentSpec"]["executors"]
        container: dict[str, Any] = executors[component["executorLabel"]]["container"]
        assert "lifecycle" not in container  # a driver of TFX's, which Kubeflow never starts
        return container

    def _task(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = self.spec["root"]["dag"]["tasks"][name]
        return found

    def _output_file(self, name: str) -> Path:
        return self._scratch / name / "output_metadata.json"

    def _executor_input(self, name: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        inputs = self._task(name).get("inputs", {})
        known = self.spec["root"]["inputDefinitions"]["parameters"]
        values, artifacts = {}, {}
        for key, value in inputs.get("parameters", {}).items():
            if "componentInputParameter" in value:
                asked = value["componentInputParameter"]
                values[key] = parameters.get(asked, known[asked]["defaultValue"])
            else:
                values[key] = value["runtimeValue"]["constant"]
        for key, value in inputs.get("artifacts", {}).items():
            source = value["taskOutputArtifact"]
            made = self.artifacts[source["producerTask"]][source["outputArtifactKey"]]
            artifacts[key] = {"artifacts": [made]}
        component = self.spec["components"][self._task(name)["componentRef"]["name"]]
        root = f"minio://mlpipeline/v2/artifacts/{self.spec['pipelineInfo']['name']}"
        outputs = {
            key: {
                "artifacts": [
                    {
                        "uri": f"{root}/{self._run_id}/{name}/5a17/{key}",
                        "type": definition["artifactType"],
                        "metadata": definition.get("metadata", {}),
                    }
                ]
            }
            for key, definition in component.get("outputDefinitions", {})
            .get("artifacts", {})
            .items()
        }
        found: dict[str, Any] = {
            "inputs": {"parameterValues": values, "artifacts": artifacts},
            "outputs": {"artifacts": outputs, "outputFile": str(self._output_file(name))},
        }
        return found

"""From a pushed version back to what made it: spans, config, code, figures, and what they lie in.

All of it is read from ML Metadata: the walk begins at the pushed model and goes from each artifact
to the execution that made it, and from that to the artifacts which it read.
"""

import dataclasses
import datetime
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from components.atomic_pusher.versions import home, standing, versions
from components.model_gate.verdicts import Verdict, read_verdicts
from components.run_report.facts import FACTS_FILE, Facts
from evaluation.figures import FIGURES_FILE, Evaluation
from pipeline.errors import Misuse
from pipeline.lineage.ancestry import Ancestry, Made
from pipeline.metadata_store import has_store, store_name
from pipeline.quantities import place
from pipeline.work_dir import WorkDir
from schemas.served_model import COST_FILE
from schemas.serving import ServingReport
from schemas.spans import SPANS

LATEST = "latest"
_RUNS = Path("runs")


@dataclasses.dataclass(frozen=True)
class Link:
    """A version in a chain of trainings, each of which went on from the one after it.

    Attributes:
        version: its number.
        spans: of its data, None where ML Metadata does not know the version.
    """

    version: str
    spans: tuple[str, ...] | None


@dataclasses.dataclass(frozen=True)
class Lineage:
    """Where a version came from.

    Attributes:
        version: its number.
        standing: newest, served, superseded, withdrawn or removed.
        folder: to which it was pushed.
        pipeline: that made it.
        run: of the pipeline that pushed it.
        pushed: when.
        spans: of its data, ISO dates, oldest first.
        as_of: what had happened by then was used.
        fingerprint: of the log files that were read.
        code: hashes of our code, by node.
        packages: versions by name; None where they were not told.
        config: the whole; or the parts of it that components were told.
        whole: whether it is the whole.
        base: versions that training went on from, the nearest first.
        baseline: version that it was compared with; None without one.
        evaluation: figures; None if they are gone.
        serving: what answering cost before it was pushed; None if that is gone.
        verdicts: of the gates.
        made: the executions behind it, in the order in which they ran.
        missing: what cannot be told, and why.
    """

    version: str
    standing: str
    folder: Path
    pipeline: str
    run: str
    pushed: datetime.datetime
    spans: tuple[str, ...]
    as_of: str
    fingerprint: str
    code: Mapping[str, str]
    packages: Mapping[str, str] | None
    config: Mapping[str, Any]
    whole: bool
    base: tuple[Link, ...]
    baseline: str | None
    evaluation: Evaluation | None
    serving: ServingReport | None
    verdicts: tuple[Verdict, ...]
    made: tuple[Made, ...]
    missing: tuple[str, ...]


def find(version: str, work: Path | None) -> tuple[WorkDir, str]:
    """Returns the work directory of a version, and its number.

    Args:
        version: a number, `latest`, or the folder of a version.
        work: of the run; found above the folder, or below `runs`, if None.

    Raises:
        Misuse: if it is not there, or may be meant of several.
    """
    folder = Path(version).resolve()
    if not version.isdecimal() and version != LATEST:
        if not folder.name.isdecimal():
            raise Misuse(
                f"a version is a number, `{LATEST}`, or the folder of one, such as "
                f"runs/demo/serving/1700000000. Received: {version!r}"
            )
        above = folder.parents if work is None else [work.resolve()]
        found = [root for root in above if has_store(WorkDir(root))]
        if not found:
            raise Misuse(
                f"no metadata.sqlite or metadata.json lies above {place(folder)}: say which --work"
            )
        return WorkDir(found[0]), folder.name
    places = [work.resolve()] if work else sorted(path.resolve() for path in _RUNS.glob("*"))
    runs = [WorkDir(root) for root in places if has_store(WorkDir(root))]
    if version == LATEST:
        runs = [run for run in runs if versions(str(run.serving))]
    elif work is None:
        runs = [run for run in runs if version in Ancestry(run).pushed()]
    if len(runs) != 1:
        where = place(work) if work else str(_RUNS)
        several = ", ".join(place(run.root) for run in runs) or "none"
        raise Misuse(
            f"version {version} must be of one run below {where}, and there is: {several}. Say "
            "which with --work, or give the folder of the version"
        )
    return runs[0], str(versions(str(runs[0].serving))[-1]) if version == LATEST else version


def lineage(work: WorkDir, version: str) -> Lineage:
    """Returns where a version came from.

    Raises:
        Misuse: if ML Metadata knows no such version.
    """
    ancestry = Ancestry(work)
    pushed = ancestry.pushed()
    if version not in pushed:
        raise Misuse(
            f"{store_name(work)} knows no version {version}. "
            f"It knows: {', '.join(pushed) or 'none'}"
        )
    model = pushed[version]
    folder = str(model.properties["pushed_destination"])
    made = ancestry.ancestors(model.id)
    nodes = {one.node: one for one in made}
    missing: list[str] = []
    users = ancestry.users(model.id)
    report = next((user for user in users if user.parameters.get("config")), None)
    config, whole = _config(report, nodes, missing)
    compared = _property(nodes, "BaselineModel", "baseline", "version")
    return Lineage(
        version=version,
        standing=_standing(folder, version),
        folder=Path(folder),
        pipeline=made[-1].pipeline,
        run=made[-1].run,
        pushed=made[-1].finished,
        spans=_spans(nodes),
        as_of=_property(nodes, "LogExampleGen", "examples", "as_of"),
        fingerprint=_property(nodes, "LogExampleGen", "examples", "fingerprint"),
        code=_code(nodes),
        packages=_packages(report),
        config=config,
        whole=whole,
        base=_chain(ancestry, nodes),
        baseline=compared or None,
        evaluation=_evaluation(nodes, missing),
        serving=_serving(nodes, missing),
        verdicts=_verdicts(nodes, missing),
        made=made,
        missing=tuple(missing),
    )


_Nodes = Mapping[str, Made]


def _standing(folder: str, version: str) -> str:
    found = standing(folder)
    if found == "served" and int(version) == versions(str(Path(home(folder)).parent))[-1]:
        return "newest"
    return found


def _parameters(nodes: _Nodes, node: str) -> Mapping[str, Any]:
    return nodes[node].parameters if node in nodes else {}


def _property(nodes: _Nodes, node: str, output: str, name: str) -> str:
    kept = nodes[node].output(output) if node in nodes else None
    return str(kept.properties.get(name, "")) if kept else ""


def _spans(nodes: _Nodes) -> tuple[str, ...]:
    return tuple(json.loads(_property(nodes, "LogExampleGen", "examples", SPANS) or "[]"))


def _code(nodes: _Nodes) -> dict[str, str]:
    ingest = json.loads(_parameters(nodes, "LogExampleGen").get("config", "{}"))
    found = {"LogExampleGen": ingest.get("code", "")}
    for node in ("Transform", "Trainer"):
        found[node] = _spec(nodes, node).get("code", "")
    return {node: code for node, code in found.items() if code}


def _spec(nodes: _Nodes, node: str) -> Mapping[str, Any]:
    """Returns the ModelSpec that a node was told."""
    custom = json.loads(_parameters(nodes, node).get("custom_config", "null")) or {}
    found: Mapping[str, Any] = json.loads(custom.get("spec", "{}"))
    return found


def _config(
    report: Made | None, nodes: _Nodes, missing: list[str]
) -> tuple[Mapping[str, Any], bool]:
    """Returns the config, and whether it is the whole."""
    if report is not None:
        return yaml.safe_load(report.parameters["config"]), True
    missing.append(
        "the config as a whole: no RunReport read this pushed model; these are the parts that "
        "components were told"
    )
    ingest = json.loads(_parameters(nodes, "LogExampleGen").get("config", "{}"))
    spec = _spec(nodes, "Trainer")
    parts = {
        key: ingest[key] for key in ("logs", "attribution", "split", "sampling") if key in ingest
    }
    for key in ("name", "features", "heads", "group", "model", "training", "score"):
        if key in spec:
            parts[key] = spec[key]
    return parts, False


def _packages(report: Made | None) -> Mapping[str, str] | None:
    """Returns the packages that the first report on a pushed model found."""
    kept = report.output("report") if report else None
    file = Path(kept.uri) / FACTS_FILE if kept else None
    if file is None or not file.is_file():
        return None
    return Facts.model_validate_json(file.read_bytes()).lineage.packages


def _chain(ancestry: Ancestry, nodes: _Nodes) -> tuple[Link, ...]:
    """Returns the versions that a training went on from, and they from, the nearest first."""
    pushed = ancestry.pushed()
    links: list[Link] = []
    while version := _property(nodes, "StartingModel", "base", "version"):
        if any(link.version == version for link in links):
            break  # a store that two serving directories share may know a number twice
        if version not in pushed:
            links.append(Link(version, None))
            break
        nodes = {one.node: one for one in ancestry.ancestors(pushed[version].id)}
        links.append(Link(version, _spans(nodes)))
    return tuple(links)


def _evaluation(nodes: _Nodes, missing: list[str]) -> Evaluation | None:
    found = _file(nodes, "Evaluator", "evaluation", FIGURES_FILE)
    if isinstance(found, Path):
        return Evaluation.model_validate_json(found.read_bytes())
    missing.append(f"figures: {found}")
    return None


def _serving(nodes: _Nodes, missing: list[str]) -> ServingReport | None:
    found = _file(nodes, "ServingCheck", "blessing", COST_FILE)
    if isinstance(found, Path):
        return ServingReport.model_validate_json(found.read_bytes())
    missing.append(f"serving: {found}")
    return None


def _file(nodes: _Nodes, node: str, output: str, name: str) -> Path | str:
    """Returns a file of an artifact; a sentence where it is not there."""
    kept = nodes[node].output(output) if node in nodes else None
    if kept is not None and (file := Path(kept.uri) / name).is_file():
        return file
    where = place(Path(kept.uri)) if kept else f"of the {node}"
    return f"there is no {name} in the artifact {where}"


def _verdicts(nodes: _Nodes, missing: list[str]) -> tuple[Verdict, ...]:
    kept = nodes["ModelGate"].output("blessing") if "ModelGate" in nodes else None
    try:
        if kept is not None:
            return read_verdicts(kept.uri)
    except (OSError, TypeError):  # gone, or of an older version
        pass
    where = place(Path(kept.uri)) if kept else "of the ModelGate"
    missing.append(f"verdicts: they cannot be read in the artifact {where}")
    return ()

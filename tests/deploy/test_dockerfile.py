"""The `Dockerfile` and what it is made from, by reading; `make image-check` builds and runs it."""

import ast
import fnmatch
import importlib.metadata
import re
import shlex
import subprocess
from pathlib import Path
from typing import NamedTuple

import click
import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from pipeline.cli import main

ROOT = Path(__file__).resolve().parent.parent.parent
PAGE = ROOT / "docs" / "container.md"
IMAGE = ROOT / "environment" / "image"
LOCKED = re.compile(r"^([A-Za-z0-9._-]+)==(\S+) \\\n((?:    --hash=\S+(?: \\)?\n)+)", re.MULTILINE)
COMPILERS = ("gcc", "g++", "clang", "build-essential", "make")


class Stage(NamedTuple):
    """A `FROM` and what follows it."""

    name: str
    base: str
    steps: list[tuple[str, str]]  # (instruction, the rest of it on one line)


def stages(text: str) -> dict[str, Stage]:
    """The stages by name, in their order. Arguments of `FROM` are filled in."""
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    logical = re.sub(r"\\\n\s*", "", "\n".join(lines)).splitlines()
    found: dict[str, Stage] = {}
    arguments: dict[str, str] = {}
    steps: list[tuple[str, str]] = []
    for instruction, _, rest in (line.partition(" ") for line in logical if line):
        if instruction == "FROM":
            base, _, name = rest.partition(" AS ")
            steps = []
            base = re.sub(r"\$\{(\w+)\}", lambda match: arguments[match[1]], base)
            found[name] = Stage(name, base, steps)
        elif instruction == "ARG" and not found:
            name, _, value = rest.partition("=")
            arguments[name] = value
        else:
            steps.append((instruction, rest))
    return found


STAGES = stages((ROOT / "Dockerfile").read_text(encoding="utf-8"))


def shipped(target: str) -> list[tuple[str, str]]:
    """Every step whose result is in the target, from its base on."""
    stage = STAGES[target]
    return [*(shipped(stage.base) if stage.base in STAGES else []), *stage.steps]


def last(target: str, instruction: str) -> str:
    return [rest for name, rest in shipped(target) if name == instruction][-1]


def sent(path: str, patterns: list[str]) -> bool:
    """Whether the builder gets a file: of all patterns that match it or its folders, the last."""
    parts = Path(path).parts
    places = ["/".join(parts[:count]) for count in range(1, len(parts) + 1)]
    result = True
    for pattern in patterns:
        keeps = pattern.startswith("!")
        plain = pattern.removeprefix("!")
        names = [Path(place).name for place in places] if plain.startswith("**/") else places
        if any(fnmatch.fnmatchcase(name, plain.removeprefix("**/")) for name in names):
            result = keeps
    return result


def ignored() -> list[str]:
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def listed() -> list[str]:
    files = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, check=True, text=True,
    )  # fmt: skip
    return [name for name in files.stdout.split("\0") if (ROOT / name).is_file()]


def setup(name: str) -> object:
    """What `setup.py` says, without running it."""
    tree = ast.parse((ROOT / "setup.py").read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.keyword) and node.arg == name:
            return ast.literal_eval(node.value)
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == name:
            return ast.literal_eval(node.value)
    raise KeyError(name)


def locked(path: Path) -> dict[str, str]:
    """Version by package. Every one has its hashes."""
    text = path.read_text(encoding="utf-8")
    text = re.sub(r"^\s*#.*\n", "", text, flags=re.MULTILINE)
    found = LOCKED.findall(text)
    assert len(found) == len(re.findall(r"^\S", text, re.MULTILINE)), path
    assert all(re.search(r"--hash=sha256:[0-9a-f]{64}\b", hashes) for *_, hashes in found), path
    return {canonicalize_name(name): version for name, version, _ in found}


PACKAGES = locked(IMAGE / "packages.lock")


@pytest.fixture(scope="module")
def wanted() -> dict[str, Requirement]:
    extras = setup("extras_require")
    lines = [*setup("install_requires"), *extras["kubeflow"]]
    return {canonicalize_name(Requirement(line).name): Requirement(line) for line in lines}


def test_without_a_target_it_is_the_one_for_the_cpu():
    assert list(STAGES)[-1] == "cpu"
    assert STAGES["gpu"].base == STAGES["cpu"].base == "runtime"


@pytest.mark.parametrize("target", ["cpu", "gpu"])
def test_nobody_is_root_in_it(target):
    user = last(target, "USER")
    assert user == "10001:10001"  # by number: Kubernetes' runAsNonRoot can tell nothing from a name
    made = next(rest for name, rest in shipped(target) if "useradd" in rest)
    assert "--uid 10001 " in made and "groupadd --gid 10001 " in made


@pytest.mark.parametrize("target", ["cpu", "gpu"])
def test_what_is_shipped_installs_nothing_and_so_no_compiler(target):
    steps = [rest for name, rest in shipped(target) if name == "RUN"]
    assert len(steps) == 1
    assert not any(word in step for step in steps for word in ("apt-get", "pip", *COMPILERS))
    copied = {rest.split()[0]: rest.split()[1:] for name, rest in shipped(target) if name == "COPY"}
    extra = {"--from=gpu-packages": ["/opt/gpu", "/opt/funnelrank"]} if target == "gpu" else {}
    assert copied == {
        "--from=beam": ["/opt/apache/beam", "/opt/apache/beam"],
        "--from=packages": ["/opt/funnelrank", "/opt/funnelrank"],
        "--from=code": ["/image", "/"],
        **extra,
    }


def test_the_code_is_the_last_layer():
    assert all(
        STAGES[target].steps[-1] == ("COPY", "--from=code /image /") for target in ("cpu", "gpu")
    )


def test_every_package_comes_by_its_hash():
    installs = re.findall(
        r"pip install (.*?)(?:$| &&)", (ROOT / "Dockerfile").read_text().replace("\\\n", "")
    )
    by_lock = [line for line in installs if " -r " in line]
    assert len(by_lock) == 3
    assert all("--require-hashes" in line and "--no-deps" in line for line in by_lock)
    (own,) = set(installs) - set(by_lock)
    assert own.rstrip().endswith(" .") and "--no-deps" in own and "--no-build-isolation" in own


def test_every_file_that_is_copied_is_there_and_is_sent():
    for stage in STAGES.values():
        for name, rest in stage.steps:
            if name == "COPY" and not rest.startswith("--from="):
                for source in rest.split()[:-1]:
                    assert (ROOT / source).exists(), source
                    assert source == "." or sent(source, ignored()), source


def test_the_builder_gets_all_that_the_package_is_made_of():
    packages = setup("PACKAGES")
    for name in listed():
        if name.split("/")[0] in (*packages, "configs") or name in (
            "setup.py",
            "LICENSE",
            "pyproject.toml",
        ):
            assert sent(name, ignored()), name


@pytest.mark.parametrize(
    "name",
    [
        *(".git/config", ".venv/bin/python", "runs/demo/metadata.sqlite", "tests/conftest.py"),
        *("docs/a.md", "requirements.lock", "environment/make_venv.sh", ".ci/run", "secret.env"),
        "pipeline/__pycache__/cli.pyc",
    ],
)
def test_the_builder_gets_nothing_else(name):
    assert not sent(name, ignored())


def test_its_packages_are_those_that_are_tested(wanted):
    tested = locked(ROOT / "requirements.lock")
    assert PACKAGES.items() <= tested.items()
    missing = {name for name, line in wanted.items() if not line.specifier.contains(PACKAGES[name])}
    assert not missing
    tools = {
        canonicalize_name(Requirement(line).name) for line in setup("extras_require")["develop"]
    }
    # cryptography is a requirement of Google's clients, too.
    assert tools & set(PACKAGES) <= {"cryptography"}


def test_cuda_is_what_the_locked_tensorflow_asks_for():
    asked = [Requirement(line) for line in importlib.metadata.requires("tensorflow") or ()]
    cuda = [line for line in asked if line.marker and line.marker.evaluate({"extra": "and-cuda"})
            and not line.marker.evaluate({"extra": ""})]  # fmt: skip
    gpu = locked(IMAGE / "gpu.lock")
    assert importlib.metadata.version("tensorflow") == PACKAGES["tensorflow"]
    assert set(gpu) == {canonicalize_name(line.name) for line in cuda}
    assert all(line.specifier.contains(gpu[canonicalize_name(line.name)]) for line in cuda)


def test_beams_boot_program_is_of_the_locked_beam_and_python():
    python = STAGES["runtime"].base
    assert python == STAGES["packages"].base == "python:3.11-slim-trixie"
    assert STAGES["beam"].base == f"apache/beam_python3.11_sdk:{PACKAGES['apache-beam']}"
    assert "RUN_PYTHON_SDK_IN_DEFAULT_ENVIRONMENT=1" in last("cpu", "ENV")


def test_it_is_labelled_with_the_version_of_the_package():
    labels = dict(pair.split("=", 1) for pair in shlex.split(last("cpu", "LABEL")))
    assert labels["org.opencontainers.image.version"] == setup("version")
    assert labels["org.opencontainers.image.licenses"] == setup("license")


def test_its_health_is_a_command_of_the_package():
    _, _, command = last("cpu", "HEALTHCHECK").partition(" CMD ")
    program, *arguments = ast.literal_eval(command)
    assert program == "funnelrank"
    name, found, rest = main.resolve_command(click.Context(main), arguments)
    assert name == "doctor" and found is not None and rest == []


@pytest.mark.parametrize(
    ("arguments", "called"),
    [
        (["--id=1-1", "--provision_endpoint=a:1"], "boot --id=1-1 --provision_endpoint=a:1"),
        (["--worker_pool"], "boot --worker_pool"),
        (["run", "a.yaml", "--set", "a=b c"], "funnelrank run a.yaml --set a=b c"),
        (["--help"], "funnelrank --help"),
        ([], "funnelrank"),
    ],
)  # fmt: skip
def test_beams_flags_are_for_beam_and_all_others_for_funnelrank(arguments, called):
    script = (IMAGE / "entrypoint.sh").read_text(encoding="utf-8")
    assert ast.literal_eval(last("cpu", "ENTRYPOINT")) == ["/opt/funnelrank/bin/entrypoint"]
    script = script.replace("exec /opt/apache/beam/", "echo ").replace("exec ", "echo ")
    done = subprocess.run(
        ["sh", "-c", script, "entrypoint", *arguments], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == called


def said() -> list[list[str]]:
    """What the page and the head of the `Dockerfile` give to `docker run`, from the image on."""
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8").replace("#   ", "")
    text += "\n".join(re.findall(r"```bash\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL))
    lines = re.sub(r"\\\n\s*#?\s*", "", text).splitlines()
    words = [shlex.split(line) for line in lines if line.startswith("docker run ")]
    return [
        line[next(i for i, word in enumerate(line) if word.startswith("funnelrank")) :]
        for line in words
    ]


def test_every_command_that_is_said_to_run_in_it_is_one(monkeypatch):
    monkeypatch.chdir(ROOT)
    assert len(said()) >= 3
    for _, *command in said():
        if command and not command[0].startswith("--"):
            _, found, rest = main.resolve_command(click.Context(main), command)
            assert found is not None
            found.make_context(command[0], rest)


def test_targets_and_arguments_of_the_page_are_those_of_the_file():
    text = PAGE.read_text(encoding="utf-8")
    assert set(re.findall(r"--target (\w+)", text)) == {"gpu"}
    assert set(re.findall(r"--build-arg (\w+)=", text)) == {"BASE", "BEAM"}

"""Options of the benchmarks of speed: of training and of serving."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TypeVar

import click

from benchmarks.learning.interpreter import ROOT
from benchmarks.learning.results import FOLDER
from benchmarks.training_speed.task import ARCHITECTURES

Function = TypeVar("Function", bound=Callable[..., None])


def speed_options(name: str, candidates: Iterable[str]) -> Callable[[Function], Function]:
    """Returns what gives a command its `architectures`, `names`, `data` and `report`.

    Args:
        name: of the benchmark.
        candidates: the names to choose from.
    """

    def with_options(command: Function) -> Function:
        for option in (
            _file("--json", "report", FOLDER / f"{name}.json", "figures go here"),
            _file("--data", "data", ROOT / "runs" / "bench" / name, "what is made once stays here"),
            _some("--candidate", "names", list(candidates)),
            _some("--architecture", "architectures", list(ARCHITECTURES)),
        ):
            command = option(command)
        return command

    return with_options


def _some(flag: str, argument: str, names: list[str]) -> Callable[[Function], Function]:
    return click.option(flag, argument, type=click.Choice(names), multiple=True, default=names)


def _file(flag: str, argument: str, default: Path, told: str) -> Callable[[Function], Function]:
    told = f"{told}  [default: {default.relative_to(ROOT)}]"
    kind = click.Path(path_type=Path)
    return click.option(flag, argument, type=kind, default=default, help=told)

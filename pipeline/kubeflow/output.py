"""The command `compile`: checks, compiles, writes."""

from pathlib import Path

from rich.markup import escape

from pipeline.config import PipelineConfig
from pipeline.errors import Misuse
from pipeline.failures import reason
from pipeline.kubeflow.needs import kubeflow_of
from pipeline.quiet import quietly


def write_compiled(config: PipelineConfig, output: Path, search: tuple[int, int] | None) -> None:
    """Writes the file that Kubeflow runs, and prints where it lies.

    Args:
        config: with `kubeflow`.
        output: the file, which appears whole or not at all.
        search: trials and seed of a search; a run if None.

    Raises:
        Misuse: if the config cannot be compiled, or the file not be written.
        RunFailed: naming the reason and the log file.
    """
    if output.suffix not in (".yaml", ".yml"):
        raise Misuse(f"Kubeflow takes a file called *.yaml. Received: {output}")
    kubeflow_of(config)
    with quietly("compiling") as console:
        from pipeline.kubeflow.compile import compile_run, compile_search

        text = compile_search(config, *search) if search else compile_run(config)
        _write_whole(text, output)
        console.print(f"[bold]pipeline[/] {escape(str(output))}", soft_wrap=True)


def _write_whole(text: str, path: Path) -> None:
    partial = path.with_name(f".{path.name}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial.write_text(text, encoding="utf-8")
        partial.replace(path)
    except OSError as error:
        raise Misuse(f"cannot write {path}: {reason(error)}") from error

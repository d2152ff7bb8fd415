"""The candidate: LogExampleGen, run as TFX runs it."""

from pathlib import Path

import apache_beam as beam

from benchmarks.ingestion import logs, task
from components.log_example_gen.component import LogExampleGenSpec
from components.log_example_gen.executor import Executor


def run(root: Path, form: str, out: Path) -> None:
    """Writes the examples of the logs under `root` into `out`/examples."""
    outputs = {key: [made.type()] for key, made in LogExampleGenSpec.OUTPUTS.items()}
    for key, [artifact] in outputs.items():
        artifact.uri = str(out / key)
    context = Executor.Context(
        # With arguments TFX would first pack itself for remote workers.
        make_beam_pipeline_fn=lambda: beam.Pipeline(argv=["--runner=FnApiRunner"]),
        tmp_dir=str(out),
        unique_id="benchmark",
    )
    properties = {
        "config": task.config(root, form).model_dump_json(),
        "span": logs.spans()[-1],
        "window": len(logs.spans()),
        "fingerprint": "",
        "as_of": "",
    }
    Executor(context).Do({}, outputs, properties)

"""The candidate: our Evaluator, run as TFX runs it."""

from pathlib import Path

import apache_beam as beam
from tfx.types import standard_artifacts

from benchmarks.evaluating.rows import COLUMNS, HEADS
from components.evaluator.executor import Executor
from components.evaluator.settings import EvaluatorSettings
from components.popularity.artifacts import ItemRates
from evaluation.figures import FIGURES_FILE, Evaluation
from schemas.evaluation import EvaluationConfig

SETTINGS = EvaluatorSettings(
    heads=HEADS,
    columns=COLUMNS,
    slices=(("device",),),
    evaluation=EvaluationConfig(user="user_id"),
)


def run(folder: Path, out: Path) -> dict[str, float]:
    """Evaluates two models; returns the candidate's AUC and GAUC of clicks."""
    model, examples = standard_artifacts.Model, standard_artifacts.Examples
    kinds = {"examples": examples, "model": model, "baseline": model, "popularity": ItemRates}
    inputs = {name: kind() for name, kind in kinds.items()}
    for name, place in zip(kinds, ("examples", "candidate", "baseline", "rates"), strict=True):
        inputs[name].uri = str(folder / place)
    inputs["baseline"].set_int_custom_property("own_baseline", 0)
    evaluation = standard_artifacts.ModelEvaluation()
    evaluation.uri = str(out)
    context = Executor.Context(
        # With arguments TFX would first pack itself for remote workers.
        make_beam_pipeline_fn=lambda: beam.Pipeline(argv=["--runner=FnApiRunner"]),
        tmp_dir=str(out),
        unique_id="benchmark",
    )
    Executor(context).Do(
        {name: [artifact] for name, artifact in inputs.items()},
        {"evaluation": [evaluation]},
        {"settings": SETTINGS.model_dump_json()},
    )
    found = Evaluation.model_validate_json((out / FIGURES_FILE).read_text())
    told = found.overall["ctr"].models["candidate"]
    return {
        "rows": found.overall["ctr"].rows,
        "users": found.overall["ctr"].groups["gauc"] + found.overall["ctr"].skipped["gauc"],
        "auc": told["auc"].value,
        "gauc": told["gauc"].value,
        "error": told["gauc"].error or 0.0,
    }

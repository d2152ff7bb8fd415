"""The peer: TFMA's own extractors and metrics, as TFX's Evaluator runs them.

It has no GAUC and no intervals to tell, and takes AUC, log loss and calibration of clicks.
"""

import glob
from pathlib import Path

import apache_beam as beam
import tensorflow_model_analysis as tfma
from google.protobuf import text_format
from tensorflow_model_analysis import constants
from tensorflow_model_analysis.proto import config_pb2
from tfx_bsl.public import tfxio

CONFIG = """
model_specs {
  name: "candidate" signature_name: "serving_default" label_keys { key: "ctr" value: "click" }
}
model_specs {
  name: "baseline" signature_name: "serving_default" label_keys { key: "ctr" value: "click" }
  is_baseline: true
}
slicing_specs {}
slicing_specs { feature_keys: "device" }
metrics_specs {
  output_names: "ctr"
  metrics { class_name: "AUC" }
  metrics { class_name: "BinaryCrossentropy" }
  metrics { class_name: "Calibration" }
  metrics { class_name: "ExampleCount" }
}
"""


def run(folder: Path, out: Path) -> dict[str, float]:
    """Evaluates two models; returns the candidate's AUC of clicks."""
    config = text_format.Parse(CONFIG, config_pb2.EvalConfig())
    config = tfma.utils.update_eval_config_with_defaults(config, has_baseline=True)
    models = [
        tfma.default_eval_shared_model(
            eval_saved_model_path=str(folder / spec.name / "Format-Serving"),
            model_name=spec.name,
            eval_config=config,
        )
        for spec in config.model_specs
    ]
    source = tfxio.TFExampleRecord(
        file_pattern=glob.glob(str(folder / "examples" / "Split-eval" / "*")),
        raw_record_column_name=constants.ARROW_INPUT_COLUMN,
        telemetry_descriptors=["benchmark"],
    )
    with beam.Pipeline(argv=["--runner=FnApiRunner"]) as pipeline:
        _ = (
            pipeline
            | source.BeamSource()
            | tfma.ExtractEvaluateAndWriteResults(
                eval_shared_model=models, eval_config=config, output_path=str(out)
            )
        )
    found = tfma.load_eval_result(str(out), model_name="candidate")
    figures = dict(found.slicing_metrics)[()]["ctr"][""]
    return {
        "rows": figures["example_count"]["doubleValue"],
        "auc": figures["auc"]["doubleValue"],
    }

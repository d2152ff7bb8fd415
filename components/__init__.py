"""TFX components: how data enters the pipeline and what is decided about models.

This room knows `schemas`, Beam and TFX. It knows nothing of `models`, and each component keeps its
rules (the heart) in files that import no TFX.
"""

import importlib

_ARTIFACTS = {
    "DataFindings": "components.data_report.artifacts",
    "ItemRates": "components.popularity.artifacts",
    "LogLedger": "components.log_example_gen.artifacts",
    "LogRejects": "components.log_example_gen.artifacts",
    "RunFacts": "components.run_report.artifacts",
    "SpanSummary": "components.span_statistics.artifacts",
}


def __getattr__(name: str) -> object:
    """Returns an artifact class by its TYPE_NAME, `components.<name>`, imported when asked for.

    On Kubeflow TFX knows artifacts by that name alone: it must have one dot and be importable.
    """
    if name not in _ARTIFACTS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_ARTIFACTS[name]), name)

"""What every candidate is asked to do, as LogExampleGen is told it."""

from pathlib import Path

from benchmarks.ingestion.logs import LISTS, NUMBERS, TEXTS
from benchmarks.ingestion.rows import CLICK_WINDOW, CONVERSION_WINDOW
from components.log_example_gen.config import IngestConfig
from schemas.columns import example_columns
from schemas.features import Categorical, Features, Numeric, Sequence
from schemas.logs import Logs


def config(root: Path, form: str) -> IngestConfig:
    """Returns how to ingest the logs of one format, of which `root` is the folder."""
    described = {
        log: {
            "path": f"{log}/{{SPAN}}/*.{form}",
            "id": "impression_id",
            "time": {"column": "timestamp", "unit": "s"},
        }
        for log in ("impressions", "clicks", "conversions")
    }
    conversions = {**described["conversions"], "value": "price"}
    logs = Logs.model_validate({"root": str(root), **described, "conversions": conversions})
    windows = {"click_window": CLICK_WINDOW, "conversion_window": CONVERSION_WINDOW}
    return IngestConfig.model_validate(
        {
            "logs": logs.model_dump(),
            "attribution": {name: f"{seconds}s" for name, seconds in windows.items()},
            "split": {"by": "time", "eval": "1 span"},
            "columns": example_columns(logs, _features(), heads={}),
        }
    )


def _features() -> Features:
    """Returns a feature for each of the impressions' columns beside id and time."""
    texts = {name: Categorical(kind="categorical", side="context", hash=1000) for name in TEXTS}
    numbers = {name: Numeric(kind="numeric", side="context") for name in NUMBERS}
    lists = {name: Sequence(kind="sequence", side="user", shares="item_id") for name in LISTS}
    return {**texts, **numbers, **lists}

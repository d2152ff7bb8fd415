"""What the last run of a day came to, one file a day: so that done work is known to be done."""

import datetime
import hashlib
from pathlib import Path
from typing import Literal

import pydantic

from components.atomic_pusher.versions import latest_before
from models.tuning.trials import write_whole
from pipeline.config import PipelineConfig
from pipeline.preflight import Inputs
from pipeline.schema import schema_of
from pipeline.source_hash import source_hash
from pipeline.work_dir import WorkDir
from schemas.spans import spans_text
from schemas.strict import Strict

_CODE = ("schemas", "evaluation", "components", "models")

Outcome = Literal["pushed", "refused", "failed"]


class DayRecord(Strict):
    """What the last run that ended on a day came to.

    Attributes:
        span: the day.
        run: id of the run.
        made_from: digest of all that decides what such a run comes to.
        outcome: pushed, refused by a gate, or failed on its way.
        version: as which the model was pushed; None if it was not.
        reasons: of a refusal or a failure, a sentence each.
    """

    span: datetime.date
    run: str
    made_from: str
    outcome: Outcome
    version: str | None = None
    reasons: tuple[str, ...] = ()


def made_from(config: PipelineConfig, inputs: Inputs, work: WorkDir) -> str:
    """Returns a digest of all that decides what a run comes to.

    That is its config, schema, code, spans and log files, the model that a warm start goes on
    from, and the day of its cut-off: while windows are open, labels may change from day to day.
    """
    newest = inputs.spans[-1].isoformat()
    base = latest_before(str(work.serving), newest) if config.training.warm_start else None
    parts = (
        config.as_yaml(),
        schema_of(config),
        source_hash(*_CODE),
        spans_text(inputs.spans),
        inputs.fingerprint,
        Path(base).name if base else "",
        inputs.as_of.date().isoformat(),
    )
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def read_day(work: WorkDir, span: datetime.date) -> DayRecord | None:
    """Returns what the last run of a day came to; None if none has ended, or nobody can tell."""
    try:
        return DayRecord.model_validate_json(_file(work, span).read_bytes())
    except (FileNotFoundError, pydantic.ValidationError):
        return None


def write_day(work: WorkDir, record: DayRecord) -> None:
    """Keeps what a run came to; a reader sees the whole of it or what was there before."""
    write_whole(_file(work, record.span), record.model_dump_json(indent=1))


def _file(work: WorkDir, span: datetime.date) -> Path:
    return work.days / f"{span.isoformat()}.json"

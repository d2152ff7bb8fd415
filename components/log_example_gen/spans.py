"""Which spans a run reads: the newest ones with impressions up to a day.

They are chosen where the logs are: by the command line before a local run, and by LogExampleGen
itself where nobody could look before, as on Kubeflow.
"""

import datetime
import os

from components.log_example_gen.files import find_spans
from schemas.logs import Logs, Split, TimeSplit

_MIDNIGHT = datetime.time(tzinfo=datetime.UTC)


def choose_spans(
    logs: Logs,
    split: Split,
    span: datetime.date | None,
    window: int,
    as_of: datetime.datetime,
) -> tuple[datetime.date, ...]:
    """Returns the newest `window` spans with impressions up to `span`, oldest first.

    Args:
        logs: where they lie.
        split: of the examples that they become.
        span: the newest one; the newest that begins before the cut-off if None.
        window: how many.
        as_of: the cut-off.

    Raises:
        ValueError: if none begin before the cut-off, `span` has no impressions, or all would be
            evaluation.
    """
    found = find_spans(logs)
    pattern = os.path.join(logs.root, logs.impressions.path)
    if not found:
        raise ValueError(
            f"no impressions: no file matches {pattern}. Check logs.root and logs.impressions.path"
        )
    known = [day for day in found if datetime.datetime.combine(day, _MIDNIGHT) < as_of]
    if not known or (span in found and span not in known):
        raise ValueError(
            f"as of {as_of.isoformat()} there were no impressions of span {span or found[0]}: give "
            "a later --as-of, or an earlier --span"
        )
    newest = span or known[-1]
    if newest not in found:
        raise ValueError(
            f"span {newest} is empty: no file matches {pattern} on that date. "
            f"Impressions exist from {found[0]} to {found[-1]}"
        )
    spans = tuple(day for day in found if day <= newest)[-window:]
    if isinstance(split, TimeSplit) and len(spans) <= split.held_back:
        raise ValueError(
            f"{len(spans)} span(s) up to {newest} leave nothing to train on, as `split` keeps "
            f"{split.told}. Read more spans (window, --window) or hold back fewer"
        )
    return spans

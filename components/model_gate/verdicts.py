"""What gates said of a model, as it is kept beside its blessing: plain Python, no TFX."""

import dataclasses
import json
import os
from collections.abc import Iterable, Mapping

from schemas.gates import gate_name

VERDICTS_FILE = "verdicts.json"


@dataclasses.dataclass(frozen=True)
class Verdict:
    """What one gate said of the rows of one slice.

    Attributes:
        gate: its name as in the YAML, `<output>.<metric>[<slice>]`.
        slice: the value by feature that was judged; empty for all rows.
        bar: the bar as written.
        value: of the candidate; NaN if it was not measured.
        low: lower end of the value's 95 % interval, None where it has none.
        high: upper end.
        baseline: value of the model that the bar is relative to, of the baseline if it is
            relative to none; None if there is no such model.
        said: the verdict in a few words: `passed`, `refused`, `no baseline yet`, ...
        spoke: whether the gate had something to judge; one that did not lets the model pass.
        passed: whether the gate lets the model pass.
        reason: a sentence with the numbers.
    """

    gate: str
    slice: Mapping[str, str]
    bar: str
    value: float
    low: float | None
    high: float | None
    baseline: float | None
    said: str
    spoke: bool
    passed: bool
    reason: str

    @property
    def name(self) -> str:
        """The gate's name with the slice that was judged, where it says `*`."""
        return gate_name(self.gate.partition("[")[0], self.slice)


def verdicts_text(verdicts: Iterable[Verdict]) -> str:
    """Returns verdicts as JSON, with NaN in it where nothing was measured."""
    return json.dumps([dataclasses.asdict(verdict) for verdict in verdicts], indent=1)


def read_verdicts(blessing: str | os.PathLike[str]) -> tuple[Verdict, ...]:
    """Returns the verdicts in a folder of a blessing.

    Raises:
        OSError: if there are none.
    """
    with open(os.path.join(blessing, VERDICTS_FILE), encoding="utf-8") as file:
        return tuple(Verdict(**verdict) for verdict in json.load(file))

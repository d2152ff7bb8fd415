"""Everything that the report of a run shows: written beside it, so that two runs can be compared.

What a run did not tell is None or empty, and `missing` says why.
"""

from collections.abc import Mapping
from typing import Any

import pydantic

from components.run_report.fact import Fact, Number
from components.run_report.facts_of_data import Data, FeatureFacts, Funnel
from components.run_report.facts_of_training import Training
from evaluation.figures import Evaluation
from schemas.heads import Head
from schemas.serving import ServingReport

FACTS_FILE = "facts.json"
PAGE_FILE = "index.html"


class Verdict(Fact):
    """What one gate said.

    Attributes:
        gate: its name as in the config, `ctr.auc` or `ctr.auc[device=*]`.
        slice: the slice it speaks of, as `device=phone`; "" for all rows.
        bar: as written.
        value: of the candidate; NaN if it was not measured.
        low: lower end of its 95 % interval, None where it has none.
        high: upper end, likewise.
        baseline: of the model it is compared with, None without one.
        said: the verdict in a few words; "" where an older gate has none.
        spoke: whether it had enough to go by.
        passed: whether it lets the model pass.
        reason: a sentence with the numbers.
    """

    gate: str
    slice: str = ""
    bar: str
    value: Number
    low: float | None = None
    high: float | None = None
    baseline: float | None = None
    said: str = ""
    spoke: bool = True
    passed: bool
    reason: str = ""

    @pydantic.field_validator("slice", mode="before")
    @classmethod
    def _as_text(cls, given: Any) -> Any:
        if isinstance(given, Mapping):
            return ", ".join(f"{feature}={value}" for feature, value in given.items())
        return given or ""

    @property
    def name(self) -> str:
        """What was judged, its slice with it: `ctr.auc[device=phone]`."""
        return self.gate.partition("[")[0] + (f"[{self.slice}]" if self.slice else "")

    @property
    def verdict(self) -> str:
        """The verdict in a few words."""
        return self.said or ("passed" if self.passed else "refused")

    @property
    def state(self) -> str:
        """One of passed, refused and silent."""
        if not self.passed:
            return "refused"
        return "passed" if self.spoke else "silent"


class Timing(Fact):
    """What a component took; peak_bytes is its peak resident memory, None where nobody knows."""

    node: str
    seconds: float | None = None
    cached: bool = False
    rows: int | None = None
    peak_bytes: int | None = None


class Kept(Fact):
    """An artifact in ML Metadata; the path is relative to the work directory where it can be."""

    name: str
    type: str
    id: int
    path: str


class Lineage(Fact):
    """What the model was made from.

    Attributes:
        spans: dates, oldest first.
        as_of: what had happened by then was used.
        fingerprint: of the logs.
        code: hash of the code that made the model.
        base: the served version that training went on from, None for a cold start.
        baseline: the served version that the model was compared with, None without one.
        packages: versions by name.
        artifacts: that the report was read from.
    """

    spans: tuple[str, ...] = ()
    as_of: str | None = None
    fingerprint: str = ""
    code: str = ""
    base: str | None = None
    baseline: str | None = None
    packages: Mapping[str, str] = {}
    artifacts: tuple[Kept, ...] = ()


class Stop(Fact):
    """Where a run stopped that came to no end, and why.

    Attributes:
        node: that failed.
        objections: a sentence each, without its final stop.
        way_out: where to read more and what to do, likewise; "" without one.
    """

    node: str
    objections: tuple[str, ...]
    way_out: str = ""


class Facts(Fact):
    """Everything that the report of a run shows.

    Attributes:
        run: its id, a moment as in 20260131T235959Z.
        name: of the pipeline.
        stop: where the run stopped, None if it came to its end.
        version: as which the model was pushed, None if it was not.
        superseded: whether it was put aside, as a model of a later day is served.
        blessed: whether the gates let the model pass, None if they were not asked.
        verdicts: of the gates.
        heads: of the model.
        score: the fusion expression, if there is one.
        evaluation: figures, with slices and curves cut to what is shown.
        slices_left_out: how many slices the evaluation has beyond those.
        funnel: rows of the logs.
        training: what went on inside the model.
        features: by name.
        data: what is known of the data.
        serving: what answering costs.
        timings: of the components, in their order.
        config: the YAML.
        lineage: what the model was made from.
        missing: by the name of a part, why it is not there.
    """

    run: str
    name: str
    stop: Stop | None = None
    version: str | None = None
    superseded: bool = False
    blessed: bool | None = None
    verdicts: tuple[Verdict, ...] = ()
    heads: Mapping[str, Head] = {}
    score: str | None = None
    evaluation: Evaluation | None = None
    slices_left_out: int = 0
    funnel: Funnel | None = None
    training: Training | None = None
    features: Mapping[str, FeatureFacts] = {}
    data: Data | None = None
    serving: ServingReport | None = None
    timings: tuple[Timing, ...] = ()
    config: str = ""
    lineage: Lineage = Lineage()
    missing: Mapping[str, str] = {}

    @property
    def trained_from(self) -> str:
        """What training went on from, in words; "" if the run stopped before it was over."""
        if self.stop is not None and self.training is None:
            return ""
        base = self.lineage.base
        return f"version {base}" if base else "nothing: a cold start"

    @property
    def compared_with(self) -> str:
        """The model that the figures stand beside, in words; "" if the run stopped before."""
        if self.stop is not None and self.evaluation is None:
            return ""
        baseline = self.lineage.baseline
        return f"version {baseline}" if baseline else "no baseline"

    @property
    def refused(self) -> tuple[Verdict, ...]:
        """The verdicts that refused the model."""
        return tuple(verdict for verdict in self.verdicts if not verdict.passed)

"""What one run is asked for: told when its graph is made, or to the graph each time it runs."""

import dataclasses

from tfx.orchestration.data_types import RuntimeParameter

from pipeline.preflight import Inputs


@dataclasses.dataclass(frozen=True)
class Asked:
    """What differs from run to run of one graph.

    What enters TFX's cache key alone ("" where it is not known) is what the one who made the graph
    found: while it stays the same, no step looks again.

    Attributes:
        span: the newest one, an ISO date; the newest of the logs if "".
        window: how many spans, up to that one.
        as_of: the cut-off in ISO 8601; now if "".
        fingerprint: of the log files that will be read; for the cache key alone.
        run: its id, a moment as in 20260131T235959Z; that of its report if "".
    """

    span: str | RuntimeParameter
    window: int | RuntimeParameter
    as_of: str | RuntimeParameter
    fingerprint: str = ""
    run: str = ""

    @classmethod
    def of(cls, inputs: Inputs, run: str) -> "Asked":
        """Returns what is asked of a run whose inputs are known."""
        return cls(
            span=inputs.spans[-1].isoformat(),
            window=len(inputs.spans),
            as_of=inputs.as_of.isoformat(),
            fingerprint=inputs.fingerprint,
            run=run,
        )

    @property
    def known_span(self) -> str:
        """The newest span, or "" if nobody knows it yet."""
        return self.span if isinstance(self.span, str) else ""

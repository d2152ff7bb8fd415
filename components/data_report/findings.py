"""Summary of the spans, and what was served -> how the newest span differs."""

import math
from collections.abc import Mapping, Sequence

import pyarrow as pa

from components.data_report.distances import Against, distances, numbers
from components.data_report.report import L_INFINITY, Distance, FeatureFindings, RateFindings
from components.span_statistics.summary import Rate, Summary
from schemas.columns import Column
from schemas.data_gates import OFF, DataGates, FeatureLimits, kind


def features(
    columns: Sequence[Column],
    gates: DataGates,
    newest: pa.Table,
    before: pa.Table,
    served: tuple[pa.Table, tuple[Column, ...]],
    summary: Summary,
) -> dict[str, FeatureFindings]:
    """Returns how the features of the newest span differ, by name.

    Args:
        columns: that are compared.
        gates: how much they may differ.
        newest: a sample of the newest span, columns of lists.
        before: of the spans before it; no rows where there are none.
        served: of what was served of the newest span, and the columns it has; none likewise.
        summary: of the spans.
    """
    table, found = served
    drift = distances(newest, before, columns, "drift") if len(before) else {}
    skew = distances(newest, table, found, "skew") if len(table) else {}
    told = {}
    for column in columns:
        name, limits = column.name, gates.of(column.name)
        shares = [unseen.share for unseen in summary.unseen.get(name, ())]
        told[name] = FeatureFindings(
            kind=kind(column),
            coverage=coverage(newest[name]),
            coverage_before=coverage(before[name]) if len(before) else None,
            drift=_limited(drift.get(name), limits, "drift"),
            skew=_limited(skew.get(name), limits, "skew"),
            unseen=shares[0] if shares else None,
            unseen_before=shares[1] if len(shares) > 1 else None,
        )
    return told


def coverage(values: pa.ChunkedArray) -> float:
    """Returns the share of a column's rows, of lists, that have a value; NaN is none."""
    if not len(values):
        return 0.0
    if not pa.types.is_floating(values.type.value_type):
        return 1 - values.null_count / len(values)
    return len(numbers(values)) / len(values)


def rates(summary: Summary, gates: DataGates) -> dict[str, RateFindings]:
    """Returns how the rates of labels differ, by label.

    A conversion comes days after its click: the newest span is one, most of whose labels are
    mature. Labels that are mature in no span are left out.
    """
    found = {}
    for label, by_span in summary.rates.items():
        mature = [span for span in summary.spans if _mature(by_span.get(span, Rate()))]
        if not mature:
            continue
        now, earlier = by_span[mature[-1]], before(by_span, mature[-1])
        limit = gates.rate_of(label)
        found[label] = RateFindings(
            span=mature[-1],
            rows=now.rows,
            rate=now.events / now.weight,
            before=earlier.events / earlier.weight if earlier.weight else None,
            limit=None if limit == OFF else limit,
        )
    return found


def before(by_span: Mapping[str, Rate], span: str) -> Rate:
    """Returns what was counted in all spans before one."""
    return sum((rate for of, rate in by_span.items() if of < span), Rate())


def _mature(rate: Rate) -> bool:
    return rate.weight > 0 and rate.rows >= rate.left_out


def _limited(distance: Distance | None, limits: FeatureLimits, check: Against) -> Distance | None:
    part = getattr(limits, check)
    if distance is None or part == OFF:
        return distance
    limit = part if distance.measure == L_INFINITY else divergence(part)
    return distance.model_copy(update={"limit": limit})


def divergence(part: float) -> float:
    """Returns the Jensen-Shannon divergence, in bits, that replacing a part of all values makes.

    So texts and numbers have one limit: where a fifth of the values becomes a new one, L-infinity
    is 0.2 and the divergence 0.108.

    Args:
        part: of the values, above 0 and at most 1, that become others which were not there.
    """
    kept = 1 - part
    stayed = kept * math.log2(kept / (1 - part / 2)) if kept else 0.0
    return (part + stayed - math.log2(1 - part / 2)) / 2

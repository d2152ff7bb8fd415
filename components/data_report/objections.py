"""What was found -> a sentence for each thing that is too different."""

from collections.abc import Iterator, Mapping

from components.data_report.chance import beyond_chance
from components.data_report.findings import before
from components.data_report.report import FeatureFindings, RateFindings
from components.span_statistics.summary import Rate, Summary
from schemas.data_gates import OFF, DataGates

# A vocabulary to which less than this of the values are unknown is good enough, however it came.
UNSEEN_ENOUGH = 0.02


def coverage_lost(
    name: str, found: FeatureFindings, rows: tuple[int, int], gates: DataGates
) -> Iterator[str]:
    """Yields a sentence if a feature lost too much of its coverage.

    Args:
        name: of the feature.
        found: of it.
        rows: of the samples of the newest span and of those before.
        gates: the limits.
    """
    now, earlier, limit = found.coverage, found.coverage_before, gates.of(name).coverage
    if limit == OFF or limit is None or not earlier:
        return
    lost = 1 - now / earlier
    # Rounded, for what is left of a half is a little more or less than a half.
    if round(lost, 9) >= limit and beyond_chance(now, rows[0], earlier, rows[1]):
        told = "vanished: no row has a value" if not now else f"has a value in {_percent(now)}"
        yield (
            f"{name} {told}, where {_percent(earlier)} of the rows had one in the spans before; "
            f"a loss of {limit:g} of its coverage is refused (data.coverage, or coverage under "
            f"data.features.{name})"
        )


def moved(name: str, found: FeatureFindings) -> Iterator[str]:
    """Yields a sentence for each distance of a feature that is too large.

    Args:
        name: of the feature.
        found: of it.
    """
    for check, distance, verb, of in (
        ("drift", found.drift, "drifts from the spans before", "was"),
        ("skew", found.skew, "is skewed from what was served", "is there"),
    ):
        if distance is not None and distance.too_far:
            yield (
                f"{name} {verb}: {distance.measure} {distance.distance:.3f} is above "
                f"{distance.limit:.3g}; {distance.value} is {_percent(distance.share)} of its "
                f"values and {of} {_percent(distance.other_share)} (data.{check}, or {check} "
                f"under data.features.{name})"
            )


def unseen_grew(name: str, summary: Summary, gates: DataGates) -> Iterator[str]:
    """Yields a sentence if a vocabulary would know too few of the newest span's values."""
    limit, found = gates.of(name).unseen, summary.unseen.get(name, ())
    if limit == OFF or limit is None or len(found) < 2:
        return
    now, earlier = found
    grown = now.share >= UNSEEN_ENOUGH and round(now.share / limit, 9) >= earlier.share
    if grown and beyond_chance(now.share, now.rows, earlier.share, earlier.rows):
        yield (
            f"{name} has values that a vocabulary of the spans before does not know in "
            f"{_percent(now.share)} of its rows, where it was {_percent(earlier.share)} one span "
            f"earlier; {limit:g} times as many are refused (data.unseen, or unseen under "
            f"data.features.{name})"
        )


def rate_changed(
    label: str, found: RateFindings, by_span: Mapping[str, Rate], gates: DataGates
) -> Iterator[str]:
    """Yields a sentence if the rate of a label rose or fell too far."""
    limit = gates.rate_of(label)
    if limit == OFF or not found.before:
        return
    low, high = sorted((found.rate, found.before))
    if round(high / limit, 9) < low:
        return
    now, earlier = by_span[found.span], before(by_span, found.span)
    if beyond_chance(found.rate, _effective(now), found.before, _effective(earlier)):
        verb = "fell" if found.rate < found.before else "rose"
        yield (
            f"the rate of {label} {verb} to {_percent(found.rate)} in {found.span}, from "
            f"{_percent(found.before)} in the spans before; a factor of {limit:g} is refused "
            f"(data.rate, or data.labels.{label})"
        )


def _effective(rate: Rate) -> float:
    return rate.weight**2 / rate.squares if rate.squares else 0.0


def _percent(share: float) -> str:
    return f"{100 * share:.3g} %"

"""The rules that say which click is whose and which conversion follows it, as SQL on one partition.

DuckDB sees ids, times and places only. (Polars would do; SQL says the rules so that an analyst can
check them.) What every rule means is told with an example in `docs/attribution.md`.
"""

import datetime
import string
from collections.abc import Iterable

import duckdb

from components.log_example_gen.config import EPOCH
from schemas.logs import Attribution

_SECOND = 1_000_000  # in microseconds, in which all times are
_DAY = 86_400 * _SECOND

# Impressions with one id are one impression, the earliest; of those with one time the first in
# the order of the files' names, so that even a tie has one winner. Few are repeated, as a rule:
# only rows whose hash is not alone are sorted.
_IMPRESSIONS = """
CREATE TEMP TABLE repeated AS SELECT hash FROM impressions GROUP BY hash HAVING count(*) > 1;
CREATE TEMP TABLE again AS
SELECT row, place, kept FROM (
    SELECT row, place, first_value(row) OVER (PARTITION BY id ORDER BY time, place) AS kept
    FROM impressions SEMI JOIN repeated USING (hash)
)
WHERE row <> kept;
CREATE TEMP TABLE kept AS
SELECT row, id, time, trains, hash FROM impressions ANTI JOIN again USING (row)
"""

# Clicks are one click if they have the same event id, or else the same id and time. The earliest
# is kept; another with the same event id and another time contradicts it.
_CLICKS = """
CREATE TEMP TABLE click_events AS
SELECT place, id, time, rank, time = first AS same FROM (
    SELECT place, id, time, row_number() OVER again AS rank, first_value(time) OVER again AS first
    FROM clicks
    WINDOW again AS (
        PARTITION BY id, event, CASE WHEN event IS NULL THEN time END ORDER BY time, place
    )
);
CREATE TEMP TABLE matched_clicks AS
SELECT
    place, kept.row, clicks.time,
    CASE
        WHEN kept.row IS NULL THEN if($click_covered, 'orphans', 'other_spans')
        WHEN clicks.time - kept.time BETWEEN -$tolerance AND $click_window THEN 'joined'
        ELSE 'outside_window'
    END AS fate
FROM click_events AS clicks LEFT JOIN kept USING (id)
WHERE rank = 1;
CREATE TEMP TABLE the_clicks AS
SELECT
    row,
    min(time) AS first, max(time) AS last,
    if($last_click, arg_max(place, (time, place)), arg_min(place, (time, place))) AS chosen
FROM matched_clicks WHERE fate = 'joined' GROUP BY row;
"""

_CLICK_FATES = """
CREATE TEMP TABLE click_fates AS
SELECT place, if(same, 'duplicates', 'conflicts') AS fate FROM click_events WHERE rank > 1
UNION ALL
SELECT
    place,
    if(fate = 'joined' AND place <> chosen, 'repeated', fate)
FROM matched_clicks LEFT JOIN the_clicks USING (row)
"""

# A conversion is measured from the click of its impression: the first, or the last that came
# before it. If none did, it may still follow the view of the impression. Where clocks disagree it
# may seem to come before what it follows; its delay is then 0.
_CONVERSIONS = """
CREATE TEMP TABLE conversion_events AS
SELECT place, id, time, value, rank, time = first AND value IS NOT DISTINCT FROM worth AS same
FROM (
    SELECT
        place, id, time, value, row_number() OVER again AS rank,
        first_value(time) OVER again AS first, first_value(value) OVER again AS worth
    FROM conversions
    WINDOW again AS (
        PARTITION BY
            id, event,
            CASE WHEN event IS NULL THEN time END, CASE WHEN event IS NULL THEN value END
        ORDER BY time, place
    )
);
CREATE TEMP TABLE conversion_clicks AS
SELECT conversions.place, max(clicks.time) AS time
FROM conversion_events AS conversions
JOIN kept USING (id)
JOIN matched_clicks AS clicks USING (row)
JOIN the_clicks USING (row)
WHERE
    rank = 1 AND clicks.fate = 'joined' AND clicks.time <= conversions.time + $tolerance
    AND ($last_click OR clicks.time = the_clicks.first)
GROUP BY conversions.place;
CREATE TEMP TABLE conversion_fates AS
SELECT
    place, NULL AS row, NULL AS time, NULL AS delay, NULL AS value,
    if(same, 'duplicates', 'conflicts') AS fate
FROM conversion_events WHERE rank > 1
UNION ALL
SELECT
    conversions.place, kept.row, conversions.time,
    greatest(conversions.time - coalesce(clicks.time, kept.time), 0) AS delay, value,
    CASE
        WHEN kept.row IS NULL THEN if($conversion_covered, 'orphans', 'other_spans')
        WHEN conversions.time - clicks.time <= $conversion_window THEN 'joined'
        WHEN clicks.time IS NOT NULL THEN 'outside_window'
        WHEN conversions.time - kept.time BETWEEN -$tolerance AND $view_window THEN 'view_through'
        WHEN the_clicks.row IS NULL THEN 'unclicked'
        ELSE 'outside_window'
    END AS fate
FROM conversion_events AS conversions
LEFT JOIN kept USING (id)
LEFT JOIN the_clicks USING (row)
LEFT JOIN conversion_clicks AS clicks USING (place)
WHERE rank = 1
"""

# Examples come out in the order of a hash: shuffled, and the same whatever the files' order. The
# sum is ordered because floats do not add up the same in every order. A label is mature when no
# event that is still unknown can change it; an impression is settled when none could, whatever its
# labels are: so the settled ones are no selection by outcome.
_LABELS = """
CREATE TEMP TABLE labels AS
SELECT
    kept.row,
    (the_clicks.row IS NOT NULL)::BIGINT AS click,
    (converted.row IS NOT NULL)::BIGINT AS conversion,
    coalesce(converted.count, 0) AS conversion_count,
    converted.delay // 1000000 AS conversion_delay,
    coalesce(converted.value, 0)::FLOAT AS value,
    ($known_until - coalesce(if($last_click, last, first), kept.time)) // 1000000 AS label_age,
    (kept.time + $click_window <= $known_until)::BIGINT AS click_mature,
    (
        CASE
            WHEN the_clicks.row IS NULL THEN kept.time + $click_window <= $known_until
            WHEN $last_click THEN
                greatest(last + $conversion_window, kept.time + $click_window) <= $known_until
            ELSE first + $conversion_window <= $known_until
        END
        AND ($view_label_window IS NULL OR kept.time + $view_label_window <= $known_until)
    )::BIGINT AS conversion_mature,
    (kept.time + $reach <= $known_until)::BIGINT AS settled,
    if(trains AND the_clicks.row IS NULL, 1 / $unclicked, 1)::FLOAT AS example_weight,
    (NOT trains OR the_clicks.row IS NOT NULL OR $sampled) AS wanted
FROM kept
LEFT JOIN the_clicks USING (row)
LEFT JOIN (
    SELECT
        row, count(*) AS count, arg_min(delay, time) AS delay,
        sum(value ORDER BY time, value) AS value
    FROM conversion_fates
    WHERE fate = 'joined' OR ($view_label_window IS NOT NULL AND fate = 'view_through')
    GROUP BY row
) AS converted USING (row)
ORDER BY hash, row
"""


def attribute(
    connection: duckdb.DuckDBPyConnection,
    attribution: Attribution,
    spans: Iterable[datetime.date],
    known_until: int,
    unclicked: float,
) -> None:
    """Makes the tables `again`, `click_fates`, `conversion_fates` and `labels`.

    Args:
        connection: with the tables impressions (row, place, id, time, trains, hash), clicks
            (place, id, time, event) and conversions (the same and value); times in microseconds
            since 1970.
        attribution: the rules.
        spans: the days whose impressions were read.
        known_until: the cut-off, in microseconds since 1970.
        unclicked: the share of unclicked training impressions that is wanted.
    """
    view = attribution.view_through
    tolerance = attribution.tolerance * _SECOND
    covered = _ranges(spans)
    said = {
        "click_window": attribution.click_window * _SECOND,
        "conversion_window": attribution.conversion_window * _SECOND,
        "tolerance": tolerance,
        "last_click": attribution.click == "last",
        # An interval that ends before it begins holds nothing.
        "view_window": view.window * _SECOND if view else -1 - tolerance,
        "view_label_window": view.window * _SECOND if view and view.label else "NULL",
        "known_until": known_until,
        "reach": attribution.conversion_reach() * _SECOND,
        "unclicked": unclicked,
        # The other half of the MD5: the first one decides where an example goes.
        "sampled": f"md5_number_upper(id) < {int(unclicked * 2**64)}" if unclicked < 1 else "true",
    }
    for log, reach, early in (
        ("click", attribution.click_reach(), tolerance),
        # It may seem earlier than a click that seems earlier than its impression.
        ("conversion", attribution.conversion_reach(), 2 * tolerance),
    ):
        said[f"{log}_covered"] = " OR ".join(
            f"({log}s.time - {reach * _SECOND} >= {begins} AND {log}s.time + {early} < {ends})"
            for begins, ends in covered
        )
    # Hashes that a join looks for would be handed to Arrow, which cannot take those above 2^63.
    connection.execute("SET disabled_optimizers = 'join_filter_pushdown'")
    for statements in (_IMPRESSIONS, _CLICKS, _CLICK_FATES, _CONVERSIONS, _LABELS):
        connection.execute(string.Template(statements).substitute(said))


def _ranges(spans: Iterable[datetime.date]) -> list[tuple[int, int]]:
    """Returns when runs of consecutive days begin and end, in microseconds since 1970."""
    ranges: list[tuple[int, int]] = []
    for day in sorted((span - EPOCH).days for span in spans):
        begins = day * _DAY
        if ranges and ranges[-1][1] == begins:
            ranges[-1] = (ranges[-1][0], begins + _DAY)
        else:
            ranges.append((begins, begins + _DAY))
    return ranges

"""What became of every row: read, rejected, a duplicate, joined, or an example.

Counts travel through the data path as small dicts, one a file and one a partition, and are added
at the end. Beam's own counters are not used: a retried bundle may count twice in them.

The fates of one log are exclusive, so their sum must be what was read:

    impressions = rejected + duplicates + examples
    clicks      = rejected + duplicates + orphans + later + outside_window + joined
    conversions = the same + unclicked
"""

import collections
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

# A path of names, such as ("clicks", "rejected", "time: missing"), and how often that happened.
Counts = Mapping[tuple[str, ...], int]

# No impression with this id; if the row's day was read for a window's sake only, that is `later`:
# most of those rows belong to impressions nobody asked for.
ORPHANS = "orphans"
LATER = "later"
# The impression is there, but no click of it counts.
UNCLICKED = "unclicked"
# Too late, or before the event it would follow.
OUTSIDE_WINDOW = "outside_window"
JOINED = "joined"
DUPLICATES = "duplicates"
READ = "read"
REJECTED = "rejected"

FATES = {
    "impressions": (DUPLICATES,),
    "clicks": (DUPLICATES, ORPHANS, LATER, OUTSIDE_WINDOW, JOINED),
    "conversions": (DUPLICATES, ORPHANS, LATER, UNCLICKED, OUTSIDE_WINDOW, JOINED),
}


def add(counts: Iterable[Counts]) -> dict[tuple[str, ...], int]:
    """Returns the sums of the counts, name by name."""
    total: collections.Counter[tuple[str, ...]] = collections.Counter()
    for each in counts:
        total.update(each)
    return dict(total)


def check(counts: Counts, splits: Sequence[str]) -> None:
    """Checks that no row was lost or made up, and that every split has examples.

    Raises:
        ValueError: naming the log and the numbers that do not agree, or the empty split.
    """
    logs = {path[0] for path in counts} & FATES.keys()
    examples = sum(counts.get(("examples", split), 0) for split in splits)
    for log in sorted(logs):
        read = counts.get((log, READ), 0)
        rejected = sum(n for path, n in counts.items() if path[:2] == (log, REJECTED))
        fates = {fate: counts.get((log, fate), 0) for fate in FATES[log]}
        if log == "impressions":
            fates["examples"] = examples
        if read != rejected + sum(fates.values()):
            said = " + ".join(f"{n} {fate}" for fate, n in {REJECTED: rejected, **fates}.items())
            raise ValueError(
                f"{read} rows of the {log} log were read, but {said} = "
                f"{rejected + sum(fates.values())}. Rows were lost or made up: this is a bug"
            )
    for split in splits:
        if not counts.get(("examples", split)):
            raise ValueError(
                f"split {split!r} has no example, of {examples} in all. Read more spans, change "
                f"`split`, or see what was rejected: {json.dumps(nested(counts))}"
            )


def nested(counts: Counts) -> dict[str, Any]:
    """Returns the counts as nested dicts, names sorted: what ledger.json holds."""
    tree: dict[str, Any] = {}
    for path, count in sorted(counts.items()):
        branch = tree
        for name in path[:-1]:
            branch = branch.setdefault(name, {})
        branch[path[-1]] = count
    return tree

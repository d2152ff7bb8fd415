"""What became of every row: read, refused, a duplicate, joined, or an example; file by file.

Accounts travel through the data path as small values, one a block and one a partition, and are
added at the end. Beam's own counters are not used: a retried bundle may count twice in them.

The fates of a log's rows exclude each other, so in every file their sum must be what was read:

    impressions = rejected + after_cutoff + duplicates + conflicts + sampled_out + examples
    clicks      = rejected + after_cutoff + duplicates + conflicts
                + orphans + other_spans + outside_window + repeated + joined
    conversions = the same, with unclicked and view_through in place of repeated
"""

import collections
import dataclasses
import datetime
from collections.abc import Iterable, Mapping
from typing import Any

import pyarrow as pa

from components.log_example_gen.rejects import NOTE, Rejects, rejects_table, shape

# (log, file, fate), or (log, file, REJECTED, reason); (EXAMPLES, split); (POSITIVES, split, label);
# (FILES, log); (BROKEN, log); (UNREAD, log, column), in how many files it stands.
Counts = Mapping[tuple[str, ...], int]

READ = "read"
REJECTED = "rejected"
# It happened after the cut-off.
AFTER_CUTOFF = "after_cutoff"
# The same row once more; the same id with other content, of which the earliest is kept.
DUPLICATES = "duplicates"
CONFLICTS = "conflicts"
# Unclicked, and left out by sampling.
SAMPLED_OUT = "sampled_out"
EXAMPLES = "examples"
POSITIVES = "positives"
FILES = "files"
BROKEN = "broken_files"
UNREAD = "unread"
# No impression of the spans that were read has this id. Where the event may belong to a day that
# was not read, nobody can say, and it is no orphan.
ORPHANS = "orphans"
OTHER_SPANS = "other_spans"
# Too late, or before the event it would follow.
OUTSIDE_WINDOW = "outside_window"
# It counts, but the impression has its click already.
REPEATED = "repeated"
# The impression is there, but no click of it counts.
UNCLICKED = "unclicked"
VIEW_THROUGH = "view_through"
JOINED = "joined"

# Rows that cast and are kept among the rejects all the same, with their reason: what they say fits
# nothing that was read.
KEPT = {ORPHANS: "orphan", CONFLICTS: "conflict"}
_MATCHED = (ORPHANS, OTHER_SPANS, OUTSIDE_WINDOW)
FATES = {
    "impressions": (AFTER_CUTOFF, DUPLICATES, CONFLICTS, SAMPLED_OUT, EXAMPLES),
    "clicks": (AFTER_CUTOFF, DUPLICATES, CONFLICTS, *_MATCHED, REPEATED, JOINED),
    "conversions": (
        AFTER_CUTOFF,
        DUPLICATES,
        CONFLICTS,
        *_MATCHED,
        UNCLICKED,
        VIEW_THROUGH,
        JOINED,
    ),
}


@dataclasses.dataclass(frozen=True)
class Content:
    """Which impressions are examples.

    Attributes:
        rows: how many.
        ids: the sum of the hashes of their ids, modulo 2^64: other impressions, another sum.
    """

    rows: int = 0
    ids: int = 0

    def __add__(self, other: "Content") -> "Content":
        """Returns the content of both; none is in both."""
        return Content(self.rows + other.rows, (self.ids + other.ids) % 2**64)


@dataclasses.dataclass(frozen=True)
class Account:
    """What is known of some rows.

    Attributes:
        counts: how many rows met which fate.
        firsts: by (log, scope, reason) the first reject, as REJECTS_SCHEMA says.
        moments: by split, the earliest and the latest impression in microseconds since 1970.
        spans: by split and span, which impressions are examples.
    """

    counts: Counts = dataclasses.field(default_factory=dict)
    firsts: Mapping[tuple[str, str, str], Mapping[str, Any]] = dataclasses.field(
        default_factory=dict
    )
    moments: Mapping[str, tuple[int, int]] = dataclasses.field(default_factory=dict)
    spans: Mapping[tuple[str, datetime.date], Content] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass
class FileAccount:
    """What became of a file's rows while they were read.

    Attributes:
        log: impressions, clicks or conversions.
        file: its path.
        cast: rows that cast.
        after_cutoff: those among them that had not happened yet.
    """

    log: str
    file: str
    cast: int = 0
    after_cutoff: int = 0

    def close(self, rejects: Rejects) -> Account:
        """Returns the account of the file, which is read to its end."""
        counts: dict[tuple[str, ...], int] = {
            (self.log, self.file, READ): self.cast + rejects.counts.total(),
            (FILES, self.log): 1,
            (BROKEN, self.log): rejects.broken_files,
            **{(UNREAD, self.log, column): 1 for column in rejects.unread},
        }
        if self.after_cutoff:
            counts[self.log, self.file, AFTER_CUTOFF] = self.after_cutoff
        for reason, rows in rejects.counts.items():
            counts[self.log, self.file, REJECTED, reason] = rows
        unread = {
            (self.log, UNREAD, column): {"log": self.log, "file": self.file, "column": column}
            for column in rejects.unread
        }
        return Account(counts, {**rejects.firsts, **unread})


def add(accounts: Iterable[Account]) -> Account:
    """Returns the sum of accounts: rows added, first rejects and moments the least and most."""
    counts: collections.Counter[tuple[str, ...]] = collections.Counter()
    firsts: dict[tuple[str, str, str], Mapping[str, Any]] = {}
    moments: dict[str, tuple[int, int]] = {}
    spans: dict[tuple[str, datetime.date], Content] = {}
    for account in accounts:
        counts.update(account.counts)
        for key, first in account.firsts.items():
            firsts[key] = min(firsts.get(key, first), first, key=_standing)
        for split, (earliest, latest) in account.moments.items():
            begun, ended = moments.get(split, (earliest, latest))
            moments[split] = min(begun, earliest), max(ended, latest)
        for of, content in account.spans.items():
            spans[of] = spans.get(of, Content()) + content
    return Account(dict(counts), firsts, moments, spans)


def _standing(reject: Mapping[str, Any]) -> tuple[str, int]:
    return reject["file"], reject.get("row") or 0


def check(counts: Counts) -> None:
    """Checks that no row of any file was lost or made up.

    Raises:
        ValueError: naming the file and the numbers that do not agree.
    """
    by_file: dict[tuple[str, ...], collections.Counter[str]] = {}
    for path, count in counts.items():
        if path[0] in FATES:
            by_file.setdefault(path[:2], collections.Counter())[path[2]] += count
    for (log, file), fates in sorted(by_file.items()):
        read = fates.pop(READ, 0)
        if strangers := fates.keys() - {REJECTED, *FATES[log]}:
            raise ValueError(f"{', '.join(strangers)} is no fate of {log}: this is a bug")
        if read != fates.total():
            said = " + ".join(f"{fates[fate]} {fate}" for fate in (REJECTED, *FATES[log]))
            raise ValueError(
                f"{read} rows of {file}, a file of the {log} log, were read, but {said} = "
                f"{fates.total()}. Rows were lost or made up: this is a bug"
            )


def unexpected(account: Account) -> list[pa.Table]:
    """Returns a note, as REJECTS_SCHEMA says, on each column that only some files of a log have.

    What no file lacks and nothing reads is none of our business; what turns up in some is either
    a change in the writer or a misspelt name.
    """
    notes = []
    for (log, scope, column), first in sorted(account.firsts.items()):
        if scope == UNREAD:
            have, of = account.counts[UNREAD, log, column], account.counts[FILES, log]
            if have < of:
                reason = f"unexpected column, in {have} of {of} files"
                row = pa.nulls(1, pa.int64())
                notes.append(rejects_table(log, [first["file"]], row, reason, NOTE, column))
    return notes


def summary(account: Account) -> dict[str, Any]:
    """Returns the account as ledger.json holds it: by log, then by file, then what was refused.

    Of what the first rejects hold it tells the shape: the rejects alone have the values.
    """
    told: dict[str, Any] = {}
    files: dict[tuple[str, ...], dict[str, Any]] = {}
    for path, count in sorted(account.counts.items()):
        if path[0] in FATES:
            log, file, *fate = path
            of_file = files.setdefault((log, file), {"log": log, "file": file})
            places = [told.setdefault(log, _blank(log)), of_file]
        elif path[0] == UNREAD:
            continue
        else:
            places, fate = [told], list(path)
        for branch in places:
            for name in fate[:-1]:
                branch = branch.setdefault(name, {})
            branch[fate[-1]] = branch.get(fate[-1], 0) + count
    told["moments"] = {split: list(moments) for split, moments in sorted(account.moments.items())}
    told["spans"] = [
        {"split": split, "span": span.isoformat(), "rows": content.rows, "ids": f"{content.ids:x}"}
        for (split, span), content in sorted(account.spans.items())
    ]
    told["by_file"] = [files[key] for key in sorted(files)]
    told["firsts"] = [
        _shaped(first) for (_, scope, _), first in sorted(account.firsts.items()) if scope != UNREAD
    ]
    told["firsts"] += [note for notes in unexpected(account) for note in notes.to_pylist()]
    return told


def _shaped(first: Mapping[str, Any]) -> dict[str, Any]:
    value = first["value"]
    return {**first, "value": None if value is None else shape(value)}


def _blank(log: str) -> dict[str, Any]:
    return {READ: 0, REJECTED: {}, **{fate: 0 for fate in FATES[log]}}

"""Looks the locked packages up among known vulnerabilities, in OSV, with one request.

It ends with 0 if none is known, or if the service cannot be reached: then it says, loudly, that
nothing was audited. With --require it ends with 2 in that case. It ends with 1 if a vulnerability
is known that environment/accepted_advisories.txt does not accept, or no longer.

Only Python's own library is used: what is audited is not trusted to audit itself.

Usage: environment/audit.py [--require] [LOCK ...]
"""

import argparse
import datetime
import json
import re
import sys
import urllib.request
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

SERVICE = "https://api.osv.dev"
HERE = Path(__file__).resolve().parent
LOCKS = (HERE.parent / "requirements.lock", *sorted(HERE.rglob("*.lock")))
ACCEPTED = HERE / "accepted_advisories.txt"
_MOST = 1000  # queries of one request, by OSV's API
_SECONDS = 20
_FOUND, _UNREACHED = 1, 2  # exit codes
Package = tuple[str, str]


def packages(text: str) -> set[Package]:
    """Returns the names and versions that a lock file pins."""
    return set(re.findall(r"^([A-Za-z0-9][\w.-]*)(?:\[[^]]*\])?==([^\s;\\]+)", text, re.MULTILINE))


def accepted(text: str, today: datetime.date) -> dict[str, str]:
    """Returns the ids that are accepted today, with why.

    Args:
        text: a line each: the id, the last day on which it is accepted, and why.
        today: the day.

    Raises:
        ValueError: if a line is none of these.
    """
    found = {}
    for line in text.splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        match = re.fullmatch(r"(\S+)\s+(\d{4}-\d{2}-\d{2})\s+(\S.*)", line)
        if match is None:
            raise ValueError(f"an accepted advisory is `ID YYYY-MM-DD why`. Received: {line!r}")
        if datetime.date.fromisoformat(match[2]) >= today:
            found[match[1]] = match[3]
    return found


def ask(service: str, path: str, question: object = None) -> Any:
    """Returns what the service answers: to a question by POST, else by GET.

    Raises:
        OSError: if it does not, or says that it cannot.
        ValueError: if its answer is no JSON.
    """
    body = None if question is None else json.dumps(question).encode()
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(f"{service}{path}", body, headers)
    with urllib.request.urlopen(request, timeout=_SECONDS) as answer:
        return json.load(answer)


def known(service: str, pinned: Sequence[Package]) -> Iterator[tuple[Package, str]]:
    """Yields the packages with a known vulnerability, and its id.

    Raises:
        OSError: if the service does not answer.
        ValueError: if it does not answer for every package.
    """
    for start in range(0, len(pinned), _MOST):
        part = pinned[start : start + _MOST]
        queries = [
            {"package": {"name": name, "ecosystem": "PyPI"}, "version": version}
            for name, version in part
        ]
        told = ask(service, "/v1/querybatch", {"queries": queries})
        results = told.get("results", ()) if isinstance(told, dict) else ()
        if len(results) != len(part):
            raise ValueError(f"{len(part)} packages were asked for, {len(results)} answered")
        for package, result in zip(part, results, strict=True):
            yield from ((package, one["id"]) for one in result.get("vulns", ()))


def described(service: str, package: Package, id_: str) -> tuple[set[str], str]:
    """Returns all ids of a vulnerability, and a line about it with the versions that mend it."""
    told: Mapping[str, Any] = ask(service, f"/v1/vulns/{id_}")
    fixed = {
        event["fixed"]
        for of in told.get("affected", ())
        if of.get("package", {}).get("name", "").lower() == package[0].lower()
        for place in of.get("ranges", ())
        if place.get("type") == "ECOSYSTEM"
        for event in place.get("events", ())
        if "fixed" in event
    }
    ids = {id_, *told.get("aliases", ())}
    mended = f"mended in {', '.join(sorted(fixed))}" if fixed else "not mended yet"
    summary = told.get("summary") or next(iter(told.get("details", "").splitlines()), "")
    return ids, f"{package[0]} {package[1]}: {', '.join(sorted(ids))}, {mended}. {summary}"


def audit(service: str, pinned: Sequence[Package], allowed: Collection[str]) -> list[str]:
    """Returns a line for each vulnerability of packages whose ids are not among the allowed.

    Raises:
        OSError: if the service cannot be reached.
        ValueError: if its answers cannot be read.
    """
    found = [described(service, package, id_) for package, id_ in known(service, pinned)]
    return [line for ids, line in found if ids.isdisjoint(allowed)]


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints what was found; returns the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("locks", nargs="*", type=Path, default=LOCKS, metavar="LOCK")
    parser.add_argument("--require", action="store_true", help="fail where nothing can be audited")
    parser.add_argument("--accepted", type=Path, default=ACCEPTED, help="what is accepted")
    parser.add_argument("--service", default=SERVICE, help="another that has OSV's API")
    given = parser.parse_args(arguments)
    today = datetime.datetime.now(datetime.UTC).date()
    pinned = sorted(set().union(*(packages(lock.read_text("utf-8")) for lock in given.locks)))
    allowed = accepted(given.accepted.read_text("utf-8"), today)
    try:
        lines = audit(given.service, pinned, allowed)
    except (OSError, ValueError, KeyError) as error:
        reason = getattr(error, "reason", None) or error
        print(
            f"NOT AUDITED: {given.service} does not answer ({reason}), so nobody looked for known "
            "vulnerabilities. Run `make audit` where it can be reached",
            file=sys.stderr,
        )
        return _UNREACHED if given.require else 0
    for line in lines:
        print(line, file=sys.stderr)
    if lines:
        print(
            f"{len(lines)} known vulnerabilities. Take a version that mends them (`make lock`), or "
            f"accept them for a while in {given.accepted.name}, with the reason",
            file=sys.stderr,
        )
        return _FOUND
    print(f"No known vulnerability in {len(pinned)} packages")
    return 0


if __name__ == "__main__":
    sys.exit(main())

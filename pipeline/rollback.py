"""Takes the newest version out of a serving directory, so that the one before it is served again.

A version is withdrawn by one rename, to `.withdrawn/` beside the others: whoever looks sees it
complete or not at all, and so does a server after a kill at any moment. It keeps its number, which
no later push takes, and can be put back by renaming it once more.

Of several versions the newest goes last: until then it is served as before, and after that the one
that was asked for, and none between them in the meantime.

TensorFlow Serving (its source: FileSystemStoragePathSource, AvailabilityPreservingPolicy) lists the
directory every `file_system_poll_wait_seconds`, one by default; passes over names that are no
number; and aspires to the greatest of the others. When the newest has gone it loads the one before,
and answers from the withdrawn one, which it holds in memory, until that is ready: no request fails.
A server that is told to serve specific versions is none of this one's business, and one that finds
no version at all unloads its model, unless `servable_versions_always_present` is set: so the last
version is never withdrawn.
"""

import contextlib
import dataclasses
import json
import shlex
from collections.abc import Callable
from pathlib import Path

from components.atomic_pusher.serving_lock import serving_lock
from components.atomic_pusher.versions import WITHDRAWN, versions
from pipeline.errors import Misuse, RunFailed
from pipeline.failures import reason
from pipeline.quantities import place
from schemas.served_model import EXTRA_FOLDER, SPEC_FILE

_GRAPH = "saved_model.pb"


@dataclasses.dataclass(frozen=True)
class Version:
    """A served version.

    Attributes:
        number: the name of its folder.
        spans: of the data that made it, ISO dates, oldest first.
    """

    number: int
    spans: tuple[str, ...]

    @property
    def period(self) -> str:
        """Its spans in words."""
        if len(self.spans) < 2:
            return "".join(self.spans) or "no spans told"
        return f"{self.spans[0]} to {self.spans[-1]}"


@dataclasses.dataclass(frozen=True)
class Rollback:
    """What a rollback did.

    Attributes:
        withdrawn: the versions that are served no more, ascending.
        newest: the version that is the newest now.
        aside: the folder where the withdrawn ones lie.
    """

    withdrawn: tuple[Version, ...]
    newest: Version
    aside: Path


def roll_back(
    serving_dir: Path, to: int | None = None, waiting: Callable[[str], None] = lambda holder: None
) -> Rollback:
    """Withdraws the newest version, or all that are newer than `to`.

    Killed on the way it leaves the newest version in place; done again, it does the rest. A push
    that is at work is waited for: the version that it brings would else not be seen.

    Args:
        serving_dir: the folder whose folders are versions.
        to: the version to go back to; the last but one if None.
        waiting: told who pushes, before it is waited for.

    Raises:
        Misuse: if there is nothing to go back to, or a version it would touch is no model of
            funnelrank. Nothing has been done then.
        RunFailed: if the file system refuses a rename.
    """
    _versions(serving_dir)  # before anything is written
    with contextlib.ExitStack() as stack:
        try:
            stack.enter_context(serving_lock(str(serving_dir), waiting))
        except OSError as error:
            raise RunFailed(
                f"{place(serving_dir)} cannot be locked: {reason(error)}. Nothing was withdrawn"
            ) from error
        return _withdraw(serving_dir, to)


def _withdraw(serving_dir: Path, to: int | None) -> Rollback:
    found = _versions(serving_dir)
    target = _target(serving_dir, found, to)
    newest = read_version(serving_dir, target)
    going = tuple(read_version(serving_dir, number) for number in found if number > target)
    aside = serving_dir / WITHDRAWN
    done: list[str] = []
    for version in going:
        name = str(version.number)
        try:
            aside.mkdir(exist_ok=True)
            (serving_dir / name).rename(aside / name)
        except OSError as error:
            raise RunFailed(
                f"version {name} cannot be moved to {place(aside)}: {reason(error)}. The newest is "
                f"served as before. Withdrawn were: {', '.join(done) or 'none'}"
            ) from error
        done.append(name)
    return Rollback(going, newest, aside)


def read_version(serving_dir: Path, number: int) -> Version:
    """Returns what is known of a version.

    Raises:
        Misuse: if its folder holds no complete model of funnelrank.
    """
    folder = serving_dir / str(number)
    spec = folder / EXTRA_FOLDER / SPEC_FILE
    if not (folder / _GRAPH).is_file() or not spec.is_file():
        raise Misuse(
            f"{place(folder)} is no model of funnelrank: it lacks {_GRAPH} or "
            f"{EXTRA_FOLDER}/{SPEC_FILE}. Move it out of the serving directory first"
        )
    spans = json.loads(spec.read_text(encoding="utf-8")).get("spans", ())
    return Version(number, tuple(map(str, spans)))


def put_back(folder: Path) -> str:
    """Returns the command line by which a version that lies aside is served again.

    Args:
        folder: where it lies.
    """
    return f"mv {shlex.quote(place(folder))} {shlex.quote(place(folder.parent.parent))}/"


def _versions(serving_dir: Path) -> list[int]:
    if not serving_dir.is_dir():
        raise Misuse(
            f"there is no folder {place(serving_dir)}: give the one whose folders are versions, "
            "such as runs/demo/serving"
        )
    found = versions(str(serving_dir))
    if not found:
        hint = (
            f": {place(serving_dir)} is a version itself, give {place(serving_dir.parent)}"
            if (serving_dir / _GRAPH).exists()
            else ": give the folder whose folders are versions, such as runs/demo/serving"
        )
        raise Misuse(f"{place(serving_dir)} holds no version{hint}")
    return found


def _target(serving_dir: Path, found: list[int], to: int | None) -> int:
    """Returns the version to go back to."""
    if to is None:
        if len(found) == 1:
            raise Misuse(
                f"{place(serving_dir)} holds one version only, {found[0]}: there is none to go "
                "back to, and a server would be left without a model"
            )
        return found[-2]
    if to not in found:
        raise Misuse(
            f"there is no version {to} in {place(serving_dir)}. "
            f"Its versions are: {', '.join(map(str, found))}"
        )
    if to == found[-1]:
        raise Misuse(f"version {to} is the newest already: nothing is newer than it")
    return to

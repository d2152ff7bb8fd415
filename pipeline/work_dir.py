"""Where a run keeps what it makes."""

import dataclasses
import datetime
import re
import tempfile
from pathlib import Path

from pipeline.containment import ways_out
from pipeline.errors import Misuse
from pipeline.failures import reason

# Of the id of a run: when it started.
_FORMAT = "%Y%m%dT%H%M%SZ"
_RUN = re.compile(r"[0-9]{8}T[0-9]{6}Z")


@dataclasses.dataclass(frozen=True)
class WorkDir:
    """The folders and files under `--work`."""

    root: Path

    def prepare(self) -> None:
        """Makes the folder, if it is not there.

        Raises:
            Misuse: if nothing can be written there, or a link in it leads out of it.
        """
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            tempfile.TemporaryFile(dir=self.root).close()
        except OSError as error:
            raise Misuse(f"cannot write under {self.root} (see --work): {reason(error)}") from error
        for link, target in ways_out(self.root):
            raise Misuse(
                f"{link} is a link to {target}, outside of the work directory, and runs write and "
                "delete in it. Mount that folder there, or let --work itself be a link"
            )

    @property
    def lock(self) -> Path:
        """Of the run that is at work; the file stays."""
        return self.root / ".lock"

    @property
    def days(self) -> Path:
        """What the last run of each day came to: JSON, a file a day."""
        return self.root / "days"

    @property
    def watched(self) -> Path:
        """What `run --watch` has seen: JSON."""
        return self.root / "watch.json"

    @property
    def artifacts(self) -> Path:
        """Of TFX, one folder a component."""
        return self.root / "artifacts"

    @property
    def metadata(self) -> Path:
        """ML Metadata in SQLite."""
        return self.root / "metadata.sqlite"

    @property
    def metadata_note(self) -> Path:
        """Which database ML Metadata is in, where that is not SQLite; no secret: JSON."""
        return self.root / "metadata.json"

    @property
    def serving(self) -> Path:
        """Pushed models, one folder a version."""
        return self.root / "serving"

    @property
    def checkpoints(self) -> Path:
        """Of training runs that are not finished."""
        return self.root / "checkpoints"

    @property
    def tuning(self) -> Path:
        """Of searches, a folder each."""
        return self.root / "tuning"

    @property
    def analyses(self) -> Path:
        """Of spans that are or were in the window: vocabularies, means and quantiles."""
        return self.root / "analyses"

    @property
    def timings(self) -> Path:
        """What the nodes of each run took: JSON, a file a run."""
        return self.root / "timings"

    @property
    def reports(self) -> Path:
        """The pages that tell what runs came to, a folder each."""
        return self.root / "reports"

    def new_log(self, now: datetime.datetime) -> Path:
        """Returns the log file of a run that starts now, whose name is the run's id.

        It is later than those of all runs before, though the clock was put back meanwhile.

        Args:
            now: the moment, in UTC.
        """
        known = [path.stem for path in self.logs.glob("*.log") if _RUN.fullmatch(path.stem)]
        if known and max(known) >= f"{now:{_FORMAT}}":
            before = datetime.datetime.strptime(max(known), _FORMAT)
            now = before + datetime.timedelta(seconds=1)
        return self.logs / f"{now:{_FORMAT}}.log"

    @property
    def temporary(self) -> Path:
        """Of the run at work: gone when it ends, or when the next one starts."""
        return self.root / "tmp"

    @property
    def logs(self) -> Path:
        """What TFX, Beam and TensorFlow say."""
        return self.root / "logs"

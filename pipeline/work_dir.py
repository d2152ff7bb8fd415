"""Where a run keeps what it makes."""

import dataclasses
from pathlib import Path


@dataclasses.dataclass(frozen=True)
class WorkDir:
    """The folders and files under `--work`."""

    root: Path

    @property
    def artifacts(self) -> Path:
        """Of TFX, one folder a component."""
        return self.root / "artifacts"

    @property
    def metadata(self) -> Path:
        """ML Metadata in SQLite."""
        return self.root / "metadata.sqlite"

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
    def schemas(self) -> Path:
        """The schemas of the runs, named by their content."""
        return self.root / "schemas"

    @property
    def timings(self) -> Path:
        """What the nodes of each run took: JSON, a file a run."""
        return self.root / "timings"

    @property
    def reports(self) -> Path:
        """The pages that tell what runs came to, a folder each."""
        return self.root / "reports"

    @property
    def logs(self) -> Path:
        """What TFX, Beam and TensorFlow say."""
        return self.root / "logs"

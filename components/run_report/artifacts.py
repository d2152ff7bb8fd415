"""The artifact that says what a run came to."""

from tfx.types import artifact


class RunFacts(artifact.Artifact):
    """What a report shows, in facts.json: its property `page` is the page's path."""

    TYPE_NAME = "components.RunFacts"

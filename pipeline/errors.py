"""What went wrong, in a sentence for the person who started the run."""


class Misuse(Exception):
    """A config, an option or a log that cannot be used: exit code 2, before any work."""


class RunFailed(Exception):
    """A run that started and did not end well: exit code 1."""

"""What went wrong, in a sentence for the person who started the run."""


class Misuse(Exception):
    """A config, an option or a log that cannot be used: exit code 2, before any work."""


class RunFailed(Exception):
    """A run that started and did not end well: exit code 1."""


class Interrupted(Exception):
    """A run that a signal ended: exit code 128 and the signal's number, as in a shell.

    Args:
        sentence: for the terminal.
        number: of the signal.
    """

    def __init__(self, sentence: str, number: int):
        super().__init__(sentence)
        self.number = number

"""What a gate raises that stops a run: the whole in one sentence, and its parts for a page."""

from collections.abc import Sequence


class Refusal(ValueError):
    """What a gate objects to.

    Args:
        sentence: all of it, as a terminal shows it; it is the error's text.
        objections: a sentence each, without its final stop.
        way_out: where the rest lies and what to do, likewise; "" where the objections say it.
    """

    def __init__(self, sentence: str, objections: Sequence[str], way_out: str):
        super().__init__(sentence, tuple(objections), way_out)  # all of them, so that it pickles
        self.objections = tuple(objections)
        self.way_out = way_out

    def __str__(self) -> str:
        return str(self.args[0])

"""What ServingCheck is told."""

from components.serving_check.requests import Asker
from components.serving_check.weights import other_weights
from schemas.columns import Column, inputs
from schemas.features import Features
from schemas.heads import Heads
from schemas.serving import ServingConfig
from schemas.strict import Strict


class ServingCheckSettings(Strict):
    """Everything that decides whether a model may serve.

    Attributes:
        name: under which the model is served: that of the pipeline.
        columns: of an example; features and extras are the model's inputs.
        features: the model's; their sides say what `rank` takes once.
        heads: what the model must answer.
        score: the expression that it answers as `score`, if there is one.
        serving: what answering may cost.
        code: a hash of the code that checks: changed code, another judgement.
    """

    name: str
    columns: tuple[Column, ...]
    features: Features
    heads: Heads
    score: str | None = None
    serving: ServingConfig = ServingConfig()
    code: str = ""

    def inputs(self) -> tuple[Column, ...]:
        """Returns the columns that a request brings."""
        return inputs(self.columns)

    def asker(self) -> Asker:
        """Returns what makes requests of examples."""
        return Asker(self.inputs(), self.features, bool(self.other_weights()))

    def other_weights(self) -> tuple[float, ...]:
        """Returns weights that the score does not have; none where there is nothing to weigh."""
        return () if self.score is None else other_weights(self.score)

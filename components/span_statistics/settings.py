"""What SpanStatistics is told."""

from collections.abc import Mapping

from schemas.columns import Column
from schemas.features import Categorical, Feature, Vocabulary
from schemas.heads import Head, Output, outputs
from schemas.strict import Strict


class StatisticsSettings(Strict):
    """All that decides what is found of some examples.

    Attributes:
        features: the model's inputs.
        heads: what is learnt.
        columns: of an example.
        code: a hash of the code that looks: changed code, other findings.
    """

    features: dict[str, Feature]
    heads: dict[str, Head]
    columns: tuple[Column, ...]
    code: str = ""

    def vocabularies(self) -> dict[str, Vocabulary]:
        """Returns the vocabularies, by the feature that owns each."""
        return {
            name: feature.vocabulary
            for name, feature in self.features.items()
            if isinstance(feature, Categorical) and feature.vocabulary is not None
        }


def rates(heads: Mapping[str, Head]) -> dict[str, Output]:
    """Returns the outputs whose mean label is watched, by label.

    Where several heads have one label, the first of them has it and the others their own names.
    """
    found: dict[str, Output] = {}
    for output in outputs(heads):
        if output.kind == "rate" and len(output.heads) == 1:
            found[output.name if output.label in found else output.label] = output
    return found

"""Everything a model is made from, as it crosses TFX's seams and as it is kept beside the model."""

from pydantic import BaseModel, ConfigDict

from models.config import ModelConfig
from models.export_config import ExportConfig
from models.training_config import TrainingConfig
from schemas.columns import Column, inputs
from schemas.features import Feature
from schemas.heads import Head
from schemas.layout import Layout, make_layout
from schemas.logs import IMPRESSION_ID, Clock, Split
from schemas.served_model import SPEC_FILE as SPEC_FILE

# Among a training run's curves.
DIAGNOSTICS_FILE = "diagnostics.json"


class ModelSpec(BaseModel):
    """The inputs, the heads and the architecture of one model.

    Attributes:
        name: of the pipeline.
        id: columns of the impressions log that together name a row.
        time: its clock: when a row was shown; None in models of older versions.
        columns: of a raw example, in the order of the examples' encoder.
        features: the model's inputs.
        heads: what is learnt.
        targets: the columns of the packed labels: labels, masks, weights, other outcomes.
        model: trunk x objective x balance.
        training: how long and how fast.
        export: in which form.
        group: the column that says which rows are ranked together, if one is named.
        score: the fusion expression, if there is one.
        unclicked: the share of unclicked impressions that training saw.
        spans: the dates of the data, oldest first.
        split: which of the rows were held back from training.
        code: hash of the code that made it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    id: tuple[str, ...] = (IMPRESSION_ID,)
    time: Clock | None = None
    columns: tuple[Column, ...]
    features: dict[str, Feature]
    heads: dict[str, Head]
    targets: tuple[str, ...]
    model: ModelConfig
    training: TrainingConfig
    export: ExportConfig = ExportConfig()
    group: str | None = None
    score: str | None = None
    unclicked: float = 1.0
    spans: tuple[str, ...] = ()
    split: Split | None = None
    code: str = ""

    def layout(self) -> Layout:
        """Returns the layout of the packed tensors."""
        return make_layout(self.features, group=self.group is not None)

    def inputs(self) -> tuple[Column, ...]:
        """Returns the raw columns that a request may bring: features and extras.

        Positions are not among them: they are not known yet.
        """
        return inputs(self.columns)

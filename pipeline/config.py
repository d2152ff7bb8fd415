"""One YAML says it all: what a pipeline reads, learns, and how good it must be."""

import glob
import os
import re
from typing import Annotated, Any

import pydantic
import yaml

from models.config import ModelConfig
from models.export_config import ExportConfig
from models.training_config import TrainingConfig
from models.tuning.config import TuningConfig
from models.tuning.space import Values, with_values
from pipeline.config_rules import check
from schemas.beam import Beam, LocalBeam, refuse_beam_args
from schemas.columns import Column, example_columns
from schemas.data_gates import DataGates
from schemas.evaluation import EvaluationConfig
from schemas.features import Feature
from schemas.gates import Bars, Gate, parse_gate
from schemas.heads import Head, labels, outputs
from schemas.kubeflow import KubeflowConfig
from schemas.logs import Attribution, Limits, Logs, Sampling, Split, TimeSplit
from schemas.measurable import Measurable
from schemas.metadata_store import MetadataStore, SqliteStore
from schemas.monitoring import Monitor
from schemas.private import naming_columns, private_features
from schemas.score import names_in_score
from schemas.served_log import Served
from schemas.serving import ServingConfig
from schemas.strict import Strict


def _one_or_several(given: Any) -> Any:
    return (given,) if isinstance(given, str) else given


# Features by whose values, taken together, rows are told apart.
Slice = Annotated[
    tuple[str, ...],
    pydantic.Field(min_length=1),
    pydantic.BeforeValidator(_one_or_several),
    pydantic.WithJsonSchema(
        {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}
    ),
]


class PipelineConfig(Strict):
    """Everything about one pipeline, as in `configs/*.yaml`.

    Attributes:
        name: of the pipeline; lower case, digits and hyphens, as Kubeflow demands.
        logs: the three logs.
        attribution: which click belongs to an impression, which conversion to a click.
        window: how many spans a run reads, the newest last.
        split: by time or by hash.
        sampling: which unclicked impressions are left out of training; none if absent.
        limits: how much of the logs may be unusable.
        data: how much a span's data may differ from that of the spans before it.
        schema_: the curated schema (`schema` in YAML); derived from the features if absent.
        truth: a glob of Parquet files with the true probabilities, where logs are simulated.
        features: the model's inputs.
        heads: what is learnt: rates, values and watch times.
        group: the column of the impressions that says which of them are ranked together: a
            request, a session or a user.
        model: trunk x objective x balance.
        training: how long and how fast.
        export: in which form the model is exported.
        tuning: which keys of `model` and `training` a search tries, and what it is after.
        score: an expression over outputs and numeric columns, answered as `score`.
        slices: raw features, or several together, by whose values figures are told as well.
        evaluation: by which columns rows belong together when a model is judged.
        gates: the bars that a model must reach.
        serving: what its answers may cost.
        served: the log of served scores, where there is one.
        monitor: what served scores must keep to, hour by hour.
        beam: on which engine Beam runs; in the step's own process if absent.
        metadata: where runs on this machine are written down; a file in the work directory if
            absent.
        kubeflow: what it runs with there; `funnelrank compile` needs it, nothing else.
    """

    name: str
    logs: Logs
    attribution: Attribution = Attribution()
    window: Annotated[int, pydantic.Field(ge=1)] = 7
    split: Split = TimeSplit(eval=1)
    sampling: Sampling | None = None
    limits: Limits = Limits()
    data: DataGates = DataGates()
    schema_: str | None = pydantic.Field(default=None, alias="schema")
    truth: str | None = None
    features: Annotated[dict[str, Feature], pydantic.Field(min_length=1)]
    heads: Annotated[dict[str, Head], pydantic.Field(min_length=1)]
    group: str | None = None
    model: ModelConfig = ModelConfig()
    training: TrainingConfig = TrainingConfig()
    export: ExportConfig = ExportConfig()
    tuning: TuningConfig | None = None
    score: str | None = None
    slices: tuple[Slice, ...] = ()
    evaluation: EvaluationConfig = EvaluationConfig()
    gates: dict[str, Bars] = pydantic.Field(default_factory=dict)
    serving: ServingConfig = ServingConfig()
    served: Served | None = None
    monitor: Monitor = Monitor()
    beam: Beam = LocalBeam()
    metadata: MetadataStore = SqliteStore()
    kubeflow: KubeflowConfig | None = None

    @pydantic.model_validator(mode="before")
    @classmethod
    def _has_no_beam_args(cls, given: Any) -> Any:
        return refuse_beam_args(given)

    @pydantic.field_validator("name")
    @classmethod
    def _fits_kubeflow(cls, name: str) -> str:
        if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,127}", name):
            raise ValueError(
                "a pipeline's name has lower case letters, digits and hyphens only, because "
                f"Kubeflow refuses others. Received: {name!r}"
            )
        return name

    @pydantic.model_validator(mode="after")
    def _parts_agree(self) -> "PipelineConfig":
        check(self)
        return self

    def as_yaml(self) -> str:
        """Returns the config as YAML: what was said of it, overrides included."""
        said = self.model_dump(mode="json", by_alias=True, exclude_unset=True)
        return yaml.safe_dump(said, sort_keys=False, allow_unicode=True, width=100)

    def trying(self, values: Values) -> "PipelineConfig":
        """Returns a trial's config; raises ValueError if no config can have these values."""
        model, training = with_values(self.model, self.training, values)
        found = self.model_copy(update={"model": model, "training": training, "tuning": None})
        check(found)
        return found

    def outputs(self) -> tuple[str, ...]:
        """Returns the names of what the model answers."""
        return tuple(output.name for output in outputs(self.heads))

    def kinds(self) -> dict[str, str]:
        """Returns the kind of each output: rate, value or watch_time."""
        return {output.name: output.kind for output in outputs(self.heads)}

    def judged_by(self) -> EvaluationConfig:
        """Returns by which columns rows belong together, a request being by default a group."""
        return self.evaluation.model_copy(update={"request": self.evaluation.request or self.group})

    def truth_files(self) -> str | None:
        """Returns the absolute glob of the true probabilities; None where they are not known."""
        if self.truth is None:
            return None
        return os.path.join(glob.escape(os.path.abspath(self.logs.root)), self.truth)

    def labels(self) -> tuple[str, ...]:
        """Returns the labels of the heads, in order."""
        return labels(self.heads)

    def measurable(self) -> Measurable:
        """Returns what an evaluation of the model will find."""
        return Measurable(self.kinds(), self.judged_by(), self.slices)

    def parsed_gates(self) -> tuple[Gate, ...]:
        """Returns the gates, in the order of the YAML."""
        measurable = self.measurable()
        return tuple(
            parse_gate(name, bar, measurable) for name, bars in self.gates.items() for bar in bars
        )

    def columns(self) -> tuple[Column, ...]:
        """Returns the columns of an example."""
        extras: list[str] = []
        if self.score is not None:
            extras = [name for name in names_in_score(self.score) if name not in self.outputs()]
        sampled = self.sampling is not None
        return example_columns(
            self.logs,
            self.features,
            self.heads,
            extras,
            groups=self._groups(),
            sampled=sampled,
        )

    def naming_columns(self) -> frozenset[str]:
        """Returns the columns that name a person, a request or an event."""
        judged = self.judged_by()
        groups = [name for name in (self.group, judged.user, judged.request) if name]
        return naming_columns(self.logs, self.split, groups)

    def private_features(self) -> tuple[str, ...]:
        """Returns the features whose values no report and no log shows."""
        return private_features(self.features, self.naming_columns())

    def _groups(self) -> list[str]:
        """Returns the columns that say which rows belong together."""
        judged = self.judged_by()
        return [name for name in (self.group, judged.user, judged.request, judged.item) if name]

"""What a report shows of the features and of the data, from all who have looked at them."""

import os
from collections.abc import Mapping
from typing import Any

from tensorflow_metadata.proto.v0 import statistics_pb2
from tfx import types
from tfx.dsl.io import fileio
from tfx.types import artifact_utils

from components.data_report.component import schema_objections
from components.data_report.report import REPORT_FILE, Findings
from components.run_report.facts_of_data import Data, Distance, FeatureFacts, Importance, Rate

Artifacts = Mapping[str, types.Artifact]
_STATISTICS_FILE = "FeatureStats.pb"
_NEWEST = "newest span"


def feature_facts(
    spec: Mapping[str, Any], artifacts: Artifacts, diagnostics: Mapping[str, Any]
) -> dict[str, FeatureFacts]:
    """Returns what is known of each feature of the model.

    Args:
        spec: what made the model.
        artifacts: `data_report` and `statistics` of the run, where it has them.
        diagnostics: of the training: `importance` and `unseen`, where it has them.
    """
    findings = _findings(artifacts)
    coverage = _coverage(artifacts)
    importance, unseen = diagnostics.get("importance", {}), diagnostics.get("unseen", {})
    found = {}
    for name, feature in spec.get("features", {}).items():
        told = findings.features.get(name) if findings else None
        shares = dict(unseen.get(name, {}))
        if told is not None and told.unseen is not None:
            shares[_NEWEST] = told.unseen
        found[name] = FeatureFacts(
            kind=feature["kind"],
            side=feature.get("side", ""),
            coverage=told.coverage if told else coverage.get(name),
            coverage_before=told.coverage_before if told else None,
            drift=Distance.model_validate(told.drift.model_dump()) if told and told.drift else None,
            skew=Distance.model_validate(told.skew.model_dump()) if told and told.skew else None,
            unseen=shares,
            importance={
                output: Importance.model_validate(of_output[name])
                for output, of_output in importance.items()
                if name in of_output
            },
        )
    return found


def data_facts(artifacts: Artifacts) -> Data:
    """Returns what is known of the data beside its features."""
    anomalies = schema_objections(artifacts["anomalies"]) if "anomalies" in artifacts else []
    findings = _findings(artifacts)
    if findings is None:
        return Data(anomalies=tuple(anomalies))
    return Data(
        anomalies=tuple(anomalies),
        # The report of the data says again what the schema objects to.
        objections=tuple(text for text in findings.objections if text not in anomalies),
        rates={
            label: Rate(rate=told.rate, before=told.before, limit=told.limit)
            for label, told in findings.rates.items()
        },
        newest=findings.spans.newest,
        before=findings.spans.before,
    )


def _findings(artifacts: Artifacts) -> Findings | None:
    if "data_report" not in artifacts:
        return None
    with fileio.open(os.path.join(artifacts["data_report"].uri, REPORT_FILE)) as file:
        return Findings.model_validate_json(file.read())


def _coverage(artifacts: Artifacts) -> dict[str, float]:
    """Returns the share of the rows of all splits that have a value, by column."""
    statistics = artifacts.get("statistics")
    if statistics is None:
        return {}
    rows = 0
    values: dict[str, int] = {}
    for split in artifact_utils.decode_split_names(statistics.split_names):
        path = os.path.join(statistics.uri, f"Split-{split}", _STATISTICS_FILE)
        told = statistics_pb2.DatasetFeatureStatisticsList()
        with fileio.open(path, "rb") as file:
            told.ParseFromString(file.read())
        for dataset in told.datasets:
            rows += dataset.num_examples
            for feature in dataset.features:
                kind = feature.WhichOneof("stats")
                common = getattr(feature, kind).common_stats
                name = ".".join(feature.path.step)
                values[name] = values.get(name, 0) + common.num_non_missing
    return {name: count / rows for name, count in values.items()} if rows else {}

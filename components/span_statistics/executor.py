"""What TFX runs: examples in, one pass over them, an artifact out."""

import functools
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import apache_beam as beam
from tfx import types
from tfx.dsl.components.base import base_beam_executor
from tfx.dsl.io import fileio
from tfx.types import artifact_utils

from components.span_statistics.sample import table
from components.span_statistics.scan import LABELS, SAMPLES, VALUES, Scan, pieces, shards
from components.span_statistics.settings import StatisticsSettings
from components.span_statistics.summary import (
    GROUPS,
    NEWEST,
    Rate,
    Summary,
    Unseen,
    write_sample,
    write_summary,
)
from components.span_statistics.unseen import Counts, Values, add, compare, unseen

# Examples of the newest span that are sampled, and of all spans before it, about: the standard
# error of a share is then at most 0.0035, of a difference of two 0.005.
SAMPLE_ROWS = 20_000
# Values that one worker adds up, at most: about 100 MB.
_ROWS_A_PART = 2_000_000


class Executor(base_beam_executor.BaseBeamExecutor):
    """Reads all examples once; every figure is kept by span."""

    def Do(
        self,
        input_dict: dict[str, list[types.Artifact]],
        output_dict: dict[str, list[types.Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Fills the artifact `summary`; called by TFX.

        Args:
            input_dict: `examples` of LogExampleGen and their `ledger`.
            output_dict: the artifact.
            exec_properties: `settings`, StatisticsSettings as JSON.
        """
        self._log_startup(input_dict, output_dict, exec_properties)
        settings = StatisticsSettings.model_validate_json(exec_properties["settings"])
        examples, ledger = (
            artifact_utils.get_single_instance(input_dict[name]) for name in ("examples", "ledger")
        )
        summary = artifact_utils.get_single_instance(output_dict["summary"])
        fileio.makedirs(summary.uri)
        found = shards(examples.uri, artifact_utils.decode_split_names(examples.split_names))
        rows = _rows(ledger.uri, list(found))
        parts = 1 + sum(rows.values()) // _ROWS_A_PART
        with self._make_beam_pipeline() as pipeline:
            read = (
                pipeline
                | "List the shards" >> beam.Create(pieces(found, _shares(rows)))
                | "Spread them" >> beam.Reshuffle()
                | "Scan"
                >> beam.ParDo(Scan(settings, parts)).with_outputs(SAMPLES, VALUES, main=LABELS)
            )
            counts = (
                read[VALUES]
                | "Meet in a part" >> beam.GroupByKey()
                | "Compare" >> beam.MapTuple(functools.partial(_compare, list(found)))
            )
            told = {LABELS: read[LABELS], SAMPLES: read[SAMPLES], VALUES: counts}
            _ = (
                [
                    values
                    | f"Tag {name}" >> beam.Map(lambda value, name: ("", (name, value)), name)
                    for name, values in told.items()
                ]
                | "Gather" >> beam.Flatten()
                | "Meet" >> beam.GroupByKey()
                | "Write" >> beam.MapTuple(functools.partial(_write, settings, rows, summary.uri))
            )


def _rows(uri: str, spans: Sequence[str]) -> dict[str, int]:
    """Returns the examples of each span, as the ledger tells them."""
    with fileio.open(f"{uri}/ledger.json") as file:
        told = json.loads(file.read())["spans"]
    return {span: sum(of["rows"] for of in told if of["span"] == span) for span in spans}


def _shares(rows: Mapping[str, int]) -> dict[str, float]:
    """Returns the share of each span's examples that is sampled."""
    *earlier, newest = rows
    before = sum(rows[span] for span in earlier)
    return {
        span: min(1.0, SAMPLE_ROWS / max(1, rows[span] if span == newest else before))
        for span in rows
    }


def _pairs(spans: Sequence[str]) -> list[tuple[Sequence[str], str]]:
    """Returns the spans of a vocabulary and the one after them: of the newest, and one earlier.

    Both vocabularies are made of equally many spans: one of fewer knows fewer values.
    """
    if len(spans) < 3:
        return [(spans[:-1], spans[-1])] if len(spans) == 2 else []
    return [(spans[1:-1], spans[-1]), (spans[:-2], spans[-2])]


def _compare(
    spans: Sequence[str], key: tuple[str, int], found: Iterable[tuple[str, Values]]
) -> tuple[str, list[Counts]]:
    values = list(found)
    return key[0], [compare(values, known, span) for known, span in _pairs(spans)]


def _write(
    settings: StatisticsSettings,
    rows: Mapping[str, int],
    uri: str,
    _: str,
    told: Iterable[tuple[str, Any]],
) -> None:
    found: dict[str, list[Any]] = {LABELS: [], SAMPLES: [], VALUES: []}
    for name, value in told:
        found[name].append(value)
    rates: dict[str, dict[str, Rate]] = {}
    for span, labels in sorted(found[LABELS], key=lambda of: of[0]):
        for label, rate in labels.items():
            by_span = rates.setdefault(label, {})
            by_span[span] = by_span.get(span, Rate()) + rate
    write_summary(
        uri,
        Summary(
            spans=tuple(rows),
            rows=dict(rows),
            rates=rates,
            unseen={
                name: tuple(_unseen(name, settings, found[VALUES]))
                for name in settings.vocabularies()
            },
        ),
    )
    for group in GROUPS:
        samples = sorted(
            sample
            for sample in found[SAMPLES]
            if (sample[0] == list(rows)[-1]) == (group == NEWEST)
        )
        serialized = [example for _, _, examples in samples for example in examples]
        write_sample(uri, group, table(serialized, settings.columns))


def _unseen(
    name: str, settings: StatisticsSettings, found: Iterable[tuple[str, list[Counts]]]
) -> Iterator[Unseen]:
    parts = [counts for feature, counts in found if feature == name]
    for counts in zip(*parts, strict=True):
        share = unseen(add(counts), settings.vocabularies()[name])
        if share is None:
            return
        yield share

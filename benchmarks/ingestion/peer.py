"""The peer: the join as the Beam guide writes it, a dict for every row and CoGroupByKey by id."""

import csv
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import apache_beam as beam
import tensorflow as tf
from apache_beam.io.parquetio import ReadFromParquet
from apache_beam.io.textio import ReadFromText
from apache_beam.io.tfrecordio import WriteToTFRecord

from benchmarks.ingestion.logs import LISTS, NUMBERS, TEXTS
from benchmarks.ingestion.rows import CLICK_WINDOW, CONVERSION_WINDOW

Row = dict[str, Any]

_SECOND = 1_000_000  # microseconds


def run(root: Path, form: str, out: Path) -> None:
    """Writes the examples of the logs under `root` into `out`."""
    with beam.Pipeline(argv=["--runner=FnApiRunner"]) as pipeline:
        keyed = {
            log: pipeline
            | f"Read the {log}" >> _READERS[form](root, log)
            | f"Key the {log}" >> beam.Map(lambda row: (row["impression_id"], row))
            for log in ("impressions", "clicks", "conversions")
        }
        _ = (
            keyed
            | "Join" >> beam.CoGroupByKey()
            | "Label" >> beam.FlatMap(_label)
            | "Encode" >> beam.Map(_example)
            | "Write" >> WriteToTFRecord(str(out / "examples"), file_name_suffix=".gz")
        )


def _read_parquet(root: Path, log: str) -> beam.PTransform:
    return ReadFromParquet(f"{root}/{log}/*/*.parquet")


def _read_csv(root: Path, log: str) -> beam.PTransform:
    with next(root.glob(f"{log}/*/*.csv")).open(newline="") as file:
        header = next(csv.reader(file))
    return _CsvRows(f"{root}/{log}/*/*.csv", header)


class _CsvRows(beam.PTransform):
    """Reads CSV files of one header."""

    def __init__(self, pattern: str, header: list[str]):
        super().__init__()
        self._pattern, self._header = pattern, header

    def expand(self, begin: beam.pvalue.PBegin) -> beam.PCollection:
        lines = begin | ReadFromText(self._pattern, skip_header_lines=1)
        return lines | "Parse" >> beam.Map(_parse, self._header)


_READERS: Mapping[str, Callable[[Path, str], beam.PTransform]] = {
    "parquet": _read_parquet,
    "csv": _read_csv,
}


def _parse(line: str, header: list[str]) -> Row:
    row: Row = dict(zip(header, next(csv.reader([line])), strict=True))
    for name in ("timestamp", *NUMBERS):
        if name in row:
            row[name] = float(row[name]) if row[name] else None
    for name in LISTS:
        if name in row:
            row[name] = row[name].split("|") if row[name] else []
    return row


def _label(keyed: tuple[str, dict[str, Iterable[Row]]]) -> Iterator[Row]:
    _, found = keyed
    impressions = list(found["impressions"])
    if not impressions:
        return  # events of no impression
    row = min(impressions, key=lambda row: row["timestamp"])
    shown = row["timestamp"]
    clicks = [
        event["timestamp"]
        for event in found["clicks"]
        if 0 <= event["timestamp"] - shown <= CLICK_WINDOW
    ]
    bought = {
        (event["timestamp"], event["price"])
        for event in found["conversions"]
        if clicks and 0 <= event["timestamp"] - min(clicks) <= CONVERSION_WINDOW
    }
    value = sum(price for _, price in sorted(bought))
    yield {**row, "click": int(bool(clicks)), "conversion": int(bool(bought)), "value": value}


def _example(row: Row) -> bytes:
    features = {
        "impression_id": _bytes([row["impression_id"]]),
        "impression_time": _ints([round(row["timestamp"] * _SECOND)]),
        "click": _ints([row["click"]]),
        "conversion": _ints([row["conversion"]]),
        "value": _floats([row["value"]]),
    }
    for name in TEXTS:
        if row[name] not in (None, ""):
            features[name] = _bytes([row[name]])
    for name in NUMBERS:
        if row[name] is not None:
            features[name] = _floats([row[name]])
    for name in LISTS:
        if row[name]:
            features[name] = _bytes(row[name])
    return tf.train.Example(features=tf.train.Features(feature=features)).SerializeToString()


def _bytes(values: list[Any]) -> tf.train.Feature:
    return tf.train.Feature(
        bytes_list=tf.train.BytesList(value=[str(value).encode() for value in values])
    )


def _ints(values: list[int]) -> tf.train.Feature:
    return tf.train.Feature(int64_list=tf.train.Int64List(value=values))


def _floats(values: list[float]) -> tf.train.Feature:
    return tf.train.Feature(float_list=tf.train.FloatList(value=values))

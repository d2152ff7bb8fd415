"""Scores raw log rows with a pushed model, batch by batch, through its `predict_columns` door."""

import collections
import contextlib
import dataclasses
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import tensorflow as tf

from components.log_example_gen.cast import Field, cast, column_fields
from components.log_example_gen.read import FORMATS, Rows, read
from components.log_example_gen.rejects import Rejects
from models.spec import SPEC_FILE, ModelSpec
from pipeline.errors import Misuse
from schemas.columns import Column, length_name
from schemas.logs import IMPRESSION_TIME
from schemas.served_log import MODEL_VERSION

_BATCH_ROWS = 8192


@dataclasses.dataclass(frozen=True)
class Scored:
    """What scoring did: rows written, and rows left out by reason."""

    rows: int
    rejected: Mapping[str, int]


def score_logs(model_dir: Path, logs: Sequence[Path], out: Path, *, served: bool = False) -> Scored:
    """Writes the id and every answer of each row of `logs` to the Parquet file `out`.

    `out` appears at once, when all rows are scored. Rows whose values do not cast are left out and
    counted, as in ingestion.

    Args:
        model_dir: a version's folder, as pushed.
        logs: files or folders of impressions.
        out: Parquet file to write.
        served: whether to write also what makes it a log of served scores: when each row was
            shown, under the name that the impressions have for it, and the version of the model.

    Raises:
        Misuse: if the folder is no model, or the logs lack a column that the model reads.
    """
    if out.is_dir():
        raise Misuse(
            f"{out} is a folder: name the Parquet file to write, such as {out}/scores.parquet"
        )
    spec = read_spec(model_dir)
    fields = _fields(spec, served)
    version = model_dir.resolve().name if served else None
    files = list(_files(logs))
    door = tf.saved_model.load(str(model_dir)).signatures["predict_columns"]
    rejected: collections.Counter[str] = collections.Counter()
    part = out.with_name(f".{out.name}.part")
    try:
        batches = _batches(files, fields, rejected)
        rows = _write(part, (_answers(door, spec, batch, version) for batch in batches))
        if not rows:
            raise Misuse(
                "no row could be scored. Left out were: "
                + (", ".join(f"{n} ({why})" for why, n in sorted(rejected.items())) or "none")
                + ". Check the logs"
            )
        part.replace(out)
    finally:
        part.unlink(missing_ok=True)  # what failed leaves nothing behind
    return Scored(rows, dict(rejected))


def read_spec(model_dir: Path) -> ModelSpec:
    """Returns the spec kept beside a pushed model.

    Raises:
        Misuse: if the folder is no model of ours.
    """
    path = model_dir / "assets.extra" / SPEC_FILE
    try:
        return ModelSpec.model_validate_json(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise Misuse(
            f"{model_dir} is no model of funnelrank: it lacks assets.extra/{SPEC_FILE}. "
            "Give a version's folder, such as runs/demo/serving/1700000000"
        ) from error
    except ValueError as error:
        raise Misuse(f"{path} was made by another version of funnelrank: {error}") from error


def _fields(spec: ModelSpec, served: bool) -> tuple[Field, ...]:
    """Returns the columns to read.

    Raises:
        Misuse: if the time is wanted and the model does not say where it stands.
    """
    ids = (Field(name, _kept(name), "id") for name in spec.id)
    fields = (*ids, *column_fields(spec.inputs()))
    if not served:
        return fields
    if spec.time is None:
        raise Misuse(
            "this model was pushed before models kept the clock of the impressions, so its scores "
            "cannot be written as served: run the pipeline again"
        )
    return (*fields, Field(spec.time.column, IMPRESSION_TIME, "time", spec.time.unit))


def _answers(
    door: Callable[..., Mapping[str, tf.Tensor]],
    spec: ModelSpec,
    batch: pa.RecordBatch,
    version: str | None,
) -> pa.Table:
    answers = door(**_tensors(batch, spec.inputs()))
    found = {name: batch.column(_kept(name)) for name in spec.id}
    if version is not None and spec.time is not None:
        # As a timestamp it is read rightly with any unit; where it is a part of the id, it is text.
        when = batch.column(IMPRESSION_TIME).cast(pa.timestamp("us", "UTC"))
        found = {spec.time.column: when, **found}
        found[MODEL_VERSION] = pa.repeat(version, batch.num_rows)
    return pa.table(found | {name: pa.array(answers[name].numpy()) for name in sorted(answers)})


def _write(path: Path, tables: Iterable[pa.Table]) -> int:
    """Writes tables to one file and returns its rows; none writes no file."""
    rows = 0
    with contextlib.ExitStack() as stack:
        writer: pq.ParquetWriter | None = None
        for table in tables:
            writer = writer or stack.enter_context(pq.ParquetWriter(path, table.schema))
            writer.write_table(table)
            rows += table.num_rows
    return rows


def _files(logs: Sequence[Path]) -> Iterator[str]:
    for place in logs:
        if not place.exists():
            raise Misuse(f"there is no {place}")
        found = sorted(place.rglob("*")) if place.is_dir() else [place]
        ours = [file for file in found if file.is_file() and file.name.endswith(tuple(FORMATS))]
        if not ours:
            raise Misuse(f"{place} holds no log file: names end in {', '.join(FORMATS)}")
        yield from map(str, ours)


def _batches(
    files: Sequence[str], fields: Sequence[Field], rejected: collections.Counter[str]
) -> Iterator[pa.RecordBatch]:
    for file in files:
        rejects = Rejects("impressions", file)
        try:
            for rows in read(file, [field.source for field in fields], rejects):
                for part in _parts(rows):
                    typed, _ = cast(part, fields, rejects)
                    rejects.take()  # they are only counted here
                    if typed.num_rows:
                        yield typed
        except (ValueError, TypeError) as error:
            raise Misuse(str(error)) from error
        rejected.update(rejects.counts)


def _parts(rows: Rows) -> Iterator[Rows]:
    for start in range(0, rows.batch.num_rows, _BATCH_ROWS):
        part = slice(start, start + _BATCH_ROWS)
        yield Rows(rows.batch.slice(start, _BATCH_ROWS), rows.numbers[part])


def _kept(column: str) -> str:
    """Returns under which name an id travels: it may be a feature as well."""
    return f"{{{column}}}"


def _tensors(batch: pa.RecordBatch, columns: Sequence[Column]) -> dict[str, np.ndarray]:
    """Returns a batch as `predict_columns` takes it: "" and NaN are missing values."""
    tensors: dict[str, np.ndarray] = {}
    for column in columns:
        values = batch.column(column.name)
        if column.repeated:
            tensors |= _padded(column.name, values)
        elif column.type == "text":
            tensors[column.name] = values.fill_null("").to_numpy(zero_copy_only=False)
        else:
            numbers = values.cast(pa.float32()).fill_null(float("nan"))
            tensors[column.name] = numbers.to_numpy(zero_copy_only=False)
    return tensors


def _padded(name: str, lists: pa.Array) -> dict[str, np.ndarray]:
    lengths = np.asarray(lists.value_lengths().fill_null(0)).astype(np.int64)
    mask = np.arange(max(1, lengths.max(initial=0)))[None, :] < lengths[:, None]
    padded = np.full(mask.shape, "", dtype=object)
    padded[mask] = lists.flatten().to_numpy(zero_copy_only=False)
    return {name: padded, length_name(name): lengths}

"""Faults of the logs: they vanish, break off, or are not what they were."""

import contextlib
import functools
import gzip
import io
from collections.abc import Iterator

import pyarrow as pa
import pyarrow.parquet as pq

from tests.faults.fault import Fault, away, besides, instead, remove
from tests.faults.process import At, Ended, as_an_owner
from tests.faults.shop import DAYS, Shop

_FAR = 4_102_444_800  # 2100-01-01


def a_day_is_gone(shop: Shop) -> Iterator[Ended]:
    with away(shop.logs / "impressions" / DAYS[-1]):
        yield shop.run("--span", DAYS[-1])


def the_clock_is_back(shop: Shop) -> Iterator[Ended]:
    yield shop.run("--as-of", "2025-01-01T00:00:00Z")


def a_column_is_gone(shop: Shop) -> Iterator[Ended]:
    rows = pq.read_table(shop.file("impressions", DAYS[1])).drop_columns(["price"])
    with instead(shop.file("impressions", DAYS[1]), _parquet(rows)):
        yield shop.run()


def the_first_file_breaks_off(shop: Shop) -> Iterator[Ended]:
    whole = shop.file("impressions", DAYS[1]).read_bytes()
    with instead(shop.file("impressions", DAYS[1]), whole[: len(whole) // 2]):
        yield shop.run()


def clicks_vanish(shop: Shop) -> Iterator[Ended]:
    clicks = shop.logs / "clicks"
    aside = clicks.with_name(".clicks")
    with _more(shop, "z.parquet", shop.file("impressions").read_bytes()):  # else nothing is read
        ended = shop.run(at=At("LogExampleGen", "starts", functools.partial(clicks.rename, aside)))
    aside.rename(clicks)
    yield ended


def one_file_vanishes(shop: Shop) -> Iterator[Ended]:
    extra = shop.logs / "impressions" / DAYS[-1] / "z.parquet"
    with besides(extra, shop.file("impressions").read_bytes()):
        yield shop.run(at=At("LogExampleGen", "starts", functools.partial(remove, extra)))


def a_later_file_breaks_off(shop: Shop) -> Iterator[Ended]:
    with _more(shop, "z.csv.gz", gzip.compress(_csv(shop))[:900]):
        yield shop.run()


def a_type_is_another(shop: Shop) -> Iterator[Ended]:
    rows = pq.read_table(shop.file("impressions"))
    words = pa.array(["cheap"] * rows.num_rows)
    rows = rows.set_column(rows.schema.get_field_index("price"), "price", words)
    with _more(shop, "z.parquet", _parquet(rows)):
        yield shop.run()


def bytes_are_no_text(shop: Shop) -> Iterator[Ended]:
    with _more(shop, "z.csv", _csv(shop).replace(b",i", b",\xff\xfe")):
        yield shop.run()


def the_writer_s_clock_is_ahead(shop: Shop) -> Iterator[Ended]:
    rows = pq.read_table(shop.file("impressions"))
    times = pa.array([_FAR] * rows.num_rows, rows.schema.field("timestamp").type)
    rows = rows.set_column(rows.schema.get_field_index("timestamp"), "timestamp", times)
    with _more(shop, "z.parquet", _parquet(rows)):
        yield shop.run()


def a_file_may_not_be_read(shop: Shop) -> Iterator[Ended]:
    with _more(shop, "z.parquet", shop.file("impressions").read_bytes()) as path:
        path.chmod(0)
        yield shop.run(first=as_an_owner)


def a_link_leads_nowhere(shop: Shop) -> Iterator[Ended]:
    with _more(shop, "z.parquet", b"") as path:
        path.unlink()
        path.symlink_to(path.with_name("gone.parquet"))
        yield shop.run()


def links_lead_in_a_circle(shop: Shop) -> Iterator[Ended]:
    with _more(shop, "circle", b"") as path:
        path.unlink()
        path.symlink_to(path.parent)
        yield shop.run()


FAULTS = (
    Fault("The newest day of impressions is deleted", "before the run", a_day_is_gone, 2),
    Fault("The clock is years back, as by `--as-of`", "before the run", the_clock_is_back, 2),
    Fault("A log no longer has a column", "before the run", a_column_is_gone, 2),
    Fault("A log's first file breaks off", "before the run", the_first_file_breaks_off, 2),
    Fault("All clicks are deleted", "between check and reading", clicks_vanish, 1, of_logs=True),
    Fault(
        "One file of many is deleted",
        "between check and reading",
        one_file_vanishes,
        1,
        of_logs=True,
    ),
    Fault("A gzipped file breaks off", "before the run", a_later_file_breaks_off, 1, of_logs=True),
    Fault("A column has another type", "before the run", a_type_is_another, 1, of_logs=True),
    Fault("A text is not UTF-8", "before the run", bytes_are_no_text, 1, of_logs=True),
    Fault(
        "A writer's clock is 74 years ahead",
        "before the run",
        the_writer_s_clock_is_ahead,
        1,
        of_logs=True,
    ),
    Fault("A file may not be read", "before the run", a_file_may_not_be_read, 1, of_logs=True),
    Fault(
        "A file is a link that leads nowhere",
        "before the run",
        a_link_leads_nowhere,
        1,
        of_logs=True,
    ),
    Fault("Links of folders lead in a circle", "before the run", links_lead_in_a_circle, 0),
)


@contextlib.contextmanager
def _more(shop: Shop, name: str, content: bytes) -> Iterator:
    path = shop.logs / "impressions" / DAYS[-1] / name
    with besides(path, content):
        yield path


def _parquet(rows: pa.Table) -> bytes:
    sink = io.BytesIO()
    pq.write_table(rows, sink)
    return sink.getvalue()


def _csv(shop: Shop) -> bytes:
    rows = pq.read_table(shop.file("impressions"))
    names = ["impression_id", "timestamp", "item_id", "price"]
    lines = [",".join(names), *(",".join(str(row[n]) for n in names) for row in rows.to_pylist())]
    return "\n".join(lines).encode()

"""Faults of a finished run's work directory, and of what surrounds a run."""

import contextlib
import functools
import os
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

from components.lock import exclusive
from tests.faults.fault import Fault, away, besides, instead, remove
from tests.faults.process import At, Ended, as_an_owner, close_reader
from tests.faults.shop import Shop

_FUTURE = "29991231T235958Z"


def the_config_is_no_yaml(shop: Shop) -> Iterator[Ended]:
    with instead(shop.config, b"name: [shop\n"):
        yield shop.run()


def the_config_is_edited(shop: Shop) -> Iterator[Ended]:
    with instead(shop.config, shop.config.read_bytes()):
        edit = functools.partial(shop.config.write_text, "name: [shop\n")
        yield shop.run(at=At("LogGate", "starts", edit))


def the_work_is_a_file(shop: Shop) -> Iterator[Ended]:
    yield shop.run("--work", str(shop.config))


def the_work_may_not_be_written(shop: Shop) -> Iterator[Ended]:
    shop.work.root.chmod(0o555)
    yield shop.run(first=as_an_owner)
    shop.work.root.chmod(0o755)


def the_log_cannot_be_opened(shop: Shop) -> Iterator[Ended]:
    with instead(shop.work.logs, b""):
        yield shop.run()


def the_report_cannot_be_written(shop: Shop) -> Iterator[Ended]:
    with instead(shop.work.reports, b""):
        yield shop.run()


def no_temporary_folder(shop: Shop) -> Iterator[Ended]:
    yield shop.run(first=_no_temporary_folder)


def the_reader_goes_away(shop: Shop) -> Iterator[Ended]:
    yield shop.run(first=close_reader)


def another_run_is_at_work(shop: Shop) -> Iterator[Ended]:
    with exclusive(shop.work.lock):
        yield shop.run()


def leftovers_of_all_kinds(shop: Shop) -> Iterator[Ended]:
    root = shop.work.root
    for name in (
        *("serving/.incoming/1/saved_model.pb", "checkpoints/1.gone/x", "tmp/x", "analyses/1.part"),
        *("reports/20200101T000000Z/facts.json", "reports/20200101T000000Z/facts.json.part"),
    ):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    yield shop.run()


def runs_of_the_future(shop: Shop) -> Iterator[Ended]:
    log = shop.work.logs / f"{_FUTURE}.log"
    with besides(log, b"of the future"):
        yield shop.run()
        assert log.read_bytes() == b"of the future"
    later = shop.work.logs / f"{_FUTURE.replace('58Z', '59Z')}.log"
    later.unlink()
    remove(shop.work.reports / later.stem)


def metadata_is_locked_for_a_moment(shop: Shop) -> Iterator[Ended]:
    with _locked(shop.work.metadata) as release:
        timer = threading.Timer(2, release)
        timer.start()
        yield shop.run()
        timer.join()


def metadata_is_locked(shop: Shop) -> Iterator[Ended]:
    with _locked(shop.work.metadata):
        yield shop.run()


def metadata_is_broken(shop: Shop) -> Iterator[Ended]:
    with instead(shop.work.metadata, b"no database" * 1000):
        yield shop.run()


def metadata_is_gone(shop: Shop) -> Iterator[Ended]:
    with away(shop.work.metadata):
        yield shop.run()


def metadata_may_not_be_written(shop: Shop) -> Iterator[Ended]:
    shop.work.metadata.chmod(0o444)
    yield shop.run(first=as_an_owner)
    shop.work.metadata.chmod(0o644)


def metadata_vanishes(shop: Shop) -> Iterator[Ended]:
    metadata = shop.work.metadata
    aside = metadata.with_name("aside")
    ended = shop.run(at=At("Evaluator", "starts", functools.partial(metadata.rename, aside)))
    if aside.exists():
        remove(metadata)
        aside.rename(metadata)
    yield ended


def a_result_is_half_gone(shop: Shop) -> Iterator[Ended]:
    (model,) = shop.work.artifacts.glob("Trainer/model/*/Format-Serving/saved_model.pb")
    with away(model):
        yield shop.run("--set", "slices=[item_id]")


def a_result_is_gone(shop: Shop) -> Iterator[Ended]:
    remove(shop.work.artifacts / "ModelGate" / "blessing")
    yield shop.run()


def the_served_model_is_gone(shop: Shop) -> Iterator[Ended]:
    with contextlib.ExitStack() as stack:
        for version in shop.versions():
            aside = shop.work.root / f"aside-{version}"
            (shop.work.serving / version).rename(aside)
            stack.callback(aside.rename, shop.work.serving / version)
        yield shop.run()


def the_served_model_breaks(shop: Shop) -> Iterator[Ended]:
    (version,) = shop.versions()
    graph = shop.work.serving / version / "saved_model.pb"
    with instead(graph, graph.read_bytes()[:1000]):
        yield shop.run("--set", "training.seed=2")


FAULTS = (
    Fault("The config is no YAML", "before the run", the_config_is_no_yaml, 2),
    Fault("The config is edited", "LogGate at work", the_config_is_edited, 0),
    Fault("`--work` is a file", "before the run", the_work_is_a_file, 2),
    Fault("`--work` may not be written", "before the run", the_work_may_not_be_written, 2),
    Fault("The log file cannot be opened", "before the run", the_log_cannot_be_opened, 2),
    Fault("The report cannot be written", "RunReport at work", the_report_cannot_be_written, 1),
    Fault("`TMPDIR` is not there", "before the run", no_temporary_folder, 0),
    Fault("The reader of stdout goes away (`head`)", "before the run", the_reader_goes_away, 0),
    Fault("Another run is at work there", "before the run", another_run_is_at_work, 1),
    Fault(
        "Half-written files of every kind lie about", "before the run", leftovers_of_all_kinds, 0
    ),
    Fault(
        "The clock was put back: the log of a run of 2999 is there",
        "before the run",
        runs_of_the_future,
        0,
    ),
    Fault(
        "`metadata.sqlite` is locked for seconds",
        "before the run",
        metadata_is_locked_for_a_moment,
        0,
    ),
    Fault("`metadata.sqlite` is locked for good", "before the run", metadata_is_locked, 1),
    Fault("`metadata.sqlite` is no database", "before the run", metadata_is_broken, 1),
    Fault("`metadata.sqlite` is deleted", "before the run", metadata_is_gone, 2),
    Fault("`metadata.sqlite` is deleted", "Evaluator at work", metadata_vanishes, 1),
    Fault("`metadata.sqlite` is read-only", "before the run", metadata_may_not_be_written, 1),
    Fault("A file of a result is deleted", "before the run", a_result_is_half_gone, 1),
    Fault("The folder of a result is deleted", "before the run", a_result_is_gone, 0),
    Fault(
        "The served model is deleted",
        "before the run",
        the_served_model_is_gone,
        1,
        "Nothing new is served.*\\n.*",
    ),
    Fault("The served model breaks off", "before the run", the_served_model_breaks, 1),
)


def _no_temporary_folder() -> None:
    os.environ["TMPDIR"] = "/nowhere"


@contextlib.contextmanager
def _locked(database: Path) -> Iterator:
    """Holds a SQLite file, as another program may; gives what ends that."""
    connection = sqlite3.connect(database, check_same_thread=False, isolation_level=None)
    connection.execute("BEGIN EXCLUSIVE")
    released = threading.Event()

    def release() -> None:
        if not released.is_set():
            released.set()
            connection.execute("ROLLBACK")

    try:
        yield release
    finally:
        release()
        connection.close()

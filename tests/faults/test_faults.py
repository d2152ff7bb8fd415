"""Each line of docs/faults.md, obtained anew; and after all of it the model is what it would be."""

import json

import pytest

from docs.faults_page import KILLS, PAGE, kills_section, page
from tests.faults import of_logs, of_places, of_runs
from tests.faults.disk import small_disk
from tests.faults.fault import Fault, Outcome, caused
from tests.faults.shop import Shop

pytestmark = pytest.mark.e2e

# After these the next run removes what is left: nobody could, at the time.
UNCLEAN = ("`kill -9`", "The disk is full", "The terminal is closed", "The last checkpoint")


@pytest.fixture(scope="module")
def logs(tmp_path_factory):
    return tmp_path_factory.mktemp("faults") / "logs"


@pytest.fixture(scope="module")
def calm(logs):
    """A shop whose first run nothing disturbed."""
    shop = Shop(logs, logs.parent / "calm")
    ended = shop.run()
    assert (ended.code, ended.error, shop.half_done()) == (0, "", [])
    return shop


@pytest.fixture(scope="module")
def figures(calm):
    """Of the undisturbed run."""
    return calm.figures()


@pytest.fixture(scope="module")
def disk(logs):
    logs.parent.mkdir(exist_ok=True)
    with small_disk(logs.parent / "storm") as mounted:
        yield mounted


@pytest.fixture(scope="module")
def storm(logs, disk):
    """A shop of which every run but the last is disturbed."""
    return Shop(logs, logs.parent / "storm")


@pytest.fixture(scope="module")
def finished():
    """The steps that the runs of the storm have finished."""
    return []


def test_the_page_is_of_these_faults_and_of_the_kills_that_were_counted():
    told = PAGE.read_text(encoding="utf-8")
    lines = [line for line in told.splitlines() if line.startswith("| ")][1:]
    assert told == page(lines, kills_section(json.loads(KILLS.read_text(encoding="utf-8"))))
    assert [line.split(" | ")[0].removeprefix("| ") for line in lines] == [
        fault.what for fault in (*of_logs.FAULTS, *of_places.FAULTS, *of_runs.FAULTS)
    ]


def check(outcome: Outcome, shop: Shop) -> None:
    ended = outcome.ended
    assert ended.code == outcome.fault.code, (ended.output, ended.error)
    assert "Traceback" not in ended.output + ended.error
    if ended.code > 0:
        assert len(ended.error.splitlines()) == (0 if outcome.fault.shown else 1)
    assert outcome.line(shop) in PAGE.read_text(encoding="utf-8").splitlines()


# Every third; all of them in the long form.
SINGLE = [
    pytest.param(fault, marks=pytest.mark.long if number % 3 else (), id=fault.happen.__name__)
    for number, fault in enumerate((*of_logs.FAULTS, *of_places.FAULTS))
]


@pytest.mark.parametrize("fault", SINGLE)
def test_a_fault_is_one_sentence_and_nothing_is_lost(fault: Fault, calm, figures):
    served = calm.versions()
    check(caused(fault, calm), calm)
    assert calm.versions() == served
    assert calm.half_done() == []


def test_when_all_is_mended_every_result_is_still_there(calm, figures):
    served = calm.versions()
    ended = calm.run()
    assert (ended.code, ended.error, ended.worked) == (0, "", ["RunReport"])
    assert (calm.versions(), calm.figures()) == (served, figures)


@pytest.mark.parametrize("fault", of_runs.FAULTS, ids=lambda fault: f"{fault.what}: {fault.moment}")
def test_a_disturbed_run_keeps_what_it_finished(fault: Fault, storm, disk, finished):
    if not disk and fault.what == "The disk is full":
        pytest.skip("no file system may be mounted here, and no other may be filled")
    outcome = caused(fault, storm)
    check(outcome, storm)
    assert set(finished) <= {*outcome.ended.cached}
    finished[:] = [*finished, *outcome.ended.worked]
    if not fault.what.startswith(UNCLEAN):
        assert storm.half_done() == []


def test_after_the_storm_the_model_has_the_figures_of_an_undisturbed_run(storm, figures):
    ended = storm.run()
    assert (ended.code, ended.error) == (0, "")
    assert storm.half_done() == []
    assert len(storm.versions()) == 1
    assert storm.figures() == figures

import json

import numpy as np
import pytest

from pipeline.timings import Peak, Timings

MIB = 2**20


@pytest.fixture
def file(tmp_path):
    return tmp_path / "timings" / "20261122T150641Z.json"


def pretended(folder, status="VmPeak:\t   900 kB\nVmHWM:\t     345 kB\nVmRSS:\t  100 kB\n"):
    """Makes a folder that looks like `/proc/self`."""
    folder.mkdir()
    (folder / "status").write_text(status)
    (folder / "clear_refs").write_text("")
    return folder


def test_a_node_s_peak_is_its_own_and_not_that_of_the_node_before(file):
    timings = Timings(file, Peak())
    for node, mib in (("Large", 300), ("Small", 1)):
        timings.start()
        held = np.ones(mib * MIB, np.uint8)
        del held
        timings.end(node, 1.0, cached=False, rows=None)
    large, small = (one["peak_bytes"] for one in json.loads(file.read_text()))
    assert 200 * MIB < large - small < 310 * MIB


def test_the_peak_is_what_the_system_tells_in_bytes_after_it_was_told_to_forget(tmp_path):
    folder = pretended(tmp_path / "self")
    peak = Peak(folder)
    peak.reset()
    assert (folder / "clear_refs").read_text() == "5"
    assert peak.read() == (345 * 1024, "")


def test_where_the_peak_cannot_be_reset_it_is_not_known_and_the_file_says_why(tmp_path, file):
    timings = Timings(file, Peak(tmp_path / "nowhere"))
    timings.start()
    timings.end("Trainer", 2.0, cached=False, rows=10)
    (timing,) = json.loads(file.read_text())
    assert timing["peak_bytes"] is None
    assert timing["no_peak"] == (
        "this system does not let a process reset its peak: No such file or directory"
    )


def test_where_the_system_tells_no_peak_the_reason_says_so(tmp_path):
    peak = Peak(pretended(tmp_path / "self", status="VmRSS:\t 100 kB\n"))
    peak.reset()
    assert peak.read() == (None, "this system does not tell a process its peak (VmHWM)")


def test_the_file_holds_every_node_so_far_in_order_and_nothing_else_lies_beside_it(tmp_path, file):
    timings = Timings(file, Peak(pretended(tmp_path / "self")))
    for node, cached, rows in (("LogExampleGen", True, None), ("Trainer", False, 180)):
        timings.start()
        timings.end(node, 1.23456, cached=cached, rows=rows)
        newest = json.loads(file.read_text())[-1]
        assert newest == {
            "node": node,
            "seconds": 1.235,
            "cached": cached,
            "rows": rows,
            "peak_bytes": 345 * 1024,
        }
    assert [one["node"] for one in json.loads(file.read_text())] == ["LogExampleGen", "Trainer"]
    assert list(file.parent.iterdir()) == [file]

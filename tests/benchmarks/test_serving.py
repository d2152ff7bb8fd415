import dataclasses
import json

import click
import pytest
from click.testing import CliRunner

from benchmarks import serving
from benchmarks.serving_speed.crew import Result, Warm


def warm(*medians: float, slowest: float = 0) -> Warm:
    """Turns of 39 requests around a median, and a last one that took `slowest`."""
    turns = tuple((median,) * 39 + (slowest or median,) for median in medians)
    return Warm(turns, tuple(tuple(time / 2 for time in turn) for turn in turns), (100.0, 300, 200))


def result(*medians: float, **other: float) -> Result:
    found = warm(*medians, **other)
    return Result(
        (900, 100, 200), (9, 1, 2), 600, 1000, {"ctr": (0.1, 0.2)}, {1: found, 500: found}
    )


# The second turn fell into a bad time, for all of them.
FOUND = {
    "rank": result(4, 40, 4),
    "serving_default": result(8, 80, 8.1, slowest=17),
    "DeepCTR": result(5, 50, 4),
}


def test_a_ratio_is_the_median_over_turns():
    assert serving.times(FOUND, "rank", "DeepCTR", 500) == pytest.approx(0.8)
    assert serving.times(FOUND, "serving_default", "DeepCTR", 500, cpu=True) == pytest.approx(1.6)


def test_bars_compare_medians_and_the_tail_of_each_door():
    found = {bar["bar"]: (bar["measured"], bar["reached"]) for bar in serving.bars(FOUND, "esmm")}
    assert found == {
        "esmm: rank takes 1 x DeepCTR": (pytest.approx(0.8), True),
        "esmm: rank takes 0.6 x serving_default": (pytest.approx(0.5), True),
        "esmm: serving_default takes 1.6 x DeepCTR": (pytest.approx(1.6), True),
        "esmm: p99 of rank is 2 x its p50": (10.0, False),
        "esmm: p99 of serving_default is 2 x its p50": (pytest.approx(80 / 8.1), False),
    }
    slower = serving.bars({**FOUND, "rank": result(5, 51, 4.9)}, "esmm")
    assert [bar["reached"] for bar in slower[:2]] == [False, False]


def test_what_the_processors_worked_is_judged_beside_the_clock():
    disturbed = dataclasses.replace(warm(4, 4, 4), wall=((4.0,) * 90 + (9.0,) * 10,))
    found = {"rank": dataclasses.replace(result(4), warm={500: disturbed})}
    (bar,) = serving.bars(found, "mmoe")
    assert (bar["measured"], bar["reached"]) == (2.25, False)
    assert (bar["cpu"], bar["reached_cpu"]) == (1.0, True)


def test_without_the_peer_there_is_nothing_to_compare_with():
    table = serving.show({"rank": FOUND["rank"]}, "esmm", 2)
    assert table.title == "esmm, 2 threads: warm requests, ms"
    assert table.row_count == 2 * 2
    assert list(table.columns[6].cells) == [""] * 4


def test_doors_that_answer_differently_are_not_compared():
    serving.check_same(FOUND)
    other = dataclasses.replace(FOUND["rank"], answers={"ctr": (0.1, 0.21)})
    with pytest.raises(click.ClickException, match=r"rank and serving_default .* by 0.01; at most"):
        serving.check_same({**FOUND, "rank": other})


def test_the_help_needs_no_framework_and_names_every_candidate():
    done = CliRunner().invoke(serving.main, ["--help"])
    assert done.exit_code == 0
    for name in ("rank", "DeepCTR", "parsing alone", "products alone"):
        assert name in done.output


@pytest.mark.long
def test_one_run_writes_its_figures(tmp_path):
    report = tmp_path / "serving.json"
    arguments = ["--architecture", "esmm", "--candidate", "products alone", "--turns", "2"]
    arguments += ["--items", "1", "--items", "50", "--threads", "1", "--starts", "2"]
    arguments += ["--seconds", "0.05", "--data", str(tmp_path / "data"), "--json", str(report)]
    done = CliRunner().invoke(serving.main, arguments)
    assert done.exit_code == 0, done.output
    found = json.loads(report.read_text())["results"]["esmm, 1"]["products alone"]
    assert list(found["warm"]) == ["1", "50"]
    for figures in found["warm"].values():
        assert figures["requests"] >= 2 and len(figures["medians_ms"]) == 2
        assert 0 < figures["p50_ms"] <= figures["p95_ms"] <= figures["p99_ms"]
        assert figures["cpu_p50_ms"] > 0 and figures["qps"] > 1
    assert found["warm"]["1"]["cpu_p50_ms"] < found["warm"]["50"]["cpu_p50_ms"]
    assert found["load_ms"] > 0 and found["first_ms"] > 0
    assert 100 < found["idle_mb"] <= found["peak_mb"]
    assert "products alone" in done.output and "load ms" in done.output

import tracemalloc

import numpy as np
import pyarrow as pa
import pytest

from components.evaluator.scoring import USER, answer_column, outcome_column, slice_column
from components.evaluator.settings import EvaluatorSettings
from components.evaluator.slicing import Slicing
from components.evaluator.tallying import Tally, Tallying
from components.log_example_gen.spill import Spill
from schemas.columns import Column
from schemas.evaluation import EvaluationConfig
from schemas.heads import Head

SETTINGS = EvaluatorSettings(
    heads={"ctr": Head(label="click"), "spend": Head(label="spent", given="ctr", kind="value")},
    columns=(
        *(Column(name, "text") for name in ("impression_id", "user", "device")),
        Column("click", "int"),
        Column("spent", "float"),
    ),
    slices=(("device",),),
    evaluation=EvaluationConfig(user="user"),
)
OUTPUTS = ("ctr", "spend", "ctspend")
TALLYING = Tallying(SETTINGS, ("candidate", "constant"), {"ctr": 0.5, "spend": 2.0, "ctspend": 1.0})
PHONE, REST = (("device", "phone"),), (("device", "(other)"),)
SLICING = Slicing(np.array([7]), (PHONE, REST))


@pytest.fixture
def count(tmp_path):
    """Counts rows (user, device's hash, click, spent, answer), dealt to segments."""

    def run(rows, segments=1):
        user, device, click, spent, answer = (np.array(c) for c in zip(*rows, strict=True))
        columns = {
            USER: user,
            slice_column(0): device,
            outcome_column("click"): click.astype(np.float32),
            outcome_column("spent"): spent.astype(np.float32),
            **{answer_column("candidate", o): answer.astype(np.float32) for o in OUTPUTS},
        }
        batch = pa.RecordBatch.from_pydict(columns)
        with Spill(str(tmp_path)) as spill:
            parts = [
                spill.write("rows", place, [batch.slice(place * len(rows) // segments, n)])
                for place, n in enumerate(np.diff(np.arange(segments + 1) * len(rows) // segments))
            ]
        return dict(Tally(TALLYING).process((0, parts), (SLICING,)))

    return run


NAN = float("nan")
ROWS = [
    (20, 7, 1, 4.0, 0.75),
    (20, 7, 0, NAN, 0.25),
    (41, 7, NAN, NAN, 0.5),
    (41, 8, 1, 1.0, 0.5),
    (62, 9, 0, NAN, 0.125),
]


def counts(tally):
    return tally.rows, {o: (tally.tallies[o].rows, tally.masked[o]) for o in OUTPUTS}


def test_rows_are_counted_in_all_slices_that_they_are_in(count):
    found = count(ROWS, segments=2)
    assert {key: counts(tally) for key, tally in found.items()} == {
        (): (5, {"ctr": (4, 1), "spend": (2, 0), "ctspend": (4, 1)}),
        PHONE: (3, {"ctr": (2, 1), "spend": (1, 0), "ctspend": (2, 1)}),
        REST: (2, {"ctr": (2, 0), "spend": (1, 0), "ctspend": (2, 0)}),
    }
    told = found[()].figures()
    ctr = told.outputs["ctr"].models
    assert told.slice == {} and told.outputs["ctr"].curves
    assert ctr["candidate"]["auc"].value == 1.0
    assert ctr["constant"]["mean_prediction"].value == 0.5
    assert told.outputs["spend"].models["constant"]["mae"].value == 1.5  # of 2 and 1
    phone = found[PHONE].figures()
    assert phone.slice == {"device": "phone"} and not phone.outputs["ctr"].curves


def test_a_small_slice_does_not_hold_a_partition_in_memory(count):
    rows = [(20 * number, 7 if number < 3 else 8, 1, 1.0, 0.5) for number in range(50_000)]
    tracemalloc.start()
    phone = count(rows)[PHONE]
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert phone.rows == 3
    assert held < 200_000  # a column of the partition alone is 400,000 bytes


def test_of_no_rows_there_is_a_tally_too():
    nothing = TALLYING.nothing()
    assert counts(nothing) == (0, dict.fromkeys(OUTPUTS, (0, 0)))
    assert set(nothing.figures().outputs["spend"].models) == {"candidate", "constant"}

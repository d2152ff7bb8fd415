import pickle

import numpy as np

from components.evaluator.tallies import MergeTallies, SliceTally
from evaluation.rows import Rows
from evaluation.tally import OutputTally

MODELS = ("candidate", "constant")


def tally(rows, in_slice=(), masked=0):
    """A tally of these numbers of rows."""
    draw = np.random.default_rng(7)
    scores, labels = draw.random(100)[rows], (draw.random(100) < 0.5).astype(float)[rows]
    found = OutputTally("rate", MODELS)
    predictions = {"candidate": scores, "constant": np.full(len(scores), 0.5)}
    found.add(Rows(labels, np.ones(len(scores)), predictions, np.arange(100)[rows] % 20))
    return SliceTally(in_slice, len(scores) + masked, {"ctr": found}, {"ctr": masked})


def test_tallies_of_parts_add_up_to_that_of_all():
    combine = MergeTallies()
    parts = [tally(np.s_[:30], masked=2), tally(np.s_[30:31]), tally(np.s_[31:], masked=1)]
    sent = [pickle.loads(pickle.dumps(part)) for part in parts]
    accumulators = [combine.add_input(combine.create_accumulator(), part) for part in sent]
    nothing = [combine.create_accumulator()]
    merged = combine.extract_output(combine.merge_accumulators([*nothing, *accumulators]))
    whole = tally(np.s_[:], masked=3)
    assert merged.rows == whole.rows == 103
    assert merged.figures() == whole.figures()


def test_of_nothing_there_is_nothing():
    combine = MergeTallies()
    merged = combine.merge_accumulators([combine.create_accumulator()])
    assert combine.extract_output(merged) is None


def test_figures_name_the_slice_and_only_all_rows_have_curves():
    everything = tally(np.s_[:], masked=4).figures()
    assert (everything.slice, everything.outputs["ctr"].masked) == ({}, 4)
    assert set(everything.outputs["ctr"].curves) == set(MODELS)
    part = tally(np.s_[:50], (("device", "tv"), ("hour", "3"))).figures()
    assert part.slice == {"device": "tv", "hour": "3"}
    assert not part.outputs["ctr"].curves

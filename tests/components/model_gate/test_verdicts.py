import dataclasses
import json
import math

import pytest

from components.model_gate.verdicts import VERDICTS_FILE, Verdict, read_verdicts, verdicts_text

VERDICT = Verdict(
    gate="ctr.auc[device=*]",
    slice={"device": "phone"},
    bar=">= 0.6",
    value=0.75,
    low=0.7,
    high=0.8,
    baseline=None,
    said="passed",
    spoke=True,
    passed=True,
    reason="ctr.auc[device=phone] is 0.7500, it must be at least 0.6000",
)


def test_a_verdict_is_called_after_the_slice_that_was_judged():
    assert VERDICT.name == "ctr.auc[device=phone]"
    assert dataclasses.replace(VERDICT, gate="ctr.auc", slice={}).name == "ctr.auc"


def test_verdicts_are_read_as_they_were_written(tmp_path):
    (tmp_path / VERDICTS_FILE).write_text(verdicts_text([VERDICT, VERDICT]), encoding="utf-8")
    assert read_verdicts(tmp_path) == (VERDICT, VERDICT)


def test_what_was_not_measured_stays_so(tmp_path):
    text = verdicts_text([dataclasses.replace(VERDICT, value=math.nan)])
    (tmp_path / VERDICTS_FILE).write_text(text, encoding="utf-8")
    assert math.isnan(read_verdicts(str(tmp_path))[0].value)
    assert json.loads(text)[0]["slice"] == {"device": "phone"}


def test_a_blessing_without_verdicts_says_so(tmp_path):
    with pytest.raises(OSError, match=VERDICTS_FILE):
        read_verdicts(tmp_path)

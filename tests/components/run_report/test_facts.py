from components.run_report.facts import Facts, Verdict


def test_facts_come_back_from_json_as_they_were(pushed):
    text = pushed.model_dump_json()  # NaN is not equal to itself, its text is
    assert Facts.model_validate_json(text).model_dump_json() == text


def test_a_verdict_is_named_by_what_was_judged():
    told = {"bar": ">= 0.6", "value": 0.7, "passed": True}
    assert Verdict(gate="ctr.auc", **told).name == "ctr.auc"
    of_slice = Verdict(gate="ctr.auc[device=*]", slice={"device": "tv", "hour": "3"}, **told)
    assert of_slice.name == "ctr.auc[device=tv, hour=3]"


def test_a_verdict_is_passed_refused_or_silent():
    told = {"gate": "ctr.auc", "bar": ">= 0.6", "value": None}
    states = [
        Verdict(passed=passed, spoke=spoke, **told).state
        for passed, spoke in ((True, True), (False, True), (True, False))
    ]
    assert states == ["passed", "refused", "silent"]
    assert Verdict(passed=False, **told).verdict == "refused"
    assert Verdict(passed=True, said="no baseline yet", **told).verdict == "no baseline yet"


def test_the_verdicts_that_refused_are_found(refused):
    assert [verdict.gate for verdict in refused.refused] == ["ctr.calibration"]

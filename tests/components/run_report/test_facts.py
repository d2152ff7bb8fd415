from components.run_report.facts import Facts, Lineage, Stop, Verdict


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


def test_what_training_went_on_from_is_told_unless_the_run_stopped_before(pushed):
    assert (pushed.trained_from, pushed.compared_with) == ("version 1795327100",) * 2
    cold = pushed.model_copy(update={"lineage": Lineage()})
    assert (cold.trained_from, cold.compared_with) == ("nothing: a cold start", "no baseline")
    stop = Stop(node="Evaluator", objections=("no rows",))
    trained = cold.model_copy(update={"stop": stop, "evaluation": None})
    assert (trained.trained_from, trained.compared_with) == ("nothing: a cold start", "")
    early = trained.model_copy(update={"training": None})
    assert (early.trained_from, early.compared_with) == ("", "")

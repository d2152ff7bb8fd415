from components.run_report.facts import Facts, Stop, Verdict
from components.run_report.headline import headline, interval, model_title, population
from evaluation.figures import Figure
from schemas.heads import Head, outputs


def test_a_pushed_model_is_told_with_its_version_and_how_many_gates_spoke(pushed):
    found = headline(pushed)
    assert (found.state, found.title) == ("pushed", "Pushed as version 1795360109")
    assert found.sentences == ("It passed 4 gates; 1 gate did not speak.",)


def test_a_model_of_an_earlier_day_than_the_one_served_is_said_to_be_put_aside(pushed):
    found = headline(pushed.model_copy(update={"superseded": True}))
    assert (found.state, found.title) == ("pushed", f"Put aside as version {pushed.version}")
    assert found.sentences[-1] == "It is not served, for a model of a later day is."


def test_a_refused_model_is_told_with_the_reasons_of_the_gates_that_refused(refused):
    found = headline(refused)
    assert (found.state, found.title) == ("refused", "Refused by 1 of 5 gates")
    (sentence,) = found.sentences
    assert sentence.startswith("ctr.calibration is 1.0")
    assert sentence.endswith("which must be 0.99 .. 1.0.")


def test_of_many_reasons_four_are_told():
    verdicts = [
        Verdict(gate=f"ctr.auc[hour={hour}]", bar=">= 0.6", value=0.5, passed=False, reason="no")
        for hour in range(24)
    ]
    found = headline(Facts(run="1", name="demo", verdicts=tuple(verdicts)))
    assert found.sentences == ("no.", "no.", "no.", "no.", "And 20 more, below.")


def test_without_gates_every_model_is_pushed():
    found = headline(Facts(run="1", name="demo", version="3"))
    assert found.sentences == ("No gates are configured, so every model is pushed.",)


def test_a_model_that_nothing_refused_and_nobody_pushed_is_not_called_pushed():
    assert headline(Facts(run="1", name="demo")).title == "Not pushed"


def test_a_run_without_a_pusher_says_that_nobody_knows(bare):
    found = headline(bare)
    assert (found.state, found.sentences) == ("unknown", ("It was not run.",))


def test_a_run_that_stopped_is_told_with_each_objection_and_the_way_out(stopped):
    found = headline(stopped)
    assert (found.state, found.title, found.cards) == ("stopped", "Stopped at DataGate", ())
    assert found.sentences[:2] == (
        "device drifts from the spans before.",
        "feature_0 vanished: no row has a value.",
    )
    assert found.sentences[9:] == (
        "feature_8 vanished: no row has a value.",
        "And 3 more, below.",
        f"All of it is in /runs/{'a_long_name_' * 5}/artifacts/7. Mend the logs.",
    )


def test_a_run_that_stopped_after_its_push_says_that_the_model_is_there():
    stop = Stop(node="RunReport", objections=("OSError: disk full",))
    found = headline(Facts(run="1", name="demo", version="17", stop=stop))
    assert found.title == "Stopped at RunReport"
    assert found.sentences == (
        "OSError: disk full.",
        "The model was pushed before that, as version 17.",
    )


def test_every_output_has_a_card_with_its_main_figure(pushed, evaluation):
    cards = headline(pushed).cards
    assert [(card.output, card.metric, card.rows) for card in cards] == [
        ("ctr", "AUC", "36,364 impressions"),
        ("cvr", "AUC", f"{evaluation.overall['cvr'].rows:,} rows with click"),
        ("ctcvr", "AUC", "36,364 impressions"),
    ]
    auc = evaluation.overall["ctr"].models["candidate"]["auc"]
    assert cards[0].value == f"{auc.value:.4f}"
    assert cards[0].interval == f"{auc.low:.4f} to {auc.high:.4f}"
    assert [name for name, _, _ in cards[0].beside] == ["to the baseline", "the truth has"]


def test_a_first_model_stands_beside_nothing(first):
    assert [card.beside for card in headline(first).cards] == [(), (), ()]


def test_an_interval_that_is_a_point_is_not_told():
    assert interval(Figure(value=0.5, low=0.5, high=0.5), "auc") == ""
    assert interval(Figure(value=0.5), "auc") == ""
    assert interval(Figure(value=0.5, low=0.4, high=0.6), "auc") == "0.4000 to 0.6000"


def test_populations_and_models_have_names_that_people_use():
    ctr, cvr, ctcvr = outputs({"ctr": Head(label="click"), "cvr": Head(label="buy", given="ctr")})
    told = [population(one) for one in (ctr, cvr, ctcvr)]
    assert told == ["impressions", "rows with click", "impressions"]
    assert [model_title(one) for one in ("candidate", "constant", "x")] == [
        "this model",
        "constant rate",
        "x",
    ]

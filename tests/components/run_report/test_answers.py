from components.run_report.answers import answers, metrics_of
from components.run_report.facts import Facts
from evaluation.figures import Evaluation, Figure, OutputFigures, SliceFigures
from schemas.heads import Head


def test_every_output_says_what_it_is_and_on_which_rows_it_is_judged(pushed):
    assert [(one.name, one.told) for one in answers(pushed)] == [
        ("ctr", "probability of click, over impressions"),
        ("cvr", "probability of conversion given click, over rows with click"),
        ("ctcvr", "probability of conversion = ctr × cvr, over impressions"),
    ]


def test_a_rate_has_four_plots_and_a_forest_for_each_slicing(pushed):
    first = answers(pushed)[0]
    assert [plot.title for plot in first.plots] == [
        "ROC",
        "Precision and recall",
        "Reliability",
        "Scores",
    ]
    assert [forest.title for forest in first.forests] == ["device", "hour"]


def test_a_value_has_figures_and_no_plots():
    measured = OutputFigures(
        rows=3, positives=2, weight=3.0, models={"candidate": {"rmse": Figure(value=1.5)}}
    )
    facts = Facts(
        run="1",
        name="demo",
        heads={"watch": Head(label="seconds", kind="watch_time")},
        evaluation=Evaluation(
            models=("candidate",), slices=(SliceFigures(slice={}, outputs={"watch": measured}),)
        ),
    )
    (answer,) = answers(facts)
    assert (answer.told, answer.metric, answer.plots) == (
        "mean seconds, over impressions",
        "rmse",
        (),
    )


def test_without_an_evaluation_there_is_nothing_to_show(bare):
    assert answers(bare) == ()


def test_metrics_stand_in_the_order_of_the_candidate():
    models = {"truth": {"ne": 1, "auc": 1}, "candidate": {"auc": 1, "log_loss": 1}}
    assert metrics_of(models) == ("auc", "log_loss", "ne")

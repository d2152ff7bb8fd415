from components.run_report.facts_of_training import Training
from components.run_report.training_plots import terms, training_plots

RECORD = {
    "losses": {"loss": 0.5, "ctr_loss": 0.3, "cvr_loss": 0.02},
    "weights": {"ctr": 1.0, "cvr": 2.0},
}
TRAINING = Training.model_validate(
    {
        "curves": [{"step": 10, **RECORD}, {"step": 20, **RECORD}],
        "validations": [{"step": 20, "figures": {"ctr": {"auc": 0.7}, "watch": {"rmse": 2.0}}}],
    }
)


def test_losses_terms_weights_and_looks_have_a_plot_each():
    assert [plot.title for plot in training_plots(TRAINING)] == [
        "Loss",
        "Loss of each term",
        "Weight of each term",
        "AUC, validation split",
        "RMSE, validation split",
    ]


def test_a_term_has_one_colour_in_all_plots():
    assert terms(TRAINING) == ("ctr", "cvr", "watch")
    _, losses, weights, *_ = training_plots(TRAINING)
    for plot in (losses, weights):
        lines = [shape.classes for shape in plot.shapes if shape.classes.startswith("line")]
        assert lines == ["line c-0", "line c-1"]


def test_the_last_figures_are_told_in_words():
    losses = training_plots(TRAINING)[1]
    assert losses.description == (
        "loss of each term, by step of training; at the end 0.3000 ctr, 0.0200 cvr."
    )


def test_a_training_of_which_nothing_was_recorded_has_no_plots():
    assert training_plots(Training()) == ()

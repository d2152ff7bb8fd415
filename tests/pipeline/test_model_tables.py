"""The tables of figures: what is shown, and that no number is cut in a narrow terminal."""

import io

import pytest
from rich.console import Console

from evaluation.figures import Evaluation, Figure, OutputFigures, SliceFigures
from pipeline.model_tables import probabilities_table, ranking_table, values_table


def text(table, width: int) -> str:
    console = Console(file=io.StringIO(), width=width)
    console.print(table)
    lines = [line.rstrip() for line in console.file.getvalue().splitlines()]
    assert max(map(len, lines)) <= width
    return "\n".join(lines)


def figures(**values) -> dict[str, Figure]:
    return {
        name: value if isinstance(value, Figure) else Figure(value=value)
        for name, value in values.items()
    }


def evaluation(*models: str, **outputs: OutputFigures) -> Evaluation:
    return Evaluation(models=models, slices=(SliceFigures(slice={}, outputs=outputs),))


def rate(**models) -> OutputFigures:
    return OutputFigures(rows=399_000, positives=31_250, weight=399_000.0, models=models)


AUC = Figure(value=0.7123, error=0.002, low=0.7083, high=0.7163, freedom=19)
CTR = rate(
    candidate=figures(auc=AUC, calibration=1.0119, ece=0.00123, log_loss=0.23456, ne=0.8765),
    baseline=figures(auc=0.7),
    truth=figures(auc=0.75),
    popularity=figures(auc=0.625),
)
ALL = evaluation("candidate", "baseline", "popularity", "truth", ctr=CTR)


def test_a_model_stands_beside_the_truth_the_baseline_and_popularity():
    assert (
        text(ranking_table(ALL, ("ctr", "cvr")), 80)
        == """\
Ranking
output     AUC       ±  of the truth  baseline  popularity
ctr     0.7123  0.0040        0.7500    0.7000      0.6250
cvr          –       –             –         –           –"""
    )


def test_a_probability_is_taken_at_its_word_or_not():
    assert (
        text(probabilities_table(ALL, ("ctr", "cvr")), 80)
        == """\
Probabilities
output  calibration     ECE  log loss      NE     rows  positives
ctr           1.012  0.0012    0.2346  0.8765  399,000     31,250
cvr               –       –         –       –        0          0"""
    )


@pytest.mark.parametrize("table", [ranking_table, probabilities_table])
def test_in_sixty_columns_headers_break_and_no_number_does(table):
    narrow, wide = (text(table(ALL, ("ctr",)), width).splitlines()[-1] for width in (60, 80))
    assert narrow.split() == wide.split()


def test_a_first_model_of_real_logs_has_neither_truth_nor_baseline():
    alone = rate(candidate=figures(auc=AUC))
    found = text(ranking_table(evaluation("candidate", "constant", ctr=alone), ("ctr",)), 80)
    assert found.splitlines()[1:] == ["output     AUC       ±", "ctr     0.7123  0.0040"]


def test_metrics_by_user_and_request_are_shown_where_there_are_such():
    alone = rate(candidate=figures(auc=AUC, gauc=0.65, session_auc=0.625, **{"ndcg@5": 0.5}))
    assert text(ranking_table(evaluation("candidate", ctr=alone), ("ctr",)), 80).endswith(
        """\
output     AUC       ±    GAUC  session  NDCG@5
ctr     0.7123  0.0040  0.6500   0.6250  0.5000"""
    )


def test_a_figure_that_cannot_be_told_is_a_dash():
    alone = rate(candidate=figures(auc=float("nan")))
    found = text(ranking_table(evaluation("candidate", ctr=alone), ("ctr",)), 80)
    assert found.splitlines()[2].split() == ["ctr", "–", "–"]


def test_values_are_shown_with_their_errors():
    own = figures(
        rmse=Figure(value=3.5, error=0.1, low=3.25, high=3.75, freedom=19),
        mae=1.25, calibration=0.98, mean_label=7.125,
    )  # fmt: skip
    spend = OutputFigures(
        rows=12_345, positives=12_000, weight=12_345.0,
        models={"candidate": own, "baseline": figures(rmse=4.0)},
    )  # fmt: skip
    alone = values_table(evaluation("candidate", spend=spend), ["spend"])
    assert (
        text(alone, 80)
        == """\
Values, on held-back rows
output    RMSE       ±  mean error  calibration    mean    rows
spend   3.5000  0.2500      1.2500        0.980  7.1250  12,345"""
    )
    beside = text(values_table(evaluation("candidate", "baseline", spend=spend), ["spend"]), 80)
    assert beside.splitlines()[2].split()[:4] == ["spend", "3.5000", "0.2500", "4.0000"]

import pytest

from evaluation.figures import BASELINE, CONSTANT, POPULARITY
from schemas.evaluation import EvaluationConfig
from schemas.measurable import METRICS, VALUE_METRICS, WANTED, Measurable

OUTPUTS = {"ctr": "rate", "spend": "value", "watched": "watch_time"}
LEAST = Measurable(OUTPUTS, EvaluationConfig(), ())
MOST = Measurable(
    OUTPUTS,
    EvaluationConfig(user="user", request="request", item="item", at=(5, 10)),
    (("device",), ("device", "hour")),
)


def test_what_is_measured_of_a_rate_depends_on_the_columns_that_are_named():
    assert LEAST.metrics("ctr") == METRICS
    assert MOST.metrics("ctr") == (*METRICS, "gauc", "session_auc", "ndcg@5", "ndcg@10")


def test_a_value_has_metrics_of_its_own():
    assert MOST.metrics("spend") == MOST.metrics("watched") == VALUE_METRICS


def test_the_models_are_those_of_the_evaluation():
    assert LEAST.models == (BASELINE, CONSTANT)
    assert MOST.models == (BASELINE, POPULARITY, CONSTANT)


def test_every_metric_says_which_way_is_better_or_is_a_mean():
    measured = {name.partition("@")[0] for o in OUTPUTS for name in MOST.metrics(o)}
    assert measured - WANTED.keys() == {"mean_label", "mean_prediction"}
    assert WANTED.keys() <= measured


def test_an_unknown_output_names_the_known_ones():
    with pytest.raises(ValueError, match=r"'cvt.auc' is on an unknown output.*ctr, spend, watched"):
        MOST.check("cvt.auc", "cvt", "auc")


@pytest.mark.parametrize(
    ("known", "output", "metric", "reason"),
    [
        (LEAST, "ctr", "AUC", "unknown metric 'AUC': known are auc, pr_auc, .*mean_prediction$"),
        (LEAST, "spend", "gauc", "known are rmse, mae, calibration, mean_label, mean_prediction$"),
        (LEAST, "ctr", "gauc", r"GAUC is by user: .* evaluation: \{user: user_id\}$"),
        (LEAST, "ctr", "session_auc", r"by request: .* evaluation: \{request: request_id\}$"),
        (LEAST, "ctr", "ndcg@10", r"by request: .* evaluation: \{request: request_id\}$"),
        (MOST, "ctr", "ndcg@20", r"ndcg@5, ndcg@10. Measure it with evaluation: \{at: \[20\]\}$"),
        (MOST, "ctr", "ndcg", "known are .*ndcg@5, ndcg@10$"),
        (MOST, "ctr", "ndcg@x", "known are .*ndcg@5, ndcg@10$"),
    ],
)
def test_an_unknown_metric_names_the_known_ones_and_what_the_config_lacks(
    known, output, metric, reason
):
    with pytest.raises(ValueError, match=reason):
        known.check("a gate", output, metric)


def test_popularity_needs_an_item():
    with pytest.raises(ValueError, match=r"baseline, constant. Pop.*evaluation: \{item: item_id\}"):
        LEAST.check_model("a gate", "popularity")
    MOST.check_model("a gate", "popularity")


def test_a_slice_is_told_in_the_order_of_the_config():
    assert MOST.slice_of("a gate", ["hour", "device"]) == ("device", "hour")


def test_an_unknown_slice_names_the_known_ones():
    with pytest.raises(
        ValueError,
        match=r"by hour, which is not measured. Slices are: device, device x hour. Add \[hour\] to",
    ):
        MOST.slice_of("a gate", ["hour"])
    with pytest.raises(ValueError, match="Slices are: none"):
        LEAST.slice_of("a gate", ["hour"])

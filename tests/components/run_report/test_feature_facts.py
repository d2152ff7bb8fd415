import pytest

from components.run_report.facts_of_data import Importance
from components.run_report.feature_facts import data_facts, feature_facts

FEATURES = {
    "features": {"user": {"kind": "categorical", "side": "user"}, "price": {"kind": "numeric"}}
}
DIAGNOSTICS = {
    "importance": {"ctr": {"user": {"drop": 0.02, "error": 0.01}}},
    "unseen": {"user": {"train": 0.0, "eval": 0.25}},
}


def test_what_was_found_of_a_feature_comes_together_from_all_who_looked(artifacts):
    user = feature_facts(FEATURES, artifacts, DIAGNOSTICS)["user"]
    assert (user.kind, user.side, user.coverage) == ("categorical", "user", 0.9)
    assert user.unseen == {"train": 0.0, "eval": 0.25, "newest span": 0.5}
    assert user.importance == {"ctr": Importance(drop=0.02, error=0.01)}


def test_a_feature_that_the_data_report_leaves_out_is_covered_as_the_statistics_say(artifacts):
    # 8 of 8 rows of the training split and 1 of 2 of the evaluation split have a price.
    price = feature_facts(FEATURES, artifacts, {})["price"]
    assert price.coverage == pytest.approx(0.9)
    assert price.importance == {}


def test_without_artifacts_only_kinds_are_known():
    found = feature_facts(FEATURES, {}, {})
    assert [feature.coverage for feature in found.values()] == [None, None]


def test_what_the_schema_objects_to_is_told_once(artifacts):
    found = data_facts(artifacts)
    assert found.anomalies == ("eval: price: it is a text",)
    assert found.objections == ("user is new",)
    assert (found.newest, found.before) == ("2026-01-02", ("2026-01-01",))
    assert (found.rates["click"].rate, found.rates["click"].before) == (0.2, 0.4)


def test_without_a_data_report_anomalies_are_told_alone(artifacts):
    del artifacts["data_report"]
    found = data_facts(artifacts)
    assert (found.anomalies, found.newest) == (("eval: price: it is a text",), None)

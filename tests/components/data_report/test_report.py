import json

from components.data_report.report import (
    Distance,
    FeatureFindings,
    Findings,
    RateFindings,
    Spans,
)


def distance(**changes):
    told = {"measure": "L-infinity", "distance": 0.3, "limit": 0.2, "value": "'a'", "share": 0.5}
    return Distance(**(told | {"other_share": 0.2, "sure": True} | changes))


def test_a_distance_is_too_far_above_its_limit_if_it_is_no_chance():
    assert distance().too_far
    assert not distance(distance=0.2).too_far
    assert not distance(limit=None).too_far
    assert not distance(sure=False).too_far


def test_a_report_has_the_keys_that_readers_know():
    found = Findings(
        features={"a": FeatureFindings(kind="numeric", coverage=1.0, drift=distance())},
        rates={"click": RateFindings(span="2026-01-02", rows=9, rate=0.1)},
        objections=("a drifts",),
        spans=Spans(newest="2026-01-02", before=("2026-01-01",)),
    )
    told = json.loads(found.model_dump_json())
    assert told["features"]["a"] == {
        "kind": "numeric", "coverage": 1.0, "coverage_before": None, "skew": None, "unseen": None,
        "unseen_before": None,
        "drift": {
            "measure": "L-infinity", "distance": 0.3, "limit": 0.2, "value": "'a'", "share": 0.5,
            "other_share": 0.2, "sure": True,
        },
    }  # fmt: skip
    assert told["rates"]["click"] == {
        "span": "2026-01-02", "rows": 9, "rate": 0.1, "before": None, "limit": None,
    }  # fmt: skip
    assert told["objections"] == ["a drifts"]
    assert told["spans"] == {"newest": "2026-01-02", "before": ["2026-01-01"]}
    assert Findings.model_validate(told) == found

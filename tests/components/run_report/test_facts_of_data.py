import pytest
from pydantic import ValidationError

from components.run_report.facts_of_data import FeatureFacts, Funnel


def test_a_feature_of_which_nothing_is_known_but_its_kind_has_no_figures():
    known = FeatureFacts(kind="numeric")
    assert (known.coverage, known.drift, known.importance, known.unseen) == (None, None, {}, {})


def test_an_unseen_share_may_be_unknown():
    assert FeatureFacts(kind="categorical", unseen={"train": None}).unseen == {"train": None}


def test_rows_are_whole_numbers():
    with pytest.raises(ValidationError):
        Funnel(logs={}, rows={"train": 1.5})

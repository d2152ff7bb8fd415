"""What is compared, and what each method may choose from."""

from benchmarks.census_income.plan import (
    GROUPS,
    METHODS,
    TUNING_SEED,
    Run,
    model_config,
    settings,
    setup,
    training_config,
)
from models.options import SoftSharing


def test_fewer_settings_are_the_first_of_more():
    assert settings(3) == settings(8)[:3]
    assert len(set(settings(8))) == 8


def test_settings_lie_in_their_ranges():
    for setting in settings(100):
        assert 2e-3 <= setting.learning_rate <= 3e-2
        assert 0.03 <= setting.embedding_learning_rate <= 0.3
        assert 1e-4 <= setting.penalty <= 1e-2
    assert {setting.dropout for setting in settings(100)} == {0.0, 0.1, 0.3}
    assert {setting.l2 for setting in settings(100)} == {0.0, 1e-5, 1e-4}


def test_every_method_gets_all_of_a_setting():
    setting = settings(2)[1]
    for method in METHODS:
        model = model_config(method, 8, setting)
        assert (model.dropout, model.l2, model.objective.kind) == (0.3, 1e-5, "independent")
        assert model.share_embeddings == (method != "single_task")
        if isinstance(model.trunk, SoftSharing):
            assert model.trunk.penalty == setting.penalty
    training = training_config(setting, 7)
    assert training.learning_rate == setting.learning_rate
    assert training.embedding_learning_rate == setting.embedding_learning_rate
    assert training.seed == 7


def test_no_label_is_a_feature():
    features = setup(settings(1))["features"]
    assert features.startswith("38 of configs/census.yaml")
    assert {head for group in GROUPS.values() for head in group.heads} == {
        "income_over_50k",
        "college_degree",
        "never_married",
    }


def test_runs_that_tune_are_other_runs_than_those_that_are_judged():
    assert Run("group_1", "mmoe", 2, TUNING_SEED).tunes
    assert not Run("group_1", "mmoe", 2, 9).tunes
    assert Run("group_1", "mmoe", 2, 9).name == "group_1 mmoe setting 2 seed 9"

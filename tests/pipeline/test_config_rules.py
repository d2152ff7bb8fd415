"""Rules between the parts of a config, and what is said of one that breaks them."""

import pydantic
import pytest
import yaml

from pipeline.config import PipelineConfig


@pytest.fixture
def given(write_config):
    return yaml.safe_load(write_config().read_text())


def refused(given) -> str:
    with pytest.raises(pydantic.ValidationError) as refusal:
        PipelineConfig.model_validate(given)
    (error,) = refusal.value.errors()
    return error["msg"].removeprefix("Value error, ")


def with_search(given, space, **more):
    split = {"by": "time", "eval": "1 span", "validation": "1 span"}
    tuning = {"metric": "ctr.auc", "space": space, **more}
    return {**given, "window": 3, "split": split, "tuning": tuning}


def test_a_feature_cannot_have_the_name_of_a_key_or_a_label(given):
    for name in ("click", "impression_id", "value", "label_age", "example_weight"):
        changed = {**given, "features": {**given["features"], name: given["features"]["price"]}}
        assert refused(changed) == f"a feature cannot be called {name}: that is a key or a label"


def test_sampling_is_refused_where_answers_could_not_be_corrected_for_it(given):
    given["sampling"] = {"unclicked": "10%"}
    likes = {**given["heads"], "like": {"label": "like"}, "share": {"label": "share"}}
    said = (
        "answers can be corrected for unclicked impressions that were left out only where all "
        "that is learnt of unclicked impressions is `click`. These heads learn something else of "
        "them: {}. Leave `sampling` out"
    )
    assert refused({**given, "heads": likes}) == said.format("like, share")
    likes["like"]["given"] = likes["share"]["given"] = "ctr"
    assert PipelineConfig.model_validate({**given, "heads": likes}).sampling is not None
    independent = {**given, "model": {**given["model"], "objective": "independent"}}
    assert refused(independent) == said.format("cvr")
    alone = {**independent, "heads": {"ctr": given["heads"]["ctr"]}}
    assert PipelineConfig.model_validate(alone).sampling is not None


def test_sampling_needs_clicks_that_are_a_log(given):
    del given["logs"]["clicks"], given["logs"]["conversions"]
    assert refused({**given, "sampling": {"unclicked": "10%"}}) == (
        "there is no clicks log to say which impressions are unclicked"
    )


def test_a_window_must_leave_a_span_to_train_on(given):
    assert refused({**given, "window": 1}) == (
        "window: 1 spans leaves nothing to train on, as the split keeps 1 for evaluation. Raise "
        "`window`, or hold back fewer"
    )
    watched = {"by": "time", "eval": 1, "validation": 2}
    assert refused({**given, "window": 3, "split": watched}) == (
        "window: 3 spans leaves nothing to train on, as the split keeps 1 for evaluation and 2 for "
        "validation. Raise `window`, or hold back fewer"
    )
    assert PipelineConfig.model_validate({**given, "window": 4, "split": watched}).window == 4
    by_hash = {"by": "hash", "key": "user", "eval": "10%"}
    assert PipelineConfig.model_validate({**given, "window": 1, "split": by_hash}).window == 1


def test_weights_name_loss_terms_of_these_heads(given):
    given["model"]["balance"] = {"kind": "fixed", "weights": {"ctcvr": 2.0}}
    assert PipelineConfig.model_validate(given).model.balance.weights == {"ctcvr": 2.0}
    given["model"]["balance"]["weights"] = {"like": 2.0}
    assert refused(given) == (
        "`weights` names 'like', which is no loss term of these heads. Those are: ctr, cvr, ctcvr"
    )


def test_a_gate_is_on_an_output_and_a_metric_that_exist(given):
    assert "unknown output" in refused({**given, "gates": {"cttr.auc": ">= 0.6"}})
    assert "unknown metric 'aucc'" in refused({**given, "gates": {"ctr.aucc": ">= 0.6"}})


def test_a_score_cannot_use_what_is_known_afterwards_only(given):
    assert refused({**given, "score": "ctr * conversion"}) == (
        "a score cannot use conversion, which is not known when a model is asked. It may use "
        "ctr, cvr, ctcvr and numeric columns of the impressions"
    )


def test_a_score_cannot_reckon_with_a_category(given):
    assert refused({**given, "score": "ctr * user"}) == (
        "a score is arithmetic, and the feature user is no number. Use a numeric feature, or a "
        "numeric column that is no feature"
    )


def test_no_head_is_called_score_where_there_is_a_score(given):
    given["heads"]["score"] = {"label": "like"}
    assert PipelineConfig.model_validate(given).labels() == ("click", "conversion", "like")
    assert refused({**given, "score": "ctr"}) == (
        "a head cannot be called score where `score` is given"
    )


def test_heads_that_form_a_circle_are_refused(given):
    given["heads"]["ctr"]["given"] = "cvr"
    assert "heads must be a forest" in refused(given)


@pytest.mark.parametrize("objective", ["pairwise", "jrc"])
def test_a_loss_that_compares_rows_needs_to_know_which(given, objective):
    given["model"]["objective"] = objective
    with pytest.raises(pydantic.ValidationError, match=f"{objective} compares the rows of one"):
        PipelineConfig.model_validate(given)
    config = PipelineConfig.model_validate({**given, "group": "user"})
    assert [c.role for c in config.columns() if c.name == "user"] == ["feature"]
    config = PipelineConfig.model_validate({**given, "group": "request"})
    assert [c.role for c in config.columns() if c.name == "request"] == ["group"]


@pytest.mark.parametrize("group", ["impression_id", "click", "conversion"])
def test_rows_are_not_grouped_by_what_is_a_key_or_known_afterwards(given, group):
    with pytest.raises(pydantic.ValidationError, match=f"cannot be grouped by {group}"):
        PipelineConfig.model_validate({**given, "group": group})


def test_only_heads_can_be_trained_before_others(given):
    given["training"] = {"pretrain": {"heads": ["ctr"]}}
    assert PipelineConfig.model_validate(given).training.pretrain.epochs == 1
    given["training"] = {"pretrain": {"heads": ["ctcvr"]}}
    with pytest.raises(pydantic.ValidationError, match=r"'ctcvr' is no head\. Heads are: ctr, cvr"):
        PipelineConfig.model_validate(given)


@pytest.mark.parametrize(
    "objective", ["aman", "unbias", "inverse_propensity", "doubly_robust", "weighted_sample"]
)
def test_what_cannot_be_corrected_for_sampling_is_not_learnt_from_a_sample(given, objective):
    given["model"]["objective"] = objective
    PipelineConfig.model_validate(given)
    with pytest.raises(pydantic.ValidationError, match=f"{objective} learns more of unclicked"):
        PipelineConfig.model_validate({**given, "sampling": {"unclicked": "10%"}})


def test_a_value_of_all_impressions_is_not_learnt_from_a_sample(given):
    given["heads"]["spend"] = {"label": "paid", "kind": "value"}
    with pytest.raises(pydantic.ValidationError, match="learn something else of them: spend"):
        PipelineConfig.model_validate({**given, "sampling": {"unclicked": "10%"}})


def test_delayed_feedback_needs_conversions(given):
    given["model"]["objective"] = {"kind": "es_dfm", "elapsed": "10m"}
    PipelineConfig.model_validate(given)
    del given["logs"]["conversions"]
    given["heads"] = {"ctr": {"label": "click"}, "like": {"label": "like", "given": "ctr"}}
    given["gates"] = {}
    with pytest.raises(pydantic.ValidationError, match="there is no conversions log"):
        PipelineConfig.model_validate(given)


@pytest.mark.parametrize("objective", ["fnw", "es_dfm", "defer"])
def test_delayed_feedback_is_for_conversions_given_another_event(given, objective):
    elapsed = {} if objective == "fnw" else {"elapsed": "1h"}
    given["model"]["objective"] = {"kind": objective, **elapsed}
    given["heads"] = {"ctr": {"label": "click"}, "bought": {"label": "conversion"}}
    given["gates"] = {}
    with pytest.raises(pydantic.ValidationError, match=r"there is none\. Heads are: ctr, bought"):
        PipelineConfig.model_validate(given)


@pytest.mark.parametrize("objective", ["es_dfm", "defer"])
def test_labels_that_are_mature_when_they_are_taken_are_not_delayed(given, objective):
    given["attribution"] = {"conversion_window": "2h"}
    given["model"]["objective"] = {"kind": objective, "elapsed": "7199s"}
    PipelineConfig.model_validate(given)
    given["model"]["objective"]["elapsed"] = "2h"
    with pytest.raises(pydantic.ValidationError, match=r"7200s is not shorter than .*, 7200s"):
        PipelineConfig.model_validate(given)


SPACES = {
    "an unknown key": (
        {"training.learning_rat": {"float": [0.1, 0.2]}},
        'a trial cannot have training.learning_rat: 0.1. unknown key "learning_rat"',
    ),
    "a bound too far": (
        {"model.dropout": {"float": [0.0, 1.0]}},
        "a trial cannot have model.dropout: 1.0. Input should be less than 1. Received: 1.0",
    ),
    "a fraction of a whole number": (
        {"training.batch_size": {"float": [2, 8]}},
        "a trial cannot have training.batch_size: 3.90",
    ),
    "two that quarrel": (
        {
            "model.share_embeddings": {"choice": [True, False]},
            "model.trunk": {"choice": ["separate", "moe"]},
        },
        'a trial cannot have model.share_embeddings: false, model.trunk: "moe". share_embeddings',
    ),
    "what the logs do not give": (
        {"model.objective": {"choice": ["entire_space", "pairwise"]}},
        'a trial cannot have model.objective: "pairwise". pairwise compares the rows of one',
    ),
    "what needs other rows": (
        {"model.objective": {"choice": ["entire_space", {"kind": "es_dfm", "elapsed": "10m"}]}},
        'a trial cannot have model.objective: {"kind": "es_dfm", "elapsed": "10m"}. objective: '
        "es_dfm needs other columns than objective: entire_space",
    ),
}


@pytest.mark.parametrize(("space", "said"), SPACES.values(), ids=SPACES.keys())
def test_every_value_of_a_search_is_tried_when_the_config_is_read(space, said, given):
    given["model"]["trunk"] = "separate"
    assert refused(with_search(given, space)).replace("'", '"').startswith(said.replace("'", '"'))


def test_a_search_goes_by_a_metric_that_says_which_model_is_better(given):
    space = {"model.dropout": {"float": [0, 0.5]}}
    assert refused(with_search(given, space, metric="ctr.calibration")).endswith(
        "models are chosen by auc, pr_auc, log_loss of ctr. Received: 'calibration'"
    )


def test_a_balance_whose_state_workers_would_overwrite_is_refused_with_their_strategy(given):
    given["training"] = {"strategy": "parameter_server", "steps_per_execution": 100}
    given["model"] = {"trunk": "mmoe", "balance": "gradnorm"}
    assert "balance: gradnorm keeps a count of every step" in refused(given)


def test_slices_may_cross_features_that_exist_each_once(given):
    assert PipelineConfig.model_validate(
        {**given, "slices": ["user", ["user", "price"]]}
    ).slices == (("user",), ("user", "price"))
    assert refused({**given, "slices": ["user", "city"]}) == (
        "slices are by raw features, and city is none. Features are: user, price"
    )
    for twice in ([["user", "user"]], ["user", ["user"]]):
        assert refused({**given, "slices": twice}).startswith("slices name each feature once")


@pytest.mark.parametrize("named", [{"evaluation": {"user": "user"}}, {"group": "user"}])
def test_a_slice_is_not_by_what_names_a_person(given, named):
    assert refused({**given, **named, "slices": ["user"]}) == (
        "a slice by user would be of one person, request or event each, and its figures shown in "
        "reports: `logs`, `split`, `group` or `evaluation` name it as an id"
    )


def test_rows_are_judged_together_by_columns_of_the_impressions(given):
    told = {"user": "user", "request": "request", "item": "sku"}
    config = PipelineConfig.model_validate({**given, "evaluation": told})
    roles = {column.name: column.role for column in config.columns()}
    assert [roles[name] for name in ("user", "request", "sku")] == ["feature", "group", "group"]
    assert refused({**given, "evaluation": {"user": "click"}}) == (
        "rows cannot be grouped by click: that is a key, or known only afterwards"
    )
    assert refused({**given, "evaluation": {"item": "price"}}) == (
        "rows are grouped by a text, an id: the feature price is a numeric"
    )


def test_a_request_is_by_default_a_group(given):
    config = PipelineConfig.model_validate({**given, "group": "session"})
    assert config.judged_by().request == "session"
    told = {**given, "group": "session", "evaluation": {"request": "request"}}
    assert PipelineConfig.model_validate(told).judged_by().request == "request"

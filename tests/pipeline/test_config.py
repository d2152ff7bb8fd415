import time
from pathlib import Path

import pydantic
import pytest
import yaml

from pipeline.config import PipelineConfig
from pipeline.config_file import load_config
from schemas.beam import LocalBeam

CONFIGS = Path(__file__).resolve().parents[2] / "configs"


@pytest.fixture
def given(write_config):
    return yaml.safe_load(write_config().read_text())


def refused(given) -> str:
    with pytest.raises(pydantic.ValidationError) as refusal:
        PipelineConfig.model_validate(given)
    (error,) = refusal.value.errors()
    return error["msg"].removeprefix("Value error, ")


def test_a_config_names_its_outputs_labels_gates_and_columns(given):
    config = PipelineConfig.model_validate(given)
    assert config.outputs() == ("ctr", "cvr", "ctcvr")
    assert config.labels() == ("click", "conversion")
    assert [(gate.name, gate.lower) for gate in config.parsed_gates()] == [("ctr.auc", 0.6)]
    assert [(column.name, column.role) for column in config.columns()] == [
        ("impression_id", "key"),
        ("impression_time", "key"),
        ("user", "feature"),
        ("price", "feature"),
        ("click", "label"),
        ("conversion", "label"),
        ("label_age", "outcome"),
        ("click_mature", "outcome"),
        ("conversion_mature", "outcome"),
        ("settled", "outcome"),
        ("conversion_count", "outcome"),
        ("conversion_delay", "outcome"),
    ]


def test_what_a_config_leaves_out_has_a_default(given):
    del given["window"], given["gates"], given["model"]
    config = PipelineConfig.model_validate(given)
    assert config.window == 7
    assert config.split.eval == 1
    assert config.parsed_gates() == ()
    assert config.sampling is None
    assert config.limits.model_dump() == {
        "max_rejects": "1%",
        "max_orphans": "100%",
        "max_broken_files": 0,
    }
    assert config.model.trunk.kind == "mmoe"
    assert config.beam == LocalBeam()


def test_a_config_survives_json(given):
    more = {"sampling": {"unclicked": "7%"}, "limits": {"max_rejects": "0.5%", "max_orphans": 3}}
    config = PipelineConfig.model_validate({**given, **more})
    again = PipelineConfig.model_validate_json(config.model_dump_json(by_alias=True))
    assert again == config


@pytest.mark.parametrize("name", ["demo", "a", "two-words-2", "0"])
def test_a_name_may_have_lower_case_digits_and_hyphens(name, given):
    assert PipelineConfig.model_validate({**given, "name": name}).name == name


@pytest.mark.parametrize("name", ["", "-a", "My", "a_b", "a b", "é", "a" * 129])
def test_a_name_that_kubeflow_refuses_is_refused_here(name, given):
    assert refused({**given, "name": name}) == (
        "a pipeline's name has lower case letters, digits and hyphens only, because Kubeflow "
        f"refuses others. Received: {name!r}"
    )


def test_limits_are_shares_or_numbers_of_rows(given):
    limits = {"max_rejects": "5%", "max_orphans": 20, "max_broken_files": 2}
    found = PipelineConfig.model_validate({**given, "limits": limits}).limits
    assert (found.max_rejects, found.max_orphans, found.max_broken_files) == (0.05, 20, 2)
    assert refused({**given, "limits": {"max_rejects": "many"}}) == (
        "a limit is a number of rows, as in 100, or a share, as in `1%`. Received: 'many'"
    )


def test_sampled_examples_have_a_weight(given):
    config = PipelineConfig.model_validate({**given, "sampling": {"unclicked": "10%"}})
    assert config.sampling.unclicked == 0.1
    assert config.columns()[-1].name == "example_weight"


def test_a_score_may_bring_in_a_numeric_column_that_is_no_feature(given):
    config = PipelineConfig.model_validate({**given, "score": "ctr * margin * price"})
    assert [column.name for column in config.columns() if column.role == "extra"] == ["margin"]


def test_there_is_at_least_one_feature_and_one_head(given):
    assert "at least 1 item" in refused({**given, "features": {}})
    assert "at least 1 item" in refused({**given, "heads": {}})


def with_search(given, space, **more):
    split = {"by": "time", "eval": "1 span", "validation": "1 span"}
    tuning = {"metric": "ctr.auc", "space": space, **more}
    return {**given, "window": 3, "split": split, "tuning": tuning}


def test_a_search_is_part_of_a_config_and_survives_json(given):
    space = {
        "training.learning_rate": {"float": ["1e-4", 1e-2], "log": True},
        "model.trunk": {"choice": ["mmoe", {"kind": "ple", "levels": 2}]},
        "model.trunk.experts": {"int": [2, 8]},
    }
    config = PipelineConfig.model_validate(with_search(given, space))
    again = PipelineConfig.model_validate_json(config.model_dump_json(by_alias=True))
    assert again == config
    tried = config.trying({"model.trunk": "mmoe", "model.trunk.experts": 8})
    assert (tried.model.trunk.experts, tried.tuning) == (8, None)
    assert tried.training == config.training


def test_a_large_space_is_read_in_a_moment(given):
    names = ("dropout", "position_dropout", "l2")
    space = {f"model.{name}": {"float": [0, 0.5]} for name in names}
    space |= {
        f"training.{name}": {"choice": [0.1, 0.2, 0.3, 0.4, 0.5]}
        for name in ("learning_rate", "embedding_learning_rate", "embedding_accumulator")
    }
    started = time.process_time()
    PipelineConfig.model_validate(with_search(given, space))
    assert time.process_time() - started < 2


@pytest.mark.parametrize("path", sorted(CONFIGS.glob("*.yaml")), ids=lambda path: path.stem)
def test_a_shipped_config_survives_being_written_as_yaml(path):
    config = load_config(path)
    assert PipelineConfig.model_validate(yaml.safe_load(config.as_yaml())) == config

import subprocess
import sys
from typing import get_args

import pydantic
import pytest

from models import config
from models.balances import BALANCES
from models.config import ModelConfig, TrainingConfig, check_weights
from models.interactions import INTERACTIONS
from models.objectives import OBJECTIVES
from models.trunks import TRUNKS
from schemas.heads import Head

HEADS = {"ctr": Head(label="click"), "cvr": Head(label="conversion", given="ctr")}


@pytest.mark.parametrize(
    ("names", "members"),
    [
        (config.Interaction, INTERACTIONS),
        (config.Trunk, TRUNKS),
        (config.Objective, OBJECTIVES),
        (config.Balance, BALANCES),
    ],
)
def test_the_names_in_a_config_are_the_names_that_exist(names, members):
    assert set(get_args(names)) == set(members)


def test_a_model_is_esmm_on_mmoe_unless_told_otherwise():
    model = ModelConfig()
    assert (model.trunk, model.objective, model.balance) == ("mmoe", "entire_space", "fixed")


def test_a_config_survives_json():
    model = ModelConfig(interaction="dcn", units=[32, 16], tower=[], weights={"ctr": 2})
    assert ModelConfig.model_validate_json(model.model_dump_json()) == model
    training = TrainingConfig(batch_size=7, seed=3)
    assert TrainingConfig.model_validate_json(training.model_dump_json()) == training


@pytest.mark.parametrize(
    "wrong",
    [
        {"trunk": "mmmoe"},
        {"experts": 0},
        {"units": []},
        {"units": [0]},
        {"dropout": 1.0},
        {"l2": -1},
        {"expert": 4},
        {"weights": {"ctr": -1}},
    ],
)
def test_a_config_refuses_nonsense(wrong):
    with pytest.raises(pydantic.ValidationError):
        ModelConfig(**wrong)


def test_weights_with_a_balance_that_finds_its_own_are_refused():
    with pytest.raises(pydantic.ValidationError, match="belong to balance: fixed"):
        ModelConfig(balance="uncertainty", weights={"ctr": 1})


def test_a_weight_that_names_no_probability_is_refused_when_the_config_is_read():
    check_weights(ModelConfig(weights={"ctcvr": 2}), HEADS)
    with pytest.raises(ValueError, match=r"'ctvcr'.*Those are: ctr, cvr, ctcvr"):
        check_weights(ModelConfig(weights={"ctvcr": 2}), HEADS)


def test_reading_a_config_does_not_import_tensorflow():
    code = "import sys, models.config; sys.exit('tensorflow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0

import math

from components.run_report.facts_of_training import Training


def test_a_loss_that_is_no_number_stays_one_that_is_none():
    told = '{"curves": [{"step": 1, "losses": {"loss": NaN}}]}'
    assert math.isnan(Training.model_validate_json(told).curves[0].losses["loss"])


def test_a_training_without_gates_has_none():
    assert Training().gate_mean == {}
    assert Training().warm_start is None

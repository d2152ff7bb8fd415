import json

import pytest

from tests.stand_in.kubeflow_bodies import Refused, parse


def test_a_body_is_read_as_a_model_and_what_the_model_has_not_is_refused():
    told = {"display_name": "demo", "trigger": {"cron_schedule": {"cron": "0 0 3 * * *"}}}
    assert parse(json.dumps(told).encode(), "V2beta1RecurringRun").display_name == "demo"
    told["trigger"]["cron_schedule"]["crom"] = "0 0 3 * * *"
    with pytest.raises(Refused, match=r"V2beta1CronSchedule has no field \{'crom'\}"):
        parse(json.dumps(told).encode(), "V2beta1RecurringRun")
    with pytest.raises(Refused, match="RecurringRunMode"):
        parse(b'{"mode": "SOMETIMES"}', "V2beta1RecurringRun")

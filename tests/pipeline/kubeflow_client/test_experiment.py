import pytest

from pipeline.errors import Misuse
from pipeline.kubeflow_client.connection import connect
from pipeline.kubeflow_client.experiment import find_experiment, the_experiment
from tests.stand_in.kubeflow import StandIn


def test_a_pipeline_has_an_experiment_of_its_own_made_once(connection, server):
    assert find_experiment(connection, "demo") is None
    made = the_experiment(connection, None, "demo")
    assert the_experiment(connection, None, "demo") == made == find_experiment(connection, "demo")
    assert [one.display_name for one in server.experiments.values()] == ["demo"]


def test_an_experiment_that_is_asked_for_must_be_there(connection, server):
    with pytest.raises(Misuse) as refused:
        the_experiment(connection, "nightly", "demo")
    assert str(refused.value) == (
        f"there is no experiment 'nightly' at {server.host}: the newest are none at all. "
        "Leave --experiment out to have one called 'demo'"
    )
    for name in ("weekly", "nightly-old"):
        the_experiment(connection, None, name)
    with pytest.raises(Misuse, match=r"the newest are nightly-old, weekly\. Leave"):
        the_experiment(connection, "nightly", "demo")
    assert the_experiment(connection, "weekly", "demo") == next(iter(server.experiments))
    assert len(server.experiments) == 2


def test_an_experiment_is_that_of_a_namespace_where_there_are_several_users():
    with StandIn(several_users=True) as server:
        the_experiment(connect(server.host, "ranking"), None, "demo")
        (one,) = server.experiments.values()
    assert (one.display_name, one.namespace) == ("demo", "ranking")

import pytest

from pipeline.errors import RunFailed
from pipeline.kubeflow_client.experiment import the_experiment
from pipeline.kubeflow_client.package import specification
from pipeline.kubeflow_client.submit import submit


def test_a_run_carries_its_pipeline_and_what_is_asked(connection, server, compiled, now):
    experiment = the_experiment(connection, None, "demo")
    asked = {"span": "2026-01-31", "window": 14, "as_of": "2026-02-01T00:00:00+00:00"}
    made = submit(connection, compiled, "demo", experiment, asked, now)
    run = server.runs[made]
    assert run.display_name == "demo 20260201T123015Z"
    assert run.experiment_id == experiment
    assert run.runtime_config.parameters == asked
    assert run.pipeline_spec == specification(compiled)
    assert not server.pipelines  # schedules follow what stands there


def test_a_parameter_that_the_pipeline_has_not_is_refused(connection, server, compiled, now):
    experiment = the_experiment(connection, None, "demo")
    with pytest.raises(RunFailed, match="parameter asof is not in the pipeline's inputs"):
        submit(connection, compiled, "demo", experiment, {"asof": "2026-02-01"}, now)
    assert not server.runs

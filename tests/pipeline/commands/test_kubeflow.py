"""`submit` and `runs` as a user calls them, on a server made of kfp's own models."""

import datetime

import pytest
import yaml

from tests.stand_in.kubeflow import StandIn

NIGHTLY = ("--cron", "0 3 * * *")


def test_a_run_is_compiled_submitted_and_listed(config, server, invoke):
    asked = ("--span", "2026-01-31", "--window", 3, "--as-of", "2026-02-01")
    result = invoke("submit", config, *asked, "--host", server.host)
    assert result.exit_code == 0, result.output
    (run,) = server.runs.values()
    page = f"{server.host}/#/runs/details/{run.run_id}"
    assert result.stdout.splitlines() == [
        "as_of  2026-02-01T00:00:00+00:00",
        "span   2026-01-31",
        "window 3",
        f"run    {page}",
    ]
    told = run.runtime_config.parameters
    assert told == {"span": "2026-01-31", "window": 3, "as_of": "2026-02-01T00:00:00+00:00"}
    assert run.pipeline_spec["pipeline_spec"]["pipelineInfo"] == {"name": "tiny"}
    assert "registry.example/funnelrank@sha256:00" in yaml.safe_dump(run.pipeline_spec, width=1000)
    result = invoke("runs", config, "--host", server.host)
    (line,) = [line for line in result.stdout.splitlines() if page in line]
    assert line.split()[:4] == ["tiny", run.display_name.split()[1], "pending", "2026-01-31"]


def test_a_run_that_is_told_nothing_is_told_the_moment(config, server, invoke):
    before = datetime.datetime.now(datetime.UTC).replace(microsecond=0)
    assert invoke("submit", config, "--host", server.host).exit_code == 0
    (run,) = server.runs.values()
    (name, value), *more = run.runtime_config.parameters.items()
    assert (name, more) == ("as_of", [])
    assert before <= datetime.datetime.fromisoformat(value) <= datetime.datetime.now(datetime.UTC)


@pytest.mark.parametrize("command", [("submit",), ("schedule", *NIGHTLY), ("runs",)])
def test_a_config_that_says_nothing_of_kubeflow_is_misuse(command, write_config, invoke, sentence):
    name, *options = command
    result = invoke(name, write_config(), *options, "--host", "http://localhost:1")
    assert "this config has no `kubeflow`" in sentence(result, 2)


@pytest.mark.parametrize("command", [("submit",), ("schedule", *NIGHTLY), ("runs",)])
def test_a_server_that_is_not_there_fails_before_anything_is_compiled(
    command, config, invoke, sentence
):
    with StandIn() as gone:
        host = gone.host
    name, *options = command
    said = sentence(invoke(name, config, *options, "--host", host), 1)
    assert said.startswith(f"no Kubeflow Pipelines answers at {host} (")


@pytest.mark.parametrize("command", [("submit",), ("schedule", *NIGHTLY), ("runs",)])
def test_an_unknown_experiment_is_misuse(command, config, server, invoke, sentence):
    name, *options = command
    asked = ("--experiment", "nightly", "--host", server.host)
    said = sentence(invoke(name, config, *options, *asked), 2)
    assert said.startswith(
        f"there is no experiment 'nightly' at {server.host}: the newest are none"
    )


def test_what_is_not_there_is_neither_listed_nor_removed(config, server, invoke, sentence):
    listed = invoke("runs", config, "--host", server.host)
    assert listed.stdout == f"tiny was never submitted to {server.host}\n"
    assert not server.experiments
    said = sentence(invoke("schedule", config, "--remove", "--host", server.host), 2)
    assert said.startswith(f"'tiny' has no schedule at {server.host} in the experiment 'tiny'")

import datetime

import pytest

from pipeline.errors import RunFailed
from pipeline.kubeflow_client.connection import connect
from pipeline.kubeflow_client.package import publish, specification
from tests.stand_in.kubeflow import StandIn

SECOND = datetime.timedelta(seconds=1)


def test_a_specification_is_one_document_or_two(compiled):
    pipeline, _, platform = compiled.partition("---\n")
    assert specification(pipeline)["pipelineInfo"] == {"name": "demo"}
    both = specification(compiled)
    assert both["pipeline_spec"] == specification(pipeline)
    assert both["platform_spec"] == specification(platform)


def test_a_pipeline_is_uploaded_once_and_anew_only_where_it_is_another(
    connection, server, compiled, now
):
    made = publish(connection, compiled, "demo", now)
    assert publish(connection, compiled, "demo", now + SECOND) == made
    other = compiled.replace("defaultValue: 7", "defaultValue: 14")
    assert publish(connection, other, "demo", now + 2 * SECOND) == made
    assert [one.display_name for one in server.versions.values()] == ["demo", "demo-20260201123017"]
    # And back: what counts is the newest version, not whether there ever was one like it.
    publish(connection, compiled, "demo", now + 3 * SECOND)
    assert server.newest(made).pipeline_spec == specification(compiled)
    assert len(server.versions) == 3
    assert [one.display_name for one in server.pipelines.values()] == ["demo"]


def test_a_pipeline_is_that_of_a_namespace_where_there_are_several_users(compiled, now):
    with StandIn(several_users=True) as server:
        connection = connect(server.host, "ranking")
        made = publish(connection, compiled, "demo", now)
        assert publish(connection, compiled, "demo", now) == made
        assert server.pipelines[made].namespace == "ranking"


def test_what_is_no_pipeline_is_refused_by_the_server(connection, server, compiled, now):
    with pytest.raises(RunFailed, match="answers 400: invalid v2 pipeline spec: "):
        publish(connection, compiled.replace("dag:", "dug:"), "demo", now)
    assert not server.pipelines

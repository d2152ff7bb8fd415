"""What Beam's own option classes, runners and clients make of our options."""

import socket

import apache_beam as beam
import pydantic
import pytest
from absl import flags
from apache_beam.options import pipeline_options as options
from apache_beam.options.pipeline_options_validator import PipelineOptionsValidator
from apache_beam.portability import common_urns
from apache_beam.portability.api import beam_runner_api_pb2
from apache_beam.runners.runner import create_runner
from apache_beam.transforms import environments
from tfx.components.statistics_gen.executor import Executor
from tfx_bsl.coders import batch_util

from pipeline.beam_runner import beam_args, check_job_service
from pipeline.errors import Misuse
from schemas.beam import Beam, LocalBeam

IMAGE = "registry.example/funnelrank@sha256:" + "0a" * 32
FLINK = {"runner": "flink", "job_endpoint": "flink-job-server:8099", "worker_pool": "localhost:1"}
DATAFLOW = {
    "runner": "dataflow",
    "project": "shop",
    "region": "europe-west1",
    "temp_location": "gs://shop/beam/",
    "image": IMAGE,
    "args": ["--max_num_workers=8"],
}


def parsed(said: dict) -> options.PipelineOptions:
    args = beam_args(pydantic.TypeAdapter(Beam).validate_python(said), "gs://shop/artifacts")
    found = options.PipelineOptions(args)
    runner = create_runner(found.view_as(options.StandardOptions).runner)
    view = found.view_as(options.PortableOptions)
    assert PipelineOptionsValidator(found, runner).validate_environment_options(view) == []
    return found


def environment_of(found: options.PipelineOptions) -> beam_runner_api_pb2.Environment:
    """The environment of the workers, as a job has it."""
    view = found.view_as(options.PortableOptions)
    return environments.Environment.from_options(view).to_runner_api(None)


def test_a_local_step_runs_in_its_own_process():
    assert beam_args(LocalBeam(), "/runs/demo/artifacts") == [
        "--runner=FnApiRunner",
        "--sdk_container_image=installed",
        "--tfxio_use_byte_size_batching=true",
    ]
    found = parsed({"runner": "local"})
    runner = create_runner(found.view_as(options.StandardOptions).runner)
    assert type(runner).__name__ == "FnApiRunner"


@pytest.mark.parametrize(
    ("runner", "name"),
    [("portable", "PortableRunner"), ("flink", "FlinkRunner"), ("spark", "SparkRunner")],
)
def test_a_job_service_is_called_by_its_own_runner_with_workers_of_a_pool(runner, name):
    found = parsed({**FLINK, "runner": runner, "args": ["--job_server_timeout=9"]})
    made = create_runner(found.view_as(options.StandardOptions).runner)
    assert type(made).__name__ == name
    assert found.view_as(options.PortableOptions).job_endpoint == "flink-job-server:8099"
    assert found.view_as(options.PortableOptions).job_server_timeout == 9
    environment = environment_of(found)
    assert environment.urn == common_urns.environments.EXTERNAL.urn
    payload = beam_runner_api_pb2.ExternalPayload.FromString(environment.payload)
    assert payload.endpoint.url == "localhost:1"


def test_workers_may_be_containers_of_our_image():
    said = {"runner": "spark", "job_endpoint": "spark-job-server:8099", "image": IMAGE}
    environment = environment_of(parsed(said))
    assert environment.urn == common_urns.environments.DOCKER.urn
    payload = beam_runner_api_pb2.DockerPayload.FromString(environment.payload)
    assert payload.container_image == IMAGE


def test_flink_is_told_in_how_many_slots():
    slots = {**FLINK, "parallelism": 8}
    assert parsed(slots).view_as(options.FlinkRunnerOptions).parallelism == 8
    assert parsed(FLINK).view_as(options.FlinkRunnerOptions).parallelism == -1


def test_a_job_of_dataflow_has_our_image_and_its_own_places():
    from apache_beam.runners.dataflow.dataflow_runner import DataflowRunner
    from apache_beam.runners.dataflow.internal import apiclient

    found = options.PipelineOptions(
        beam_args(pydantic.TypeAdapter(Beam).validate_python(DATAFLOW), "gs://shop/artifacts"),
        dry_run=True,
        job_name="demo",
    )
    # Only after the steps are in it: with Dataflow's options Beam would look for the buckets.
    pipeline = beam.Pipeline(argv=beam_args(LocalBeam(), ""))
    _ = pipeline | beam.Create([1]) | beam.Map(str)
    pipeline._options = found
    runner = DataflowRunner()
    runner.run_pipeline(pipeline, found)
    job = runner.job.proto
    made = apiclient.Environment([], found, "2", "gs://shop/beam/graph", runner.proto_pipeline)
    assert (job.name, job.type.name) == ("demo", "JOB_TYPE_BATCH")
    assert made.proto.temp_storage_prefix.startswith("storage.googleapis.com/shop/beam/demo.")
    [pool] = made.proto.worker_pools
    assert pool.autoscaling_settings.max_num_workers == 8
    assert [image.container_image for image in pool.sdk_harness_container_images] == [IMAGE]
    place = found.view_as(options.GoogleCloudOptions)
    assert (place.project, place.region) == ("shop", "europe-west1")
    assert place.staging_location.startswith("gs://shop/beam/staging/demo.")


def test_dataflow_is_refused_where_its_workers_would_not_see_the_artifacts():
    dataflow = pydantic.TypeAdapter(Beam).validate_python(DATAFLOW)
    with pytest.raises(Misuse, match=r"buckets only.*/mnt/shop/artifacts. Take `local`"):
        beam_args(dataflow, "/mnt/shop/artifacts")


@pytest.mark.parametrize(
    "command", [["funnelrank", "run", "demo.yaml", "--set", "a=b"], ["step", "--task", "Transform"]]
)
def test_a_step_reads_large_batches_whatever_its_command_line(command, monkeypatch, tmp_path):
    monkeypatch.setattr("sys.argv", command)
    monkeypatch.setattr(flags.FLAGS["tfxio_use_byte_size_batching"], "value", False)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    Executor(Executor.Context(beam_pipeline_args=beam_args(LocalBeam(), "")))
    assert batch_util.GetBatchElementsKwargs(None)["max_batch_size"] == 20 * 2**20
    # TFX did not pack itself for workers that have it.
    assert list(tmp_path.iterdir()) == []


def test_a_job_service_must_answer():
    with socket.create_server(("localhost", 0)) as server:
        port = server.getsockname()[1]
        said = {**FLINK, "job_endpoint": f"localhost:{port}"}
        check_job_service(pydantic.TypeAdapter(Beam).validate_python(said))
    with pytest.raises(Misuse) as refusal:
        check_job_service(pydantic.TypeAdapter(Beam).validate_python(said))
    assert str(refusal.value) == (
        f"beam.job_endpoint: no job service answers at localhost:{port} (ConnectionRefusedError: "
        "[Errno 111] Connection refused). Start it, or run without: --set 'beam={runner: local}'"
    )
    check_job_service(LocalBeam())

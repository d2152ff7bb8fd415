"""The `beam` of a config, as the options that every Beam step of a graph is given."""

import socket

from pipeline.errors import Misuse
from pipeline.failures import reason
from schemas.beam import Beam, DataflowBeam, FlinkBeam, JobServiceBeam, LocalBeam, SparkBeam

# Batches of up to 8192 rows in statistics and analyses. By default Beam searches for a size by
# timing, settles on some fifty, and the fixed cost of a batch takes the day. TFX takes this flag
# out of Beam's options in whatever process a step runs; the step tells its workers the size.
_BATCHES = "--tfxio_use_byte_size_batching=true"
# Where no image is said, workers have our packages all the same: they run in this process, or in a
# pool of ours. Unless an image is named TFX would pack itself, in every step, into a folder that
# nobody removes, for workers to install.
_INSTALLED = "--sdk_container_image=installed"


# Seconds until a job service that does not answer is given up.
_PATIENCE = 5


def beam_args(beam: Beam, artifacts: str) -> list[str]:
    """Returns the options of Beam, for `beam_pipeline_args` of a TFX pipeline.

    They enter TFX's cache keys: after a change of them every Beam step runs anew.

    Args:
        beam: of the config.
        artifacts: where the pipeline keeps its artifacts.

    Raises:
        Misuse: if the engine's workers would never see them.
    """
    if isinstance(beam, DataflowBeam) and not artifacts.startswith("gs://"):
        raise Misuse(
            "beam.runner: dataflow: its workers see buckets only, and the steps of this pipeline "
            f"keep their artifacts in a folder, {artifacts}. Take `local`, or `flink` or `spark` "
            "with a volume that workers and steps share"
        )
    return [*_of_runner(beam), _BATCHES, *beam.args]


def check_job_service(beam: Beam) -> None:
    """Checks that somebody listens where jobs are to go; Beam itself would wait for minutes.

    Raises:
        Misuse: if nobody does.
    """
    if not isinstance(beam, JobServiceBeam):
        return
    host, _, port = beam.job_endpoint.rpartition(":")
    try:
        socket.create_connection((host, int(port)), _PATIENCE).close()
    except OSError as error:
        raise Misuse(
            f"beam.job_endpoint: no job service answers at {beam.job_endpoint} ({reason(error)}). "
            "Start it, or run without: --set 'beam={runner: local}'"
        ) from error


def _of_runner(beam: Beam) -> list[str]:
    match beam:
        case LocalBeam():
            # Not DirectRunner, which would try to download Prism.
            return ["--runner=FnApiRunner", _INSTALLED]
        case DataflowBeam():
            return [
                "--runner=DataflowRunner",
                f"--project={beam.project}",
                f"--region={beam.region}",
                f"--temp_location={beam.temp_location}",
                # Unless told Beam makes a bucket of its own.
                f"--staging_location={beam.temp_location.rstrip('/')}/staging",
                f"--sdk_container_image={beam.image}",
            ]
        case FlinkBeam():
            slots = [] if beam.parallelism is None else [f"--parallelism={beam.parallelism}"]
            return ["--runner=FlinkRunner", *_of_job_service(beam), *slots]
        case SparkBeam():
            return ["--runner=SparkRunner", *_of_job_service(beam)]
        case JobServiceBeam():
            return ["--runner=PortableRunner", *_of_job_service(beam)]


def _of_job_service(beam: JobServiceBeam) -> list[str]:
    if beam.image is None:
        workers = ["--environment_type=EXTERNAL", f"--environment_config={beam.worker_pool}"]
        return [f"--job_endpoint={beam.job_endpoint}", *workers, _INSTALLED]
    workers = ["--environment_type=DOCKER", f"--environment_config={beam.image}"]
    return [
        f"--job_endpoint={beam.job_endpoint}", *workers, f"--sdk_container_image={beam.image}"
    ]  # fmt: skip

"""On which engine Beam runs: `beam` in the config, one class a runner, each with its own keys."""

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal

import pydantic
import pydantic_core

from schemas.strict import Strict

_REFUSED = {
    "direct": "Beam's DirectRunner first tries to download another runner, Prism. Take `local`, "
    "which is Beam's FnApiRunner in the step's own process",
    "prism": "Prism is a program that Beam downloads at its first use. Take `local`, or `portable` "
    "with the endpoint of a job service that runs already",
    "dask": "Beam's DaskRunner puts every element into the last tagged output, without a word, and "
    "cannot read files. Take `local`, or one of `portable`, `flink`, `spark` for many machines",
}
# What Beam calls what a key of the config says. Both would be one too many.
_KEYS = {
    "runner": "runner",
    "job_endpoint": "job_endpoint",
    "environment_type": "worker_pool` or `image",
    "environment_config": "worker_pool` or `image",
    "environment_option": "worker_pool` or `image",
    "environment_options": "worker_pool` or `image",
    "sdk_container_image": "image",
    "worker_harness_container_image": "image",
    "parallelism": "parallelism",
    "project": "project",
    "region": "region",
    "temp_location": "temp_location",
    "staging_location": "temp_location",
}


def _address(text: str) -> str:
    found = re.fullmatch(r"[A-Za-z0-9.-]+:([0-9]{1,5})", text)
    if not found or not 0 < int(found[1]) < 2**16:
        raise ValueError(f"an address is host:port, as in localhost:8099. Received: {text!r}")
    return text


def _image(text: str) -> str:
    if not re.fullmatch(r"[^\s@]+@sha256:[0-9a-f]{64}", text):
        raise ValueError(
            "an image is named by its digest, as in registry.example/funnelrank@sha256:... with 64 "
            "hexadecimal digits: workers must run the code that the steps run, and a tag may move. "
            f"Received: {text!r}"
        )
    return text


def _bucket(text: str) -> str:
    if not re.fullmatch(r"gs://[^/\s]+(/\S*)?", text):
        raise ValueError(
            f"Dataflow's own files lie in a bucket, as in gs://bucket/beam. Received: {text!r}"
        )
    return text


Address = Annotated[str, pydantic.AfterValidator(_address)]
Image = Annotated[str, pydantic.AfterValidator(_image)]
Bucket = Annotated[str, pydantic.AfterValidator(_bucket)]


class _Engine(Strict):
    """What every runner takes.

    Attributes:
        args: options of Beam that have no key of their own, as in --max_num_workers=8.
    """

    args: tuple[str, ...] = ()

    @pydantic.field_validator("args")
    @classmethod
    def _say_nothing_twice(cls, args: tuple[str, ...]) -> tuple[str, ...]:
        for arg in args:
            found = re.fullmatch(r"--([a-z][a-z0-9_]*)(=.*)?", arg, re.DOTALL)
            if not found:
                raise ValueError(
                    f"an option is --name or --name=value, in one piece. Received: {arg!r}"
                )
            if key := _KEYS.get(found[1]):
                raise ValueError(
                    f"--{found[1]} is what the key `{key}` of `beam` says, for the runners that "
                    f"have it. Received: {arg!r}"
                )
        return args


class LocalBeam(_Engine):
    """Beam in the process of the step itself."""

    runner: Literal["local"] = "local"


class JobServiceBeam(_Engine):
    """What every engine behind a job service takes.

    Attributes:
        job_endpoint: host:port of the job service.
        worker_pool: host:port at which the engine finds a worker pool, `localhost` being the
            machine (the pod) of the engine's own worker.
        image: in its place, the image that the engine's workers start with Docker.
    """

    job_endpoint: Address
    worker_pool: Address | None = None
    image: Image | None = None

    @pydantic.model_validator(mode="after")
    def _workers_come_from_one_place(self) -> "JobServiceBeam":
        if (self.worker_pool is None) == (self.image is None):
            raise ValueError(
                "Python's workers come either from a `worker_pool`, as in localhost:50000, or "
                f"from an `image`. Received: {'neither' if self.image is None else 'both'}"
            )
        return self


class PortableBeam(JobServiceBeam):
    """A job service of Beam's, whichever engine is behind it."""

    runner: Literal["portable"] = "portable"


class FlinkBeam(JobServiceBeam):
    """Flink, behind the Flink job server of Beam's.

    Attributes:
        parallelism: in how many slots of Flink's a step runs; Flink's own default if absent.
    """

    runner: Literal["flink"] = "flink"
    parallelism: Annotated[int, pydantic.Field(ge=1)] | None = None


class SparkBeam(JobServiceBeam):
    """Spark, behind the Spark job server of Beam's, which knows Spark's master."""

    runner: Literal["spark"] = "spark"


class DataflowBeam(_Engine):
    """Google's Dataflow.

    Attributes:
        project: of Google Cloud.
        region: in which it runs.
        temp_location: a folder in a bucket, for Dataflow's own files.
        image: which its workers run.
    """

    runner: Literal["dataflow"] = "dataflow"
    project: Annotated[str, pydantic.Field(min_length=1)]
    region: Annotated[str, pydantic.Field(min_length=1)]
    temp_location: Bucket
    image: Image


def _known(given: Any) -> Any:
    runner = given.get("runner") if isinstance(given, Mapping) else None
    if reason := _REFUSED.get(str(runner).lower().removesuffix("runner")):
        raise ValueError(f"{reason}. Received: runner: {runner}")
    return given


Beam = Annotated[
    LocalBeam | PortableBeam | FlinkBeam | SparkBeam | DataflowBeam,
    pydantic.Field(discriminator="runner"),
    pydantic.BeforeValidator(_known),
]


def refuse_beam_args(given: Any) -> Any:
    """Returns a config as it was given, unless it has the key that `beam` took the place of.

    Raises:
        pydantic_core.PydanticCustomError: if it has `beam_args`.
    """
    if isinstance(given, Mapping) and "beam_args" in given:
        hint = "write `beam: {runner: local, args: [...]}`, which has a key for each runner's own"
        raise pydantic_core.PydanticCustomError(
            "unknown_key", "unknown key '{key}': {hint}", {"key": "beam_args", "hint": hint}
        )
    return given

import pydantic
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.beam import (
    Beam,
    DataflowBeam,
    FlinkBeam,
    LocalBeam,
    PortableBeam,
    SparkBeam,
    refuse_beam_args,
)

ADAPTER = pydantic.TypeAdapter(Beam)
IMAGE = "registry.example/funnelrank@sha256:" + "0a" * 32
FLINK = {"runner": "flink", "job_endpoint": "flink-job-server:8099", "worker_pool": "localhost:1"}
DATAFLOW = {
    "runner": "dataflow",
    "project": "shop",
    "region": "europe-west1",
    "temp_location": "gs://shop/beam",
    "image": IMAGE,
}


def refused(said) -> str:
    with pytest.raises(pydantic.ValidationError) as refusal:
        ADAPTER.validate_python(said)
    (error,) = refusal.value.errors()
    return error["msg"].removeprefix("Value error, ")


def test_each_runner_has_keys_of_its_own():
    assert ADAPTER.validate_python({"runner": "local"}) == LocalBeam()
    flink = ADAPTER.validate_python({**FLINK, "parallelism": 8})
    assert isinstance(flink, FlinkBeam)
    assert flink.parallelism == 8
    assert isinstance(ADAPTER.validate_python({**FLINK, "runner": "spark"}), SparkBeam)
    assert isinstance(ADAPTER.validate_python({**FLINK, "runner": "portable"}), PortableBeam)
    assert isinstance(ADAPTER.validate_python(DATAFLOW), DataflowBeam)
    for strange in ({**FLINK, "region": "x"}, {**FLINK, "runner": "spark", "parallelism": 8}):
        assert refused(strange).startswith("unknown key")


def test_a_config_survives_json():
    for said in (FLINK, DATAFLOW, {"runner": "local", "args": ["--direct_num_workers=2"]}):
        beam = ADAPTER.validate_python(said)
        assert ADAPTER.validate_json(ADAPTER.dump_json(beam)) == beam


@pytest.mark.parametrize(
    ("runner", "reason"),
    [("direct", "download"), ("DirectRunner", "download"), ("prism", "downloads"),
     ("dask", "last tagged output"), ("DaskRunner", "last tagged output")],
)  # fmt: skip
def test_runners_that_do_harm_are_refused_with_the_reason_and_the_way_out(runner, reason):
    message = refused({"runner": runner})
    assert reason in message
    assert "Take `local`" in message
    assert message.endswith(f"Received: runner: {runner}")


def test_workers_come_from_one_place():
    given = {"runner": "flink", "job_endpoint": "a:1"}
    assert refused(given).endswith("Received: neither")
    both = {**given, "worker_pool": "localhost:50000", "image": IMAGE}
    assert refused(both).endswith("Received: both")


@pytest.mark.parametrize(
    "key", ["runner", "job_endpoint", "environment_type", "environment_config", "parallelism",
            "sdk_container_image", "project", "region", "temp_location", "staging_location"],
)  # fmt: skip
def test_an_option_does_not_say_what_a_key_says(key):
    message = refused({**FLINK, "args": [f"--{key}=x"]})
    assert message.startswith(f"--{key} is what the key `")
    assert message.endswith(f"Received: '--{key}=x'")


@pytest.mark.parametrize("arg", ["--a b", "-a", "a=b", "--", "8", "--a\n--runner=x"])
def test_an_option_is_one_piece(arg):
    assert refused({"runner": "local", "args": [arg]}).startswith("an option is --name or")


@given(st.text(max_size=20))
def test_an_address_is_a_host_and_a_port(text):
    said = {**FLINK, "job_endpoint": text}
    host, colon, port = text.rpartition(":")
    known = set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-")
    digits = port and set(port) <= set("0123456789") and len(port) <= 5
    if host and colon and set(host) <= known and digits and 0 < int(port) < 65536:
        assert ADAPTER.validate_python(said).job_endpoint == text
    else:
        assert refused(said).startswith("an address is host:port")


@pytest.mark.parametrize("port", ["0", "65536", "99999"])
def test_a_port_is_one_that_there_is(port):
    assert "host:port" in refused({**FLINK, "job_endpoint": f"localhost:{port}"})


@pytest.mark.parametrize("image", ["funnelrank", "funnelrank:1.0", IMAGE[:-1], f"{IMAGE} x"])
def test_an_image_is_named_by_its_digest(image):
    assert "digest" in refused({**DATAFLOW, "image": image})


@pytest.mark.parametrize("place", ["/tmp/beam", "s3://shop/beam", "gs://", "gs://shop/a b"])
def test_files_of_dataflow_lie_in_a_bucket(place):
    assert "gs://bucket/beam" in refused({**DATAFLOW, "temp_location": place})


def test_the_old_key_names_the_new_one():
    with pytest.raises(ValueError, match=r"unknown key 'beam_args': write `beam: \{runner: local"):
        refuse_beam_args({"name": "a", "beam_args": []})
    assert refuse_beam_args({"beam": {}}) == {"beam": {}}

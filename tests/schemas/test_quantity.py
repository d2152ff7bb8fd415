import pydantic
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.quantity import Cpu, Memory, cores, gigabytes


def refused(model: type[pydantic.BaseModel], given: object) -> str:
    with pytest.raises(pydantic.ValidationError) as refusal:
        model.model_validate(given)
    return str(refusal.value)


@pytest.mark.parametrize(
    ("text", "number"), [("8", 8), ("0.5", 0.5), (".5", 0.5), ("500m", 0.5), ("1500m", 1.5)]
)
def test_cores_are_numbers_or_thousandths(text, number):
    assert cores(text) == number


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1000000000", 1),
        ("32G", 32),
        ("1Gi", 1.073741824),
        ("500M", 0.5),
        ("1T", 1000),
        ("2Ki", 2.048e-6),
    ],
)
def test_memory_is_told_in_units_of_a_billion_bytes(text, number):
    assert gigabytes(text) == number


@pytest.mark.parametrize("given", [8, "8", 0.5, "500m"])
def test_one_number_is_both_what_is_set_aside_and_what_may_be_used(given):
    assert Cpu.model_validate(given) == Cpu(request=str(given), limit=str(given))


def test_a_request_needs_no_limit():
    assert Memory.model_validate({"request": "8G"}) == Memory(request="8G", limit=None)


@pytest.mark.parametrize("given", [0, "0m", "8 cores", "-1", True, "m", ""])
def test_a_cpu_that_is_no_quantity_is_refused_with_what_was_received(given):
    said = refused(Cpu, {"limit": given})
    assert "cpu is a number of cores, as in 8, 0.5 or 500m" in said
    assert f"Received: {given!r}" in said


@pytest.mark.parametrize("given", ["32GB", "1.5G", "G", "", True])
def test_a_memory_that_is_no_quantity_is_refused_with_what_was_received(given):
    said = refused(Memory, {"limit": given})
    assert "as in 32G" in said
    assert f"Received: {given!r}" in said


@pytest.mark.parametrize(
    ("model", "request_", "limit"), [(Cpu, "1100m", "1"), (Memory, "1Gi", "1G")]
)
def test_a_request_above_its_limit_is_refused(model, request_, limit):
    said = refused(model, {"request": request_, "limit": limit})
    assert f"the request {request_} is more than the limit {limit}" in said


@given(
    st.integers(1, 10**6), st.sampled_from(["", "K", "M", "G", "T", "P", "Ki", "Mi", "Gi", "Ti"])
)
def test_every_memory_that_kubernetes_reads_is_read(number, unit):
    assert Memory.model_validate(f"{number}{unit}").limit == f"{number}{unit}"

"""How much of a machine a container may have, in the words of Kubernetes."""

import re
from typing import Annotated, Any

import pydantic

from schemas.strict import Strict

_UNITS = {
    unit: factor
    for power, letter in enumerate("KMGTPE", start=1)
    for unit, factor in ((letter, 1000**power), (f"{letter}i", 1024**power))
}
_GIGABYTE = 10**9
_MEMORY = "memory is a number of bytes or of a unit, as in 32G."


def cores(text: str) -> float:
    """Returns the number of cores in `8`, `0.5` or `500m`."""
    return float(text[:-1]) / 1000 if text.endswith("m") else float(text)


def gigabytes(text: str) -> float:
    """Returns the memory in `32G`, `31Gi` or `1000000` (bytes), in units of 10^9 bytes."""
    match = re.fullmatch(r"(\d+)([KMGTPE]i?)?", text)
    if match is None:
        raise ValueError(f"{_MEMORY} Received: {text!r}")
    factor: int = _UNITS.get(match[2], 1)
    return int(match[1]) * factor / _GIGABYTE


def _a_cpu(given: object) -> str:
    text = str(given)
    if isinstance(given, bool) or not re.fullmatch(r"(\d*\.)?\d+m?", text) or not cores(text):
        raise ValueError(f"cpu is a number of cores, as in 8, 0.5 or 500m. Received: {given!r}")
    return text


def _a_memory(given: object) -> str:
    text = str(given)
    if isinstance(given, bool) or not gigabytes(text):
        raise ValueError(
            f"memory is a number of bytes or of a unit, as in 32G. Received: {given!r}"
        )
    return text


class _Needed(Strict):
    @pydantic.model_validator(mode="before")
    @classmethod
    def _one_or_both(cls, given: Any) -> Any:
        """Lets one quantity be both what is set aside and what may be used."""
        if isinstance(given, str | int | float):
            return {"request": given, "limit": given}
        return given


_Text = pydantic.WithJsonSchema({"type": ["string", "number"]})


class Cpu(_Needed):
    """Cores: what is set aside for a step, and what it may use at most."""

    request: Annotated[str, pydantic.BeforeValidator(_a_cpu), _Text] | None = None
    limit: Annotated[str, pydantic.BeforeValidator(_a_cpu), _Text] | None = None

    @pydantic.model_validator(mode="after")
    def _in_order(self) -> "Cpu":
        if self.request and self.limit and cores(self.request) > cores(self.limit):
            raise ValueError(_above("cpu", self.request, self.limit))
        return self


class Memory(_Needed):
    """Memory: what is set aside for a step, and above what it is killed."""

    request: Annotated[str, pydantic.BeforeValidator(_a_memory), _Text] | None = None
    limit: Annotated[str, pydantic.BeforeValidator(_a_memory), _Text] | None = None

    @pydantic.model_validator(mode="after")
    def _in_order(self) -> "Memory":
        if self.request and self.limit and gigabytes(self.request) > gigabytes(self.limit):
            raise ValueError(_above("memory", self.request, self.limit))
        return self


def _above(what: str, request: str, limit: str) -> str:
    return f"{what}: the request {request} is more than the limit {limit}. Lower one, or raise both"

"""How a YAML names a method, and the numbers that options are made of."""

from typing import Annotated, Any

import pydantic

Count = Annotated[int, pydantic.Field(ge=1)]
Units = tuple[Count, ...]
Positive = Annotated[float, pydantic.Field(gt=0, allow_inf_nan=False)]
NotNegative = Annotated[float, pydantic.Field(ge=0, allow_inf_nan=False)]
Probability = Annotated[float, pydantic.Field(gt=0, le=1)]


def _by_name(given: Any) -> Any:
    if isinstance(given, str):
        return {"kind": given}
    if isinstance(given, int | float | list) or given is None:
        raise ValueError(
            "a method is its name, or its name and its options, as in {kind: ple, levels: 2}. "
            f"Received: {given!r}"
        )
    return given


# Of a union of options: `kind` says which, and a name alone is a kind without options.
NAMED = pydantic.BeforeValidator(_by_name)
KIND = pydantic.Field(discriminator="kind")

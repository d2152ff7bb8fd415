"""What the facts of a report are made of."""

from typing import Annotated

import pydantic

# Where nothing was measured, older writers of JSON have null.
Number = Annotated[
    float, pydantic.BeforeValidator(lambda given: float("nan") if given is None else given)
]


class Fact(pydantic.BaseModel):
    """Frozen; what others write may hold more than is shown; NaN stays NaN."""

    model_config = pydantic.ConfigDict(
        frozen=True, extra="ignore", ser_json_inf_nan="constants", allow_inf_nan=True
    )

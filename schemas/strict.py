"""The base of every model read from YAML: frozen, and closed to keys it does not know."""

import pydantic


class Strict(pydantic.BaseModel):
    """A frozen pydantic model that refuses unknown keys."""

    model_config = pydantic.ConfigDict(frozen=True, extra="forbid")

"""The base of every model read from YAML: frozen, and closed to keys it does not know."""

import difflib
from collections.abc import Mapping
from typing import Any

import pydantic
import pydantic_core


class Strict(pydantic.BaseModel):
    """A frozen pydantic model that refuses unknown keys and names the nearest known one."""

    model_config = pydantic.ConfigDict(frozen=True, extra="forbid")

    @pydantic.model_validator(mode="before")
    @classmethod
    def _refuse_unknown_keys(cls, given: Any) -> Any:
        if not isinstance(given, Mapping):
            return given
        known = [field.alias or name for name, field in cls.model_fields.items()]
        for key in given:
            if key not in known:
                near = difflib.get_close_matches(str(key), known, n=1)
                hint = f"did you mean '{near[0]}'?" if near else f"known are {', '.join(known)}"
                raise pydantic_core.PydanticCustomError(
                    "unknown_key", "unknown key '{key}': {hint}", {"key": str(key), "hint": hint}
                )
        return given

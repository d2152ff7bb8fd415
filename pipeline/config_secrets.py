"""Secrets stand in the environment: a config is shown in reports and kept with every run."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

# user:password@ in an address, and what signs or opens one.
_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]*://[^/\s@]*:[^/\s]+@", re.IGNORECASE)
_SIGNED = re.compile(
    r"[?&](?:sig|signature|x-amz-signature|x-goog-signature|token|access_token|api_?key|password)=",
    re.IGNORECASE,
)
# An option of an engine; one that names a file, a variable or an id is no secret itself.
_OPTION = re.compile(
    r"--?[\w.-]*(?:password|passwd|secret|token|api_?key|access_?key|private_?key|credential"
    r"|connection_string)[\w.-]*(?<!_env)(?<!_file)(?<!_path)(?<!_id)=.",
    re.IGNORECASE,
)
_WAY_OUT = (
    "a config is kept with every run and shown in its report, so it holds no secret. Export it as "
    "an environment variable that the client reads by itself (AWS_SECRET_ACCESS_KEY, "
    "GOOGLE_APPLICATION_CREDENTIALS), on Kubeflow by `kubeflow.environment`"
)
Place = tuple[str | int, ...]


def secrets(given: Any, keys: Place = ()) -> Iterator[tuple[Place, str]]:
    """Yields the places of values that hold a secret, each with a sentence that does not show it.

    Args:
        given: what a config holds: mappings, lists and scalars.
        keys: where it stands.
    """
    if isinstance(given, Mapping):
        for key, value in given.items():
            yield from secrets(value, (*keys, str(key)))
    elif isinstance(given, list):
        for place, value in enumerate(given):
            yield from secrets(value, (*keys, place))
    elif isinstance(given, str):
        if _ADDRESS.match(given):
            yield keys, f"the address has a password in it: {_WAY_OUT}"
        elif "://" in given and _SIGNED.search(given):
            yield keys, f"the address has a key in it: {_WAY_OUT}"
        elif _OPTION.match(given):
            yield keys, f"the option {given.partition('=')[0]} has a secret: {_WAY_OUT}"

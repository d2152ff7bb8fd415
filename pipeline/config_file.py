"""YAML to PipelineConfig, with errors that name the file, the line and the way out."""

import reprlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pydantic
import yaml

from pipeline.config import PipelineConfig
from pipeline.config_secrets import secrets
from pipeline.errors import Misuse
from pipeline.failures import reason
from pipeline.safe_yaml import NotPlain, parse, read_text

# Whoever takes it for the place of a secret has written one there.
_ENVIRONMENT = "environment"


def load_config(path: Path, overrides: Sequence[str] = ()) -> PipelineConfig:
    """Reads and checks one config.

    Args:
        path: of the YAML file.
        overrides: `a.b=c` each, c being YAML; they win over the file.

    Raises:
        Misuse: naming the file, the line, the rule and the value received.
    """
    try:
        tree, given = _read(path)
    except (OSError, UnicodeDecodeError) as error:
        raise Misuse(f"cannot read the config {path}: {reason(error)}") from error
    except NotPlain as error:
        raise Misuse(f"{path}{f':{error.line}' if error.line else ''}: {error}") from error
    overridden = [_override(given, override) for override in overrides]
    for location, sentence in secrets(given):
        key, line = _place(tree, location, overridden)
        raise Misuse(f"{_where(path, line)}: {key}: {sentence}")
    try:
        return PipelineConfig.model_validate(given)
    except pydantic.ValidationError as error:
        raise Misuse(_sentence(path, tree, overridden, error)) from error


def _read(path: Path) -> tuple[yaml.Node, dict[str, Any]]:
    plain = parse(read_text(path))
    if plain.tree is None or not isinstance(plain.value, dict):
        raise Misuse(f"{path} must hold a mapping with at least name, logs, features and heads")
    return plain.tree, plain.value


def _override(given: dict[str, Any], override: str) -> tuple[str, ...]:
    """Sets one `a.b=c` in `given`; returns its keys."""
    # The name of a gate on a slice has an equals sign in it: gates.ctr.auc[device=phone].
    sliced = override.startswith("gates.") and "[" in override.partition("=")[0]
    path, equals, value = override.partition("]=" if sliced else "=")
    path += "]" * sliced
    if not equals or not path:
        raise Misuse(f"--set takes key=value, as in training.epochs=2. Received: {override!r}")
    head, _, rest = path.partition(".")
    # A gate's name has a dot in it: gates.ctr.auc.
    *parents, last = (head, rest) if head == "gates" and rest else path.split(".")
    place = given
    for key in parents:
        place = place.setdefault(key, {})
        if not isinstance(place, dict):
            raise Misuse(f"--set {override!r}: {key!r} is no mapping in this config")
    try:
        place[last] = parse(value).value
    except NotPlain as error:
        raise Misuse(
            f"--set {reprlib.repr(override)}: its value cannot be read: {error}"
        ) from error
    return (*parents, last)


def _place(
    tree: yaml.Node, location: Sequence[str | int], override_keys: Sequence[tuple[str, ...]]
) -> tuple[str, str]:
    """Returns the dotted key of an error and its line (or --set)."""
    node, line, keys = tree, tree.start_mark.line, []
    for part in location:
        if isinstance(node, yaml.MappingNode):
            pair = next(((k, v) for k, v in node.value if k.value == str(part)), None)
            if pair is None:
                continue  # the tag of a union, or a key that is missing
            line, node = pair[0].start_mark.line, pair[1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int):
            if part < len(node.value):
                node = node.value[part]
                line = node.start_mark.line
        else:
            continue
        keys.append(str(part))
    wanted = [str(part) for part in location]
    for override in override_keys:
        # The location also has the tags of unions; and the override may go on below an unknown key.
        if wanted and (_within(list(override), wanted) or _within(wanted, list(override))):
            return ".".join(override), "--set"
    return ".".join(keys), str(line + 1)


def _within(keys: Sequence[str], others: Sequence[str]) -> bool:
    """Returns whether `keys` stand in `others`, in their order and from the first on."""
    rest = iter(others)
    return keys[:1] == others[:1] and all(key in rest for key in keys)


def _sentence(
    path: Path,
    tree: yaml.Node,
    overridden: Sequence[tuple[str, ...]],
    error: pydantic.ValidationError,
) -> str:
    first = error.errors(include_url=False)[0]
    location = list(first["loc"])
    context: Mapping[str, Any] = first.get("ctx", {})
    message = str(first["msg"]).removeprefix("Value error, ")
    match first["type"]:
        case "unknown_key":
            location.append(context["key"])
        case "rule":
            location.extend(context["keys"])
        case "value_error":
            pass
        case "missing":
            message = f"the key {location[-1]!r} is missing"
        case "union_tag_not_found":
            message = f"the key {context['discriminator']} is missing"
        case "union_tag_invalid":
            key = context["discriminator"].strip("'")
            location.append(key)
            message = f"it must be one of {context['expected_tags']}. Received: {context['tag']!r}"
        case _ if _ENVIRONMENT in location:
            message += ". It holds the names of a secret and of a key in it, not the secret itself"
        case _:
            message += f". Received: {reprlib.repr(first['input'])}"
    key, line = _place(tree, location, overridden)
    more = error.error_count() - 1
    also = f" (and {more} more)" if more else ""
    return f"{_where(path, line)}: {key + ': ' if key else ''}{message}{also}"


def _where(path: Path, line: str) -> str:
    return line if line == "--set" else f"{path}:{line}"

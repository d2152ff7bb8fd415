"""What is sent to Kubeflow Pipelines, read as its API reads it: by the models of kfp's own API."""

import dataclasses
import email
import email.policy
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import kfp_server_api as api
import yaml
from google.protobuf import json_format
from kfp.pipeline_spec import pipeline_spec_pb2
from kfp_server_api import models


@dataclasses.dataclass(frozen=True)
class Asked:
    """What a call is given: names in its path, its query, its body and the body's kind."""

    names: tuple[str, ...]
    query: Mapping[str, str]
    body: bytes
    kind: str


class Refused(Exception):
    """What the server answers instead: a status and why."""

    def __init__(self, status: int, message: str):
        super().__init__(message)
        self.status = status


def parse(body: bytes, model: str) -> Any:
    """Reads a body as a model of the API; refuses what the model has not."""
    given = json.loads(body)
    _refuse_strangers(given, model)
    answer = type("Answer", (), {"data": body.decode()})
    try:
        return api.ApiClient().deserialize(answer, model)
    except ValueError as error:
        raise Refused(400, str(error)) from error


def _refuse_strangers(given: Any, kind: str) -> None:
    listed = re.fullmatch(r"list\[(.+)\]|dict\(str, (.+)\)", kind)
    if listed and given:
        values = given if listed[1] else given.values()
        for value in values:
            _refuse_strangers(value, listed[1] or listed[2])
    elif given is not None and (model := getattr(models, kind, None)):
        types = model.openapi_types
        if not types:  # an enumeration
            if given not in model.allowable_values:
                raise Refused(400, f"{kind} is one of {model.allowable_values}: {given}")
            return
        names = {told: name for name, told in model.attribute_map.items()}
        if not isinstance(given, dict) or set(given) - set(names):
            raise Refused(400, f"{kind} has no field {set(given) - set(names) or given}")
        for name, value in given.items():
            _refuse_strangers(value, types[names[name]])


def checked_pipeline(given: Any) -> Any:
    """Reads a specification as Kubeflow does; returns its parameters by name."""
    both = "pipeline_spec" in given
    try:
        spec = json_format.ParseDict(
            given["pipeline_spec"] if both else given, pipeline_spec_pb2.PipelineSpec()
        )
        if both:
            json_format.ParseDict(given["platform_spec"], pipeline_spec_pb2.PlatformSpec())
    except json_format.ParseError as error:
        raise Refused(400, f"invalid v2 pipeline spec: {error}") from error
    if spec.schema_version != "2.1.0":
        raise Refused(400, f"unsupported schema {spec.schema_version!r}")
    return spec.root.input_definitions.parameters


def check_parameters(given: Mapping[str, Any], known: Any) -> None:
    """Refuses what a pipeline does not take."""
    for name, value in given.items():
        if name not in known:
            raise Refused(400, f"parameter {name} is not in the pipeline's inputs")
        text = known[name].parameter_type == pipeline_spec_pb2.ParameterType.STRING
        if text != isinstance(value, str):
            raise Refused(400, f"parameter {name} is of another type")


def uploaded(asked: Asked) -> Any:
    """Returns the pipeline in a file that is sent as a form sends it, if it is one."""
    whole = b"Content-Type: " + asked.kind.encode() + b"\r\n\r\n" + asked.body
    (part,) = email.message_from_bytes(whole, policy=email.policy.HTTP).iter_parts()
    if not (part.get_filename() or "").endswith(".yaml"):
        raise Refused(400, f"a file of this kind is not read: {part.get_filename()}")
    first, *rest = yaml.safe_load_all(part.get_payload(decode=True))
    spec = {"pipeline_spec": first, "platform_spec": rest[0]} if rest else first
    checked_pipeline(spec)
    return spec


def fits(one: Any, text: str | None) -> Iterator[bool]:
    """Says of each predicate of a filter whether it holds."""
    for predicate in json.loads(text)["predicates"] if text else ():
        if predicate["operation"] != "EQUALS":
            raise Refused(400, f"unknown operation: {predicate}")
        yield getattr(one, predicate["key"]) == predicate["stringValue"]

"""What a pipeline needs of Kubeflow: its image, its volume, and what each step may use."""

import re
from pathlib import PurePosixPath
from typing import Annotated, Any, Literal

import pydantic

from schemas.beam import Image
from schemas.quantity import Cpu, Memory
from schemas.strict import Strict

DEFAULT = "default"
# The components that train: the only ones that an accelerator makes faster.
TRAINING = ("Trainer", "Tuner")


class Accelerator(Strict):
    """Devices of one kind, by the name of the resource in Kubernetes: nvidia.com/gpu."""

    type: str
    count: Annotated[int, pydantic.Field(ge=1)] = 1


class Toleration(Strict):
    """A taint of nodes that a step may run on all the same; see Kubernetes."""

    key: str
    operator: Literal["Exists", "Equal"] = "Exists"
    value: str | None = None
    effect: Literal["NoSchedule", "PreferNoSchedule", "NoExecute"] | None = None


class Resources(Strict):
    """What one component, or each that is not named, may use; what is left out is free.

    Attributes:
        cpu: cores.
        memory: memory.
        accelerator: devices; of Trainer and Tuner alone.
        image: instead of the pipeline's, as the one for GPUs.
        node_selector: labels that the node must have.
        tolerations: taints of nodes that do not matter.
        retries: how often a step that failed is tried again; by default twice, and gates never.
        caching: whether Kubeflow may take a step's outputs from an earlier run; by default only
            where nothing is read but the step's inputs.
    """

    cpu: Cpu | None = None
    memory: Memory | None = None
    accelerator: Accelerator | None = None
    image: Image | None = None
    node_selector: dict[str, str] = pydantic.Field(default_factory=dict)
    tolerations: tuple[Toleration, ...] = ()
    retries: Annotated[int, pydantic.Field(ge=0, le=10)] | None = None
    caching: bool | None = None


def _a_folder(path: str) -> str:
    pure = PurePosixPath(path)
    if not pure.is_absolute() or ".." in pure.parts:
        raise ValueError(f"a folder of the containers is an absolute path. Received: {path!r}")
    return str(pure)


Folder = Annotated[str, pydantic.AfterValidator(_a_folder)]


class Claim(Strict):
    """A persistent volume claim, and the folder in which every container finds it."""

    claim: str
    path: Folder

    @pydantic.field_validator("claim")
    @classmethod
    def _as_kubernetes_names(cls, claim: str) -> str:
        if not re.fullmatch(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?", claim):
            raise ValueError(
                "the name of a claim has lower case letters, digits, - and . only, as Kubernetes "
                f"demands. Received: {claim!r}"
            )
        return claim

    def has(self, path: str) -> bool:
        """Returns whether a folder of the containers lies on this volume."""
        return PurePosixPath(path).is_relative_to(self.path)


class SecretKey(Strict):
    """A key of a Kubernetes secret; only its name is written down."""

    secret: str
    key: str


class KubeflowConfig(Strict):
    """How a pipeline runs on Kubeflow.

    Attributes:
        image: of every step, by its digest.
        root: the work directory, a folder on the volume: serving/, reports/, checkpoints/ and all
            else that a local work directory has, artifacts included.
        volume: what every step mounts; several must be able to write at once (ReadWriteMany).
        mounts: further claims, as one that holds the logs.
        environment: variables of every step, by name: each is a key of a secret.
        resources: by component; `default` for those not named, and for what they leave out.
    """

    image: Image
    root: Folder
    volume: Claim
    mounts: tuple[Claim, ...] = ()
    environment: dict[str, SecretKey] = pydantic.Field(default_factory=dict)
    resources: dict[str, Resources] = pydantic.Field(default_factory=dict)

    @pydantic.field_validator("resources")
    @classmethod
    def _trained_by_devices(cls, given: dict[str, Resources]) -> dict[str, Resources]:
        for name, resources in given.items():
            if resources.accelerator is not None and name not in TRAINING:
                raise ValueError(
                    f"{name} cannot use an accelerator: only {' and '.join(TRAINING)} train. "
                    f"Received: {resources.accelerator.type}"
                )
        return given

    @pydantic.model_validator(mode="after")
    def _root_on_the_volume(self) -> "KubeflowConfig":
        if not self.volume.has(self.root):
            raise ValueError(
                f"root: must be a folder on the volume, which lies at {self.volume.path}: what a "
                f"step writes elsewhere is gone with its container. Received: {self.root}"
            )
        return self

    def sees(self, path: str) -> bool:
        """Returns whether every step finds what lies at `path`: on a claim, or far away."""
        return "://" in path or any(claim.has(path) for claim in (self.volume, *self.mounts))

    def of(self, component: str) -> Resources:
        """Returns what a component may use: what is said of it, else what is said of all."""
        said: dict[str, Any] = {}
        for name in (DEFAULT, component):
            found = self.resources.get(name, Resources())
            said |= {field: getattr(found, field) for field in found.model_fields_set}
        return Resources.model_construct(**said)

"""AtomicPusher: TFX's Pusher, except that a version appears complete or not at all."""

from tfx.components.pusher.component import Pusher
from tfx.dsl.components.base import executor_spec

from components.atomic_pusher.executor import Executor


class AtomicPusher(Pusher):
    """TFX's Pusher with a staging directory and versions that never collide."""

    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(Executor)

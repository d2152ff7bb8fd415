from tfx.components.pusher.component import Pusher
from tfx.proto import pusher_pb2
from tfx.types import channel_utils
from tfx.types.standard_artifacts import InfraBlessing, Model, ModelBlessing

from components.atomic_pusher.component import AtomicPusher
from components.atomic_pusher.executor import Executor


def test_it_is_the_pusher_of_tfx_with_our_executor():
    pusher = AtomicPusher(
        model=channel_utils.as_channel([Model()]),
        model_blessing=channel_utils.as_channel([ModelBlessing()]),
        infra_blessing=channel_utils.as_channel([InfraBlessing()]),
        push_destination=pusher_pb2.PushDestination(
            filesystem=pusher_pb2.PushDestination.Filesystem(base_directory="serving")
        ),
    )
    assert isinstance(pusher, Pusher)
    assert pusher.executor_spec.executor_class is Executor
    assert set(pusher.inputs) == {"model", "model_blessing", "infra_blessing"}
    assert set(pusher.outputs) == {"pushed_model"}

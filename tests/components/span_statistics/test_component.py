from tfx.types import channel, standard_artifacts

from components.log_example_gen.artifacts import LogLedger
from components.span_statistics.artifacts import SpanSummary
from components.span_statistics.component import SpanStatistics
from components.span_statistics.executor import Executor


def test_it_takes_examples_and_their_ledger_and_gives_a_summary():
    component = SpanStatistics(
        examples=channel.Channel(type=standard_artifacts.Examples),
        ledger=channel.Channel(type=LogLedger),
        settings="{}",
    )
    assert component.id == "SpanStatistics"
    assert component.executor_spec.executor_class is Executor
    assert component.exec_properties == {"settings": "{}"}
    assert component.outputs["summary"].type is SpanSummary

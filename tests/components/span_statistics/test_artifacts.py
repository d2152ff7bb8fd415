from components.span_statistics.artifacts import SpanSummary


def test_a_summary_is_an_artifact_of_its_own_type():
    assert SpanSummary().type_name == "components.SpanSummary"

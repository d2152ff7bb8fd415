from components.data_report.artifacts import DataFindings


def test_findings_are_an_artifact_of_their_own_type():
    assert DataFindings().type_name == "components.DataFindings"

from components.run_report.artifacts import RunFacts


def test_the_artifact_has_a_type_of_its_own():
    assert RunFacts().type_name == "components.RunFacts"

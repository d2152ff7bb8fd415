from components.log_example_gen.artifacts import LogLedger, LogRejects


def test_the_ledger_and_the_rejects_are_artifacts_of_their_own_types():
    assert LogLedger().type_name == "components.LogLedger"
    assert LogRejects().type_name == "components.LogRejects"

from components.log_example_gen.artifacts import LogLedger


def test_the_ledger_is_an_artifact_of_its_own_type():
    assert LogLedger().type_name == "LogLedger"

from pipeline.errors import Misuse, RunFailed


def test_misuse_and_a_failed_run_are_never_caught_as_each_other_or_as_a_value_error():
    for one, other in ((Misuse, RunFailed), (RunFailed, Misuse), (Misuse, ValueError)):
        assert not issubclass(one, other)
    assert str(Misuse("the rule")) == "the rule"

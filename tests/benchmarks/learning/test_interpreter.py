import click
import pytest

from benchmarks.learning.interpreter import python


def test_it_returns_what_a_module_printed():
    assert "usage: python -m json.tool" in python("json.tool", "--help")


def test_a_module_that_fails_is_named_with_what_it_said():
    with pytest.raises(click.ClickException, match=r"(?s)nowhere.json failed:.*No such file"):
        python("json.tool", "nowhere.json")

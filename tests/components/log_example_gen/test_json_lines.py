import json

import pytest

from components.log_example_gen import json_lines
from components.log_example_gen.json_lines import load


def nested(levels, around=b"%b"):
    return around % (b'{"a": ' + b"[" * (levels - 1) + b"]" * (levels - 1) + b"}")


@pytest.mark.parametrize(
    "data, regular",
    [
        (b'{"a": 1}\n', True),
        (b'{"a": 1}\n{"b": 2}\r\n{}\n', True),
        (b'{"a": 1}\n\n{"b": 2}\n', False),
        (b' {"a": 1}\n', False),
        (b'{"a":\n1}\n', False),
        (b'{"a": 1}\n[2]\n', False),
        (b'{"a": 1} {"a": 2\n}\n', False),
    ],
)
def test_lines_are_regular_if_all_are_in_braces(data, regular):
    assert json_lines.is_regular(data, data.count(b"\n")) == regular


@pytest.mark.parametrize(
    "line, why",
    [
        (b"{", "invalid JSON"),
        (b"{} {}", "invalid JSON"),
        (b'{"a": ' + b"9" * 5000 + b"}", "invalid JSON"),
        (b"[]", "no JSON object"),
        (b"null", "no JSON object"),
        (b"\xff", "not UTF-8"),
        (b'{"a": "\\udc00"}', "not UTF-8"),
        (nested(128), "nested 128 levels deep or more"),
        (nested(200_000), "nested 128 levels deep or more"),
    ],
)
def test_what_is_no_object_is_told_why(line, why):
    assert load(line) == why


def test_objects_are_loaded():
    assert load(b'{"a": 1, "a": "\\ud83d\\ude00"}') == {"a": "😀"}
    assert load(nested(127))["a"][0] is not None
    brackets = b'{"a": "' + b"[" * 500 + b'\\"[", "b": [' + b"[], " * 500 + b"[]]}"
    assert len(load(brackets)["b"]) == 501


def test_only_text_of_few_levels_is_harmless():
    assert json_lines.is_harmless(b'{"a": "\xc3\xa9"}\n', 1)
    assert not json_lines.is_harmless(b'{"a": "\xff"}\n', 1)
    assert json_lines.is_harmless(b'{"a": [[], {}]}\n' * 1000, 1000)
    for before in range(0, 130, 13):
        data = b'{"a": []}\n' * before + nested(128) + b"\n" + b"{}\n" * 10
        assert not json_lines.is_harmless(data, before + 11)


def fits(calls):
    def check(lines):
        calls.append(len(lines))
        return all(isinstance(load(line), dict) for line in lines)

    return check


def test_a_few_wrong_lines_are_found_without_looking_at_all():
    lines = [b"{}"] * 10_000
    lines[77], lines[9_876], lines[9_877] = b"{", b"[]", b"\xff"
    calls = []
    found = json_lines.wrong_lines(lines, fits(calls))
    assert found == {77: "invalid JSON", 9_876: "no JSON object", 9_877: "not UTF-8"}
    assert sum(calls) < 4 * len(lines)


def test_objects_that_do_not_fit_together_are_not_wrong():
    lines = [json.dumps({"a": 1 if i < 500 else "x"}).encode() for i in range(1000)]
    assert json_lines.wrong_lines(lines, lambda some: len(some) <= 500) == {}
    assert json_lines.wrong_lines(lines, lambda some: False) == {}


def test_the_search_for_very_many_wrong_lines_is_given_up():
    calls = []
    found = json_lines.wrong_lines([b"{"] * 100_000, fits(calls))
    assert 32 * 32 <= len(found) <= 32 * 64 and len(calls) < 1000

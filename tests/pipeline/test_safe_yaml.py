import time

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pipeline.safe_yaml import MOST_CHARACTERS, NotPlain, parse, read_text


def refused(text: str) -> str:
    with pytest.raises(NotPlain) as refusal:
        parse(text)
    return f"{refusal.value.line}: {refusal.value}"


def test_plain_yaml_is_what_pyyaml_says_of_it():
    text = "a: [1, 2.5, x, null, true]\nb: &b {c: 2026-01-31}\nd: {<<: *b, e: ''}\n"
    assert parse(text).value == yaml.safe_load(text)
    assert parse("").tree is None


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("a: 1\nb: [" + "[" * 40, "2: it has more than 32 levels, which no config needs"),
        ("a: " + "[" * 500_000, "1: it has more than 32 levels, which no config needs"),
        ("a:\n- &x [*x]", "2: the alias *x names nothing before it"),
        ("a: [1]\nb: *y", "2: the alias *y names nothing before it"),
        ("a: 1\na: 2", "2: the key 'a' stands twice"),
        ("a: {b: [{c: 1, c: 2}]}", "1: the key 'c' stands twice"),
        ("? [a]\n: 1", "1: a key is a text, not a list or a mapping"),
        ("a: 1\n? {b: 1}\n: 1", "2: a key is a text, not a list or a mapping"),
        (
            "a: !!python/object/apply:os.system ['x']",
            "1: it has the tag tag:yaml.org,2002:python/object/apply:os.system: a config holds "
            "plain values, without tags",
        ),
        (
            "a: !!timestamp x",
            "1: it has the tag tag:yaml.org,2002:timestamp: a config holds plain values, without "
            "tags",
        ),
        (
            "a: 2026-02-31",
            "None: it has a value that is none of its kind: day is out of range for month",
        ),
        (
            "a: " + "x" * MOST_CHARACTERS,
            "None: it has more than 1,048,576 characters, which no config needs",
        ),
    ],
)
def test_what_is_more_than_plain_values_is_refused_with_its_line(text, sentence):
    assert refused(text) == sentence


@pytest.mark.parametrize("text", ["a: " + "1" * 5000, "a: 0x_", "a: [", "\0", "a: b: c", "- *"])
def test_what_python_or_pyyaml_cannot_read_is_refused_too(text):
    refused(text)


def test_a_billion_laughs_are_refused_before_they_are_laughed():
    lines = ["l0: &l0 [lol, lol, lol, lol, lol, lol, lol, lol, lol, lol]"]
    lines += [f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 10)}]" for n in range(1, 10)]
    began = time.monotonic()
    assert refused("\n".join(lines)) == (
        "5: it has more than 100,000 keys and values, aliases counted as what they stand for"
    )
    assert time.monotonic() - began < 1


@settings(max_examples=150, deadline=None)
@example("a: !!bool x")
@example("? - a\n: b")
@given(st.text("ab:-[]{}&*!?|>#%@'\",<=01._ \n\t\\", max_size=40))
def test_any_text_is_read_as_pyyaml_reads_it_or_refused(text):
    try:
        found = parse(text)
    except NotPlain:
        return
    assert repr(found.value) == repr(yaml.safe_load(text))


def test_no_more_is_read_of_a_file_than_a_config_may_have(tmp_path):
    path = tmp_path / "endless.yaml"
    with path.open("wb") as file:
        file.truncate(2**33)  # of zeros, and on no disk
    assert len(read_text(path)) == 4 * (MOST_CHARACTERS + 1)

"""Configs written by somebody who means harm, or who wrote a secret into one."""

from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.cli import main
from pipeline.config_file import load_config
from pipeline.errors import Misuse

ROOT = Path(__file__).resolve().parents[2]
DEMO = ROOT / "configs" / "demo.yaml"
LAUGHS = "\n".join(
    [
        "a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol, lol]",
        *(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)),
    ]
)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (LAUGHS, ":5: it has more than 100,000 keys and values"),
        ("a: " + "[" * 100_000, ":1: it has more than 32 levels"),
        ("name: &x [*x]", ":1: the alias *x names nothing before it"),
        ("name: !!python/object/apply:os.system ['touch planted']", ":1: it has the tag "),
        ("name: demo\nname: demo", ":2: the key 'name' stands twice"),
        ("#" * (2**20 + 1), ": it has more than 1,048,576 characters"),
    ],
)
def test_a_hostile_config_is_one_sentence_and_exit_code_two(text, sentence, tmp_path):
    path = tmp_path / "hostile.yaml"
    path.write_text(text)
    done = CliRunner().invoke(main, ["run", str(path), "--work", str(tmp_path / "work")])
    assert done.exit_code == 2
    assert f"Error: {path}{sentence}" in done.output
    assert [file.name for file in tmp_path.iterdir()] == ["hostile.yaml"]


def test_an_override_is_held_to_the_same_limits():
    for value in ("[" * 1000, "!!python/name:os.system", "&x [*x]", "2026-02-31"):
        with pytest.raises(Misuse, match=r"^--set .* its value cannot be read: "):
            load_config(DEMO, [f"window={value}"])


@settings(max_examples=30, deadline=None)
@given(st.text(max_size=30))
def test_any_override_is_taken_or_refused_in_a_sentence(text):
    try:
        load_config(DEMO, [f"window={text}"])
    except Misuse as refused:
        assert "\n" not in str(refused) and "Traceback" not in str(refused)


@pytest.mark.parametrize(
    ("override", "place"),
    [
        (
            "logs.root=https://reader:hunter2@store.example/logs",
            "logs.root: the address has a pass",
        ),
        ("truth=s3://b/x.parquet?X-Amz-Signature=hunter2", "truth: the address has a key in it"),
        (
            "beam={runner: local, args: ['--s3_secret_access_key=hunter2']}",
            "beam: the option --s3_secret_access_key has a secret",
        ),
        ("metadata={kind: mysql, password: hunter2}", "metadata"),
        ("kubeflow={environment: {TOKEN: hunter2}}", "kubeflow"),
        ("password=hunter2", "password: unknown key 'password'"),
        ("training.token=hunter2", "training.token: unknown key 'token'"),
    ],
)
def test_a_secret_in_a_config_is_refused_and_not_repeated(override, place):
    with pytest.raises(Misuse) as refused:
        load_config(DEMO, [override])
    assert place in str(refused.value)
    assert "hunter2" not in str(refused.value)


def test_a_secret_in_a_file_is_told_with_its_line(tmp_path):
    text = DEMO.read_text()
    line = next(n for n, said in enumerate(text.splitlines(), 1) if said.startswith("  root:"))
    root = text.splitlines()[line - 1]
    (tmp_path / "demo.yaml").write_text(text.replace(root, "  root: ftp://a:hunter2@b/c"))
    with pytest.raises(Misuse, match=rf"demo\.yaml:{line}: logs\.root: the address has a password"):
        load_config(tmp_path / "demo.yaml")

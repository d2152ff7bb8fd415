import os
import subprocess
import sys
from pathlib import Path

import click
import pytest

from pipeline.cli import main
from pipeline.errors import Interrupted, RunFailed

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def command():
    """Adds a command to the real group for one test."""
    added = []

    def add(body):
        added.append(click.Command("try-this", callback=body))
        main.add_command(added[0])

    yield add
    del main.commands[added[0].name]


@pytest.fixture
def temp(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return tmp_path


def test_an_error_nobody_expected_is_one_sentence_and_its_traceback_is_in_a_file(
    command, temp, invoke, sentence
):
    command(lambda: {}["ctr"])
    said = sentence(invoke("try-this"), 1)
    (log,) = temp.iterdir()
    assert said == f"try-this failed: KeyError: 'ctr'. The whole story is in {log}"
    assert log.read_text().startswith("Traceback (most recent call last):")
    assert log.read_text().endswith("KeyError: 'ctr'\n")


def test_a_failed_run_is_its_own_sentence_and_exit_code_one(command, temp, invoke, sentence):
    def fail():
        raise RunFailed("Trainer failed: no memory. The whole story is in run.log")

    command(fail)
    assert sentence(invoke("try-this"), 1) == (
        "Trainer failed: no memory. The whole story is in run.log"
    )
    assert list(temp.iterdir()) == []


def test_a_user_who_stops_a_command_sees_no_traceback(command, temp, invoke):
    def stop():
        raise KeyboardInterrupt

    command(stop)
    result = invoke("try-this")
    assert result.exit_code == 130
    assert result.stderr == "Interrupted.\n"
    assert list(temp.iterdir()) == []


def test_a_run_that_a_signal_ended_has_its_own_sentence_and_code(command, invoke):
    def stop():
        raise Interrupted("Interrupted at Trainer.", 15)

    command(stop)
    result = invoke("try-this")
    assert (result.exit_code, result.stderr) == (143, "Interrupted at Trainer.\n")


def test_help_names_the_commands_and_the_exit_codes(invoke):
    text = invoke("--help").stdout
    for word in (
        "report",
        "lineage",
        "run",
        "tune",
        "simulate",
        "score",
        "doctor",
        "Exit codes: 0 done, 1 the run failed",
    ):
        assert word in text
    assert invoke("-h").stdout == text
    assert len(text.splitlines()) < 40


def test_help_imports_no_framework():
    code = (
        "import sys\n"
        "from pipeline.cli import main\n"
        "for command in (['--help'], ['run', '--help'], ['tune', '--help']):\n"
        "    main(command, standalone_mode=False)\n"
        "print('IMPORTED', *sorted(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    imported = set(done.stdout.split("IMPORTED")[1].split())
    assert "pipeline.cli" in imported
    assert not imported & {"tensorflow", "tfx", "apache_beam", "pyarrow", "duckdb", "pydantic"}


def test_a_command_sets_keras_two_before_tensorflow_can_be_imported(command, monkeypatch, invoke):
    monkeypatch.delenv("TF_USE_LEGACY_KERAS")
    seen = []
    command(lambda: seen.append(os.environ["TF_USE_LEGACY_KERAS"]))
    invoke("try-this")
    assert seen == ["1"]


def test_the_module_is_the_same_door():
    done = subprocess.run(
        [sys.executable, "-m", "pipeline", "run", "none.yaml"],
        cwd=ROOT, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 2
    assert done.stderr.startswith("Error: cannot read the config none.yaml: ")
    assert len(done.stderr.splitlines()) == 1

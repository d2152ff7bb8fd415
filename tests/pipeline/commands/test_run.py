import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]


MISUSES = {
    "unknown key": ([("units:", "unitz:")], (), "did you mean 'units'?"),
    "wrong type": ([("batch_size: 4", "batch_size: x")], (), ":16: training.batch_size: "),
    "not YAML": ([("window: 2", "window: [")], (), "is not YAML"),
    "repeated key": ([("window: 2", "window: 2\nwindow: 3")], (), "'window' stands twice"),
    "gate on an unknown metric": ([("ctr.auc", "ctr.f1")], (), "unknown metric 'f1'"),
    "absent feature": ([("price: {", "city: {")], (), "has no column 'city'"),
    "empty span": ([], ("--span", "2026-02-01"), "span 2026-02-01 is empty"),
    "nothing known yet": ([], ("--as-of", "2026-01-01"), "no impressions of span 2026-01-01"),
    "a span of the future": (
        [],
        ("--span", "2026-01-03", "--as-of", "2026-01-02T12:00Z"),
        "as of 2026-01-02T12:00:00+00:00 there were no impressions of span 2026-01-03",
    ),
    "one span known": ([], ("--as-of", "2026-01-02"), "1 span(s) up to 2026-01-01 leave nothing"),
    "too small a window": ([], ("--window", "1"), "leave nothing to train on"),
    "unknown key of --set": ([], ("--set", "training.epoch=2"), "did you mean 'epochs'?"),
    "no --set": ([], ("--set", "training"), "--set takes key=value"),
}


@pytest.mark.parametrize(("changes", "options", "said"), MISUSES.values(), ids=MISUSES.keys())
def test_misuse_is_one_sentence_and_exit_code_two_before_any_work(
    changes, options, said, write_config, write_logs, tmp_path, invoke, sentence
):
    write_logs()
    work = tmp_path / "work"
    result = invoke("run", write_config(*changes), "--work", work, *options)
    assert said in sentence(result, 2)
    assert not work.exists()


def test_a_config_that_is_not_there_is_misuse(tmp_path, invoke, sentence):
    result = invoke("run", tmp_path / "none.yaml", "--work", tmp_path / "work")
    assert "cannot read the config" in sentence(result, 2)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "options",
    [("--span", "yesterday"), ("--as-of", "noon"), ("--window", "0"), ("--spam", "1")],
    ids=lambda options: options[0],
)
def test_an_option_that_cannot_be_read_is_misuse(options, write_config, invoke):
    result = invoke("run", write_config(), *options)
    assert result.exit_code == 2
    assert "Traceback" not in result.output
    if options[0] == "--span":
        assert "a span is a date, as in 2026-01-31. Received: 'yesterday'" in result.stderr
    if options[0] == "--as-of":
        assert "a moment is a date or a time in ISO 8601, as in 2024-05-03 or " in result.stderr
        assert "Received: 'noon'" in result.stderr


def test_a_wrong_config_is_told_before_anything_heavy_is_imported(write_config):
    code = (
        "import sys\n"
        "from pipeline.cli import main\n"
        "try:\n    main(['run', sys.argv[1]])\n"
        "finally:\n    print(*sorted(sys.modules))"
    )
    path = write_config(("units:", "unitz:"))
    done = subprocess.run(
        [sys.executable, "-c", code, str(path)], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 2
    assert done.stderr == (
        f"Error: {path}:15: model.unitz: unknown key 'unitz': did you mean 'units'?\n"
    )
    assert not set(done.stdout.split()) & {"tensorflow", "tfx", "apache_beam"}


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--watch", "--span", "2026-01-02"), "--watch runs the days as they come"),
        (("--watch", "--as-of", "2026-01-02"), "--watch runs the days as they come"),
        (("--poll", "5m"), "--poll says how often --watch looks: give --watch too"),
        (("--watch", "--poll", "0s"), "a duration is at least 1s. Received: '0s'"),
    ],
)
def test_options_of_a_watch_that_say_nothing_together_are_misuse(
    options, said, write_config, invoke
):
    result = invoke("run", write_config(), *options)
    assert result.exit_code == 2
    assert said in " ".join(result.stderr.split())


def test_a_watch_over_days_without_folders_is_misuse(write_config, write_logs, invoke, sentence):
    write_logs()
    config = write_config(("clicks/{SPAN}/*", "clicks/{SPAN}*"))
    said = sentence(invoke("run", config, "--watch"), 2)
    assert "the path of clicks names no folder with {SPAN} before its first wildcard" in said


def test_a_watch_says_what_it_waits_for_and_a_signal_ends_it_well(
    write_config, write_logs, tmp_path
):
    write_logs()
    process = subprocess.Popen(
        [
            *(sys.executable, "-u", "-m", "pipeline", "run", str(write_config())),
            *("--watch", "--work", str(tmp_path / "work")),
        ],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        first = process.stdout.readline()
        process.send_signal(signal.SIGTERM)
        rest = process.stdout.read()
    assert first == "waiting for a day with a file _SUCCESS in the folder of each log\n"
    assert rest == "Stopped. The same command goes on from here.\n"
    assert process.returncode == 0
    assert not (tmp_path / "work").exists()

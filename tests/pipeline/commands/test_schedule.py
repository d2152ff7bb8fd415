"""`schedule` as a user calls it, on a server made of kfp's own models."""

import datetime
import subprocess
import sys

import pytest

NIGHTLY = ("--cron", "0 3 * * *")


def test_a_schedule_is_made_kept_listed_and_removed(config, server, invoke, monkeypatch):
    monkeypatch.setenv("KFP_ENDPOINT", server.host)
    first = invoke("schedule", config, *NIGHTLY)
    assert first.exit_code == 0, first.output
    (made,) = server.recurring
    lines = first.stdout.splitlines()
    assert lines[0] == "made 0 3 * * * (Kubeflow: 0 0 3 * * *)"
    tomorrow = datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=1, hours=-3)
    assert lines[1] == f"next   {tomorrow:%a %Y-%m-%d} 03:00 UTC, with what had happened by 00:00"
    assert len(lines) == 5
    assert lines[4] == f"page   {server.host}/#/recurringrun/details/{made}"
    again = invoke("schedule", config, *NIGHTLY)
    assert again.stdout.splitlines() == [lines[0].replace("made", "unchanged"), *lines[1:]]
    assert (len(server.recurring), len(server.versions)) == (1, 1)
    listed = invoke("runs", config).stdout
    assert "0 3 * * *" in listed and lines[4].split()[-1] in listed
    removed = invoke("schedule", config, "--remove")
    assert removed.stdout == "removed tiny is scheduled no more\n"
    assert not server.recurring
    assert invoke("runs", config).stdout == "tiny has neither a schedule nor a run\n"


def test_missed_times_are_counted_before_they_are_made_good(config, server, invoke):
    today = datetime.datetime.now(datetime.UTC)
    start = f"{today - datetime.timedelta(days=10):%Y-%m-%d}"
    missed = 11 if today.hour >= 3 else 10
    host = ("--host", server.host)
    result = invoke("schedule", config, *NIGHTLY, "--catch-up", "--start", start, *host)
    assert f"at once {missed} of the times that lie behind" in result.stdout.splitlines()
    (one,) = server.recurring.values()
    assert one.no_catchup is False
    assert f"{one.trigger.cron_schedule.start_time:%Y-%m-%d}" == start


MISUSES = {
    "no host": (NIGHTLY, "--host"),
    "no scheme": ((*NIGHTLY, "--host", "localhost:8080"), "http://localhost:8080. Received: 'loc"),
    "six fields": (("--cron", "0 0 3 * * *", "--host", "http://h"), "--cron: cron has five fields"),
    "no time": (("--host", "http://h"), "made with --cron or taken away with --remove"),
    "both": ((*NIGHTLY, "--remove", "--host", "http://h"), "made with --cron or taken away with"),
    "catch-up since when": (
        (*NIGHTLY, "--catch-up", "--host", "http://h"),
        "--catch-up makes good what was missed since --start: give one, as in --start 2026-01-01",
    ),
    "over": (
        (*NIGHTLY, "--end", "2026-01-01", "--host", "http://h"),
        "no time of '0 3 * * *' is still to come before --end 2026-01-01",
    ),
    "too many": ((*NIGHTLY, "--max-concurrency", "11", "--host", "http://h"), "1<=x<=10"),
}


@pytest.mark.parametrize(("options", "said"), MISUSES.values(), ids=MISUSES.keys())
def test_a_misuse_of_schedule_is_told_before_anything_is_asked(options, said, config, invoke):
    result = invoke("schedule", config, *options)
    assert result.exit_code == 2
    assert said in " ".join(result.stderr.split())


def test_help_and_misuse_need_neither_kfp_nor_tensorflow(config):
    program = """
import sys
from pipeline.cli import main
try:
    main(sys.argv[1:])
except SystemExit as exit:
    print(exit.code, sorted({"tensorflow", "tfx", "kfp", "kfp_server_api"} & set(sys.modules)))
"""
    told = []
    for arguments in (
        ["schedule", "--help"],
        ["schedule", str(config), "--cron", "0 0 3 * * *", "--host", "http://localhost:1"],
    ):
        command = [sys.executable, "-c", program, *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        told.append(done.stdout.splitlines()[-1])
    assert told == ["0 []", "2 []"]

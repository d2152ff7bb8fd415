import pytest

from pipeline.lock import locked
from pipeline.work_dir import WorkDir


@pytest.fixture
def fill(write_config, write_logs, tmp_path, invoke):
    write_logs()

    def filled(*options, changes=()):
        return invoke("backfill", write_config(*changes), "--work", tmp_path / "work", *options)

    return filled


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--from", "2026-01-03", "--to", "2026-01-02"), "--to 2026-01-02 lies before --from"),
        (("--from", "2026-01-01", "--to", "2026-01-02"), "2026-01-01 cannot be run: 1 span(s)"),
        (("--from", "2025-01-01", "--to", "2025-01-02"), "there are no impressions from 2025"),
    ],
)
def test_dates_that_cannot_be_run_are_one_sentence_and_exit_code_two(
    fill, sentence, tmp_path, options, said
):
    assert said in sentence(fill(*options), 2)
    assert not (tmp_path / "work").exists()


@pytest.mark.parametrize("options", [("--from", "2026-01-02"), ("--from", "soon", "--to", "now")])
def test_options_that_are_absent_or_cannot_be_read_are_misuse(fill, options):
    result = fill(*options)
    assert result.exit_code == 2
    assert "Traceback" not in result.output


def test_a_day_that_fails_is_in_the_table_with_its_reason_and_ends_in_exit_code_one(
    fill, tmp_path, capfd
):
    with locked(WorkDir(tmp_path / "work")):
        result = fill("--from", "2026-01-02", "--to", "2026-01-03")
    assert result.exit_code == 1
    assert [line.split() for line in result.stdout.splitlines()] == [
        ["Backfill"],
        ["span", "run", "model", "version", "why"],
        ["2026-01-02", "now", "failed", "the", "run", "ended", "with", "1"],
        ["2026-01-03", "never", "not", "reached"],
    ]
    said = capfd.readouterr().err
    assert "work is in use by `" in said and "two runs would mix there" in said

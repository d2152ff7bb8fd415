"""Names from configs, options and data that become paths, and links that lead out."""

import os
import stat
from pathlib import Path

import pytest
from click.testing import CliRunner

from components.lock import exclusive
from pipeline.clean import Unneeded, remove
from pipeline.cli import main
from pipeline.config_file import load_config
from pipeline.errors import Misuse
from pipeline.work_dir import WorkDir
from schemas.spans import parse_span

ROOT = Path(__file__).resolve().parents[2]
DEMO = ROOT / "configs" / "demo.yaml"
OUT = ("../out", "/out", "a/../../out", "..", "out\0", "out\n")


def said(*arguments: str) -> str:
    """What the command line answers when it refuses with exit code 2."""
    done = CliRunner().invoke(main, list(arguments))
    assert done.exit_code == 2, done.output
    assert "Traceback" not in done.output
    return done.output


@pytest.mark.parametrize("name", OUT)
def test_a_pipeline_is_no_path(name):
    with pytest.raises(Misuse, match="a pipeline's name has lower case letters, digits and hyphe"):
        load_config(DEMO, [f"name={name!r}".replace("'", '"').replace("\\x00", "\\0")])


@pytest.mark.parametrize("name", ["a/b", "..", "a b", "a\nb"])
def test_a_feature_is_no_path(name, tmp_path):
    text = DEMO.read_text().replace("  user_segment:", f"  {name!r}: ".replace("'", '"'))
    (tmp_path / "demo.yaml").write_text(text)
    with pytest.raises(Misuse, match="a feature is an input of the served model, whose names are"):
        load_config(tmp_path / "demo.yaml")


@pytest.mark.parametrize("span", ["2026-01-01/../..", "..", "2026-W01-1/", "2026-01-01\0"])
def test_a_span_is_a_date(span):
    with pytest.raises(ValueError, match="span"):
        parse_span(span)


def test_arguments_that_name_runs_and_versions_are_looked_up_and_never_joined(tmp_path):
    secret = tmp_path / "secret"
    secret.mkdir()
    (secret / "index.html").write_text("")
    page = tmp_path / "work" / "reports" / "20260101T000000Z" / "index.html"
    page.parent.mkdir(parents=True)
    page.write_text("")
    work = str(tmp_path / "work")
    assert "run '../../secret' has no report" in said("report", work, "../../secret")
    assert "a version is a number" in said("lineage", "../../secret", "--work", work)
    assert "holds no version" in said("rollback", str(secret))
    assert sorted(os.listdir(secret)) == ["index.html"]


@pytest.mark.parametrize("place", ["serving", "artifacts", "checkpoints/ab", "reports/x"])
def test_a_run_does_not_start_where_a_link_leads_out(place, tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "kept").write_text("kept")
    work = WorkDir(tmp_path / "work")
    (work.root / place).parent.mkdir(parents=True)
    (work.root / place).symlink_to(outside)
    with pytest.raises(Misuse) as refused:
        work.prepare()
    assert str(refused.value) == (
        f"{work.root / place} is a link to {outside}, outside of the work directory, and runs "
        "write and delete in it. Mount that folder there, or let --work itself be a link"
    )
    assert (outside / "kept").read_text() == "kept"


def test_what_is_cleaned_is_not_cleaned_behind_a_link(tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "kept").write_text("kept")
    (tmp_path / "serving").mkdir()
    version = tmp_path / "serving" / "17"
    version.symlink_to(outside)
    remove(None, Unneeded((version,), 0, ()))
    assert not version.is_symlink()
    assert (outside / "kept").read_text() == "kept"


def test_a_lock_does_not_empty_what_a_link_points_to(tmp_path):
    (tmp_path / "kept").write_text("kept")
    (tmp_path / ".lock").symlink_to(tmp_path / "kept")
    with pytest.raises(OSError), exclusive(tmp_path / ".lock"):
        pass
    assert (tmp_path / "kept").read_text() == "kept"


def test_a_traceback_is_for_the_one_whose_run_it_was(tmp_path, monkeypatch):
    from pipeline.failures import told_by

    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    told_by(ValueError("broken"))
    [file] = tmp_path.iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_what_is_written_keeps_to_the_umask(tmp_path):
    from pipeline.quiet import chatter_to

    before = os.umask(0o077)
    try:
        work = WorkDir(tmp_path / "work")
        work.prepare()
        with exclusive(work.lock), chatter_to(work.logs / "a.log"):
            pass
    finally:
        os.umask(before)
    modes = {
        str(path.relative_to(tmp_path)): stat.S_IMODE(path.stat().st_mode)
        for path in tmp_path.rglob("*")
    }
    assert modes == {
        "work": 0o700,
        "work/.lock": 0o600,
        "work/logs": 0o700,
        "work/logs/a.log": 0o600,
    }

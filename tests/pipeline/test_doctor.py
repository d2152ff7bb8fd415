import sys

from pipeline.doctor import PACKAGES, Finding, examine


def found(work) -> dict[str, Finding]:
    return {finding.name: finding for finding in examine(work)}


def test_this_machine_has_what_the_tests_run_on(tmp_path):
    findings = found(tmp_path)
    assert findings["Python"] == Finding(
        "Python", ".".join(map(str, sys.version_info[:3])), True, "use Python 3.11, 3.12 or 3.13"
    )
    for name in PACKAGES:
        assert findings[name].ok, name
    assert findings["tensorflow"].found.startswith("2.21")
    assert int(findings["CPU cores"].found) >= 1
    assert findings["accelerator"].ok


def test_keras_two_must_be_asked_for(tmp_path, monkeypatch):
    monkeypatch.setenv("TF_USE_LEGACY_KERAS", "1")
    assert found(tmp_path)["TF_USE_LEGACY_KERAS"].ok
    monkeypatch.delenv("TF_USE_LEGACY_KERAS")
    finding = found(tmp_path)["TF_USE_LEGACY_KERAS"]
    assert (finding.found, finding.ok) == ("unset", False)
    assert finding.way_out == "start through `funnelrank`, or export it as 1"


def test_a_package_that_is_missing_is_named_with_its_way_out(tmp_path, monkeypatch):
    monkeypatch.setattr("pipeline.doctor.PACKAGES", ("no-such-package-here",))
    assert found(tmp_path)["no-such-package-here"] == Finding(
        "no-such-package-here", "missing", False, "run `make venv`"
    )


def test_the_disk_of_a_work_directory_that_is_not_there_yet_is_its_parents(tmp_path):
    assert found(tmp_path / "a" / "b")["free disk"].found == found(tmp_path)["free disk"].found


def test_every_finding_that_can_be_bad_says_a_way_out(tmp_path):
    for finding in examine(tmp_path):
        assert finding.way_out or finding.ok, finding

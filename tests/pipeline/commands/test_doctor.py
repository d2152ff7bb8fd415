def test_doctor_names_what_is_missing_and_exits_with_one(tmp_path, monkeypatch, invoke):
    monkeypatch.setattr("pipeline.doctor.PACKAGES", ("no-such-package-here",))
    result = invoke("doctor", "--work", tmp_path)
    assert result.exit_code == 1
    (line,) = [line for line in result.stdout.splitlines() if "no-such-package" in line]
    assert line.split() == ["✗", "no-such-package-here", "missing", "run", "`make", "venv`"]
    assert "✓  Python" in result.stdout

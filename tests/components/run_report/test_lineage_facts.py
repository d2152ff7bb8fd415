import platform

from tfx.types.standard_artifacts import Examples, Model

from components.run_report.lineage_facts import lineage, packages


def model(uri, version=""):
    artifact = Model()
    artifact.uri, artifact.id = uri, 7
    artifact.set_string_custom_property("version", version)
    return artifact


def test_paths_are_told_from_the_work_directory_where_they_lie_in_it():
    artifacts = {"model": model("/runs/demo/artifacts/Trainer/model/8"), "far": model("gs://b/m")}
    found = lineage({}, {}, artifacts, "/runs/demo")
    assert [(one.name, one.type, one.id, one.path) for one in found.artifacts] == [
        ("model", "Model", 7, "artifacts/Trainer/model/8"),
        ("far", "Model", 7, "gs://b/m"),
    ]


def test_spans_code_base_and_baseline_are_told():
    examples = Examples()
    examples.uri = "/e"
    for name, value in (
        ("spans", '["2026-01-01"]'),
        ("as_of", "2026-01-09T01:00:00+00:00"),
        ("fingerprint", "f1"),
    ):
        examples.set_string_custom_property(name, value)
    found = lineage(
        {"code": "abc"},
        {"warm_start": {"version": "17", "tables": {}}},
        {"baseline": model("/b", "17"), "examples": examples},
        "/runs",
    )
    assert (found.spans, found.code, found.base, found.baseline, found.fingerprint) == (
        ("2026-01-01",),
        "abc",
        "17",
        "17",
        "f1",
    )
    assert found.as_of == "2026-01-09T01:00:00+00:00"


def test_a_cold_start_has_no_base_and_a_first_model_no_baseline():
    cold = {"warm_start": {"version": "17", "cold": "its state is gone"}}
    found = lineage({}, cold, {"baseline": model("/b")}, "/runs")
    assert (found.base, found.baseline) == (None, None)
    assert lineage({}, {}, {}, "/runs").base is None


def test_versions_are_those_of_the_packages_that_run():
    found = packages()
    assert found["Python"] == platform.python_version()
    assert found["tfx"].startswith("1.21")

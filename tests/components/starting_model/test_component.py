import json

import pytest
from tfx.types.standard_artifacts import Examples, Model

from components.atomic_pusher.origin import write_origin
from components.starting_model.component import StartingModel, starting_model
from schemas.served_model import Base

SPANS = ["2026-01-03", "2026-01-04", "2026-01-05"]


@pytest.fixture
def serve(tmp_path):
    """Puts a version of some spans into the serving directory, with or without its origin."""

    def put(version, spans, *, origin=True):
        folder = tmp_path / "serving" / str(version)
        (folder / "assets.extra").mkdir(parents=True)
        (folder / "assets.extra" / "funnelrank.json").write_text(json.dumps({"spans": spans}))
        if origin:
            write_origin(str(folder), str(folder), str(tmp_path / "artifacts" / str(version)))

    return put


@pytest.fixture
def examples(tmp_path):
    """The artifact of this run's examples."""
    made = Examples()
    made.uri = str(tmp_path / "examples")
    made.set_string_custom_property("spans", json.dumps(SPANS))
    return made


def found(tmp_path, newest=SPANS[-1]):
    return starting_model(str(tmp_path / "serving"), newest).version


def test_it_is_the_newest_model_of_earlier_spans(serve, tmp_path):
    serve(9, ["2026-01-02", "2026-01-03"])
    serve(10, ["2026-01-03", "2026-01-04"])
    assert starting_model(str(tmp_path / "serving"), SPANS[-1]) == Base(
        version="10",
        served=str(tmp_path / "serving" / "10"),
        model=str(tmp_path / "artifacts" / "10"),
    )


def test_a_repeated_run_does_not_start_from_what_it_has_pushed_itself(serve, tmp_path):
    serve(9, ["2026-01-04"])
    before = found(tmp_path)
    serve(10, SPANS)
    assert found(tmp_path) == before == "9"


def test_a_run_of_an_old_span_starts_from_no_model_that_saw_what_came_later(serve, tmp_path):
    serve(9, ["2026-01-04"])
    serve(10, ["2026-01-06"])
    serve(11, ["2026-01-07"])
    assert found(tmp_path) == "9"
    assert found(tmp_path, "2026-01-04") is None


def test_later_spans_count_for_more_than_a_later_push(serve, tmp_path):
    serve(9, ["2026-01-04"])
    serve(10, ["2026-01-02"])  # an old day, run again
    assert found(tmp_path) == "9"


def test_of_two_models_of_the_same_spans_it_is_the_one_pushed_last(serve, tmp_path):
    serve(9, ["2026-01-04"])
    serve(10, ["2026-01-04"])
    assert found(tmp_path) == "10"


def test_nothing_served_nothing_found(tmp_path):
    assert starting_model(str(tmp_path / "serving"), SPANS[-1]) == Base()


def test_what_is_no_model_of_ours_is_passed_over(serve, tmp_path):
    (tmp_path / "serving" / "12").mkdir(parents=True)
    serve(11, [])
    serve(9, ["2026-01-04"])
    assert found(tmp_path) == "9"


def test_what_was_withdrawn_is_passed_over(serve, tmp_path):
    serve(9, ["2026-01-03"])
    serve(10, ["2026-01-04"])
    (tmp_path / "serving" / ".withdrawn").mkdir()
    (tmp_path / "serving" / "10").rename(tmp_path / "serving" / ".withdrawn" / "10")
    assert found(tmp_path) == "9"


def test_a_model_without_an_origin_is_named_without_one(serve, tmp_path):
    serve(9, ["2026-01-04"], origin=False)
    base = starting_model(str(tmp_path / "serving"), SPANS[-1])
    assert (base.version, base.model) == ("9", None)


def test_the_component_writes_where_the_trainer_will_look(serve, examples, tmp_path):
    serve(9, ["2026-01-04"])
    base = Model()
    base.uri = str(tmp_path / "base")
    StartingModel.test_call(
        examples=examples, base=base, serving_dir=str(tmp_path / "serving"), version="8"
    )
    written = (tmp_path / "base" / "Format-Serving" / "base.json").read_text()
    assert Base.model_validate_json(written).version == "9"
    assert base.get_string_custom_property("version") == "9"


def test_where_nothing_is_served_the_component_says_so(examples, tmp_path):
    base = Model()
    base.uri = str(tmp_path / "base")
    StartingModel.test_call(
        examples=examples, base=base, serving_dir=str(tmp_path / "serving"), version=""
    )
    assert base.get_string_custom_property("version") == ""

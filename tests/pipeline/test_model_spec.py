from pipeline.config_file import load_config
from pipeline.model_spec import model_spec, transform_spec

LOGS = ("impressions", "clicks", "conversions")


def test_the_spec_of_a_model_says_all_that_made_it(write_config):
    config = load_config(write_config(), ["score=ctr * price"])
    spec = model_spec(config, "c0de")
    assert (spec.name, spec.code) == ("tiny", "c0de")
    assert spec.spans == ()  # the trainer learns them
    assert spec.targets == ("click", "conversion")
    assert spec.score == "ctr * price"
    assert (spec.id, spec.unclicked) == (("id",), 1.0)
    assert type(spec).model_validate_json(spec.model_dump_json()) == spec


def test_the_spec_of_a_model_says_which_share_it_saw_and_what_names_a_row(write_config):
    config = load_config(
        write_config(), ["sampling={unclicked: 10%}", *(f"logs.{log}.id=[a, b]" for log in LOGS)]
    )
    spec = model_spec(config, "c0de")
    assert (spec.id, spec.unclicked) == (("a", "b"), 0.1)
    assert type(spec).model_validate_json(spec.model_dump_json()) == spec


def test_functions_are_named_by_paths_that_import(create, properties):
    pipeline = create()
    assert properties(pipeline, "Transform")["preprocessing_fn"] == (
        "models.preprocessing.preprocessing_fn"
    )
    assert properties(pipeline, "Trainer")["run_fn"] == "models.trainer.run_fn"


def test_in_which_form_a_model_is_exported_is_the_trainers_affair(write_config):
    plain = load_config(write_config())
    rounded = load_config(write_config(), ["export.precision=int8-embeddings"])
    assert model_spec(rounded, "c0de").export.precision == "int8-embeddings"
    assert model_spec(rounded, "c0de") != model_spec(plain, "c0de")
    assert transform_spec(rounded) == transform_spec(plain)

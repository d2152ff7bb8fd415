from components.span_statistics.settings import StatisticsSettings, rates
from schemas.columns import Column
from schemas.features import Vocabulary
from schemas.heads import Head


def test_the_rates_of_labels_are_those_of_heads_in_their_populations():
    found = rates(
        {
            "ctr": Head(label="click"),
            "cvr": Head(label="conversion", given="ctr"),
            "spend": Head(label="value", given="ctr", kind="value"),
        }
    )
    assert {label: (output.name, output.population) for label, output in found.items()} == {
        "click": ("ctr", None),
        "conversion": ("cvr", "click"),
    }


def test_a_second_head_of_a_label_has_its_own_name():
    heads = {
        "ctr": Head(label="click"),
        "cvr": Head(label="order", given="ctr"),
        "view": Head(label="order"),
    }
    assert list(rates(heads)) == ["click", "order", "view"]


def test_vocabularies_are_those_of_the_features_that_own_one():
    settings = StatisticsSettings.model_validate(
        {
            "features": {
                "item": {"kind": "categorical", "side": "item", "vocabulary": {"max_size": 5}},
                "seen": {"kind": "sequence", "side": "user", "shares": "item"},
                "user": {"kind": "categorical", "side": "user", "hash": 9},
                "like": {"kind": "categorical", "side": "item", "shares": "item"},
                "age": {"kind": "numeric", "side": "user"},
            },
            "heads": {"ctr": {"label": "click"}},
            "columns": [Column("item", "text")],
        }
    )
    assert settings.vocabularies() == {"item": Vocabulary(max_size=5)}
    assert StatisticsSettings.model_validate_json(settings.model_dump_json()) == settings

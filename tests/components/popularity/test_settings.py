import pytest

from components.popularity.settings import PopularitySettings
from schemas.columns import Column
from schemas.heads import Head

HEADS = {"ctr": Head(label="click", mask="seen")}
COLUMNS = (
    Column("item", "text"),
    Column("price", "float"),
    Column("click", "int"),
    Column("seen", "float"),
    Column("example_weight", "float"),
)


def test_settings_come_back_from_json():
    given = PopularitySettings(heads=HEADS, columns=COLUMNS, item="item", code="0")
    assert PopularitySettings.model_validate_json(given.model_dump_json()) == given
    assert given.outcomes() == ("click", "seen", "example_weight")


def test_an_item_is_not_needed():
    assert PopularitySettings(heads=HEADS, columns=COLUMNS).item is None


@pytest.mark.parametrize("item", ["sku", "price"])
def test_an_item_that_is_no_column_of_text_is_told(item):
    with pytest.raises(ValueError, match=f"{item} is no column of text .* Those are: item"):
        PopularitySettings(heads=HEADS, columns=COLUMNS, item=item)


def test_a_label_that_an_example_lacks_is_told():
    with pytest.raises(ValueError, match="judged by seen"):
        PopularitySettings(heads=HEADS, columns=COLUMNS[:3])

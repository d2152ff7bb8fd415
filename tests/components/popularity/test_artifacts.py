from components.popularity.artifacts import ItemRates


def test_the_artifact_has_a_name_of_its_own():
    assert ItemRates().type_name == "components.ItemRates"

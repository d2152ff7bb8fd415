"""The fields of a line and what is no feature."""

from examples.census.fields import FIELDS, NO_FEATURES, NUMBERS


def test_a_line_has_42_fields_with_the_weight_at_24_and_the_label_last():
    assert len(FIELDS) == len(set(FIELDS)) == 42
    assert (FIELDS[24], FIELDS[41]) == ("instance_weight", "income")


def test_38_fields_are_features_and_7_of_them_numbers():
    features = set(FIELDS) - set(NO_FEATURES)
    assert len(features) == 38
    assert len(features & set(NUMBERS)) == len(NUMBERS) == 7

"""A feature says its kind, its side and its one table."""

import pydantic
import pytest

from schemas.features import Categorical, Feature, Numeric, Sequence, Vocabulary, check_shares

FEATURE = pydantic.TypeAdapter(Feature)


def test_the_kind_chooses_the_model():
    kinds = [
        FEATURE.validate_python(feature)
        for feature in (
            {"kind": "categorical", "side": "user", "hash": 10},
            {"kind": "sequence", "side": "user", "shares": "item_id"},
            {"kind": "numeric", "side": "item"},
        )
    ]
    assert [type(feature) for feature in kinds] == [Categorical, Sequence, Numeric]
    assert kinds[1].max_length == 50
    assert kinds[2].transform == "standardise"


def test_an_unknown_kind_names_the_known_ones():
    with pytest.raises(pydantic.ValidationError, match="'categorical', 'sequence', 'numeric'"):
        FEATURE.validate_python({"kind": "text", "side": "user"})


@pytest.mark.parametrize(
    ("tables", "received"),
    [
        ({}, "none of them"),
        ({"hash": 10, "shares": "a"}, "hash, shares"),
        ({"hash": 1, "vocabulary": {"max_size": 1}, "shares": "a"}, "hash, vocabulary, shares"),
    ],
)
def test_a_category_has_exactly_one_table(tables, received):
    with pytest.raises(pydantic.ValidationError, match=f"exactly one of.*Received: {received}"):
        Categorical.model_validate({"kind": "categorical", "side": "user", **tables})


@pytest.mark.parametrize(
    "wrong", [{"hash": 0}, {"hash": 5, "width": 0}, {"hash": 5, "width": 5000}]
)
def test_tables_have_at_least_one_row_and_a_width_within_bounds(wrong):
    with pytest.raises(pydantic.ValidationError, match=r"greater than or equal|less than or equal"):
        Categorical.model_validate({"kind": "categorical", "side": "user", **wrong})


def test_a_vocabulary_takes_every_value_and_one_bucket_for_others_unless_told():
    vocabulary = Vocabulary(max_size=7)
    assert (vocabulary.min_count, vocabulary.oov) == (1, 1)


def test_quantiles_need_their_number_of_buckets():
    with pytest.raises(pydantic.ValidationError, match="needs the number of `buckets`"):
        Numeric(kind="numeric", side="item", transform="quantiles")


@pytest.mark.parametrize("extra", [{"buckets": 4}, {"width": 4}])
def test_only_quantiles_have_buckets_and_a_width(extra):
    with pytest.raises(pydantic.ValidationError, match="belong to transform: quantiles"):
        Numeric(kind="numeric", side="item", transform="log", **extra)


def test_a_feature_may_share_the_table_of_a_category():
    check_shares(
        {
            "history": Sequence(kind="sequence", side="user", shares="item"),
            "item": Categorical(kind="categorical", side="item", hash=5),
            "last_item": Categorical(kind="categorical", side="user", shares="item"),
        }
    )


@pytest.mark.parametrize("shared", ["nobody", "price", "history", "last_item"])
def test_a_feature_cannot_share_what_owns_no_table(shared):
    features = {
        "item": Categorical(kind="categorical", side="item", hash=5),
        "price": Numeric(kind="numeric", side="item"),
        "last_item": Categorical(kind="categorical", side="user", shares="item"),
        "history": Sequence(kind="sequence", side="user", shares=shared),
    }
    with pytest.raises(ValueError, match=f"'history' shares the table of '{shared}'.* are: item$"):
        check_shares(features)


def test_sharing_where_nothing_can_be_shared_says_none():
    with pytest.raises(ValueError, match="Those are: none"):
        check_shares({"history": Sequence(kind="sequence", side="user", shares="item")})


def test_features_read_what_they_write():
    feature = FEATURE.validate_python(
        {"kind": "categorical", "side": "item", "vocabulary": {"max_size": 9, "oov": 2}, "width": 4}
    )
    assert FEATURE.validate_json(FEATURE.dump_json(feature)) == feature


@pytest.mark.parametrize(("one", "other"), [("position", "item"), ("item", "position")])
def test_a_position_and_another_feature_cannot_share_a_table(one, other):
    features = {
        "slot": Categorical(kind="categorical", side=one, hash=5),
        "last": Categorical(kind="categorical", side=other, shares="slot"),
    }
    with pytest.raises(ValueError, match="'last' shares the table of 'slot', but only one of them"):
        check_shares(features)

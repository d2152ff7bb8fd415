"""Slots and rows: each lookup has one slot, each table its own rows."""

import string

from hypothesis import given
from hypothesis import strategies as st

from schemas.features import Categorical, Numeric, Sequence, Vocabulary
from schemas.layout import Table, make_layout


def category(**table) -> Categorical:
    return Categorical(kind="categorical", side="user", **table)


def number(**transform) -> Numeric:
    return Numeric(kind="numeric", side="user", **transform)


SHOP = {
    "user": category(hash=10, width=4),
    "item": category(vocabulary=Vocabulary(max_size=5, oov=2), width=8),
    "history": Sequence(kind="sequence", side="user", shares="item", max_length=3),
    "last": category(shares="item", width=4),
    "age": number(transform="quantiles", buckets=6, width=4),
    "price": number(transform="log"),
    "stock": number(transform="quantiles", buckets=2),
    "weight": number(),
}


def test_tables_hold_a_row_for_nothing_the_unknown_and_the_known():
    assert make_layout(SHOP).tables == {
        "user": Table("user", width=4, offset=0, rows=11),
        "item": Table("item", width=8, offset=0, rows=8),
        "age": Table("age", width=4, offset=11, rows=7),
        "stock": Table("stock", width=16, offset=0, rows=3),
    }


def test_lookups_stand_by_width_in_the_order_of_the_features():
    assert make_layout(SHOP).lookups == {
        4: (("user", "user"), ("age", "age")),
        8: (("item", "item"), ("last", "item")),
        16: (("stock", "stock"),),
    }


def test_sequences_and_dense_numbers_have_slots_of_their_own():
    layout = make_layout(SHOP)
    assert layout.sequences == {"history": ("item", 3)}
    assert layout.dense == ("price", "weight")


def test_the_rows_of_a_fused_table_are_those_of_its_tables():
    layout = make_layout(SHOP)
    assert layout.widths() == (4, 8, 16)
    assert [layout.rows(width) for width in layout.widths()] == [18, 8, 3]


def test_a_shared_table_may_be_declared_after_its_user():
    layout = make_layout({"last": category(shares="item"), "item": category(hash=3, width=2)})
    assert layout.lookups == {2: (("last", "item"), ("item", "item"))}


def test_packed_tensors_are_named_after_their_width_or_feature():
    layout = make_layout(SHOP)
    assert (layout.ids_name(16), layout.sequence_name("history")) == ("ids_16", "sequence_history")


OWNERS = st.one_of(
    st.builds(category, hash=st.integers(1, 50), width=st.integers(1, 4)),
    st.builds(
        category,
        vocabulary=st.builds(Vocabulary, max_size=st.integers(1, 50), oov=st.integers(1, 5)),
        width=st.integers(1, 4),
    ),
    st.builds(
        number,
        transform=st.just("quantiles"),
        buckets=st.integers(2, 9),
        width=st.none() | st.integers(1, 4),
    ),
    st.just(number()),
)


@st.composite
def feature_sets(draw):
    features = draw(st.dictionaries(st.sampled_from(string.ascii_lowercase), OWNERS, min_size=1))
    tables = [name for name, f in features.items() if isinstance(f, Categorical)]
    for index in range(draw(st.integers(0, 3)) if tables else 0):
        shared = draw(st.sampled_from(tables))
        features[f"shared_{index}"] = category(shares=shared)
        features[f"sequence_{index}"] = Sequence(kind="sequence", side="user", shares=shared)
    return features


@given(feature_sets())
def test_the_rows_of_tables_of_one_width_lie_side_by_side_without_gap_or_overlap(features):
    layout = make_layout(features)
    for width in layout.widths():
        tables = sorted(
            (table for table in layout.tables.values() if table.width == width),
            key=lambda table: table.offset,
        )
        ends = [table.offset + table.rows for table in tables]
        assert [table.offset for table in tables] == [0, *ends[:-1]]
        assert ends[-1] == layout.rows(width)


@given(feature_sets())
def test_every_feature_has_exactly_one_slot(features):
    layout = make_layout(features)
    slots = [name for lookups in layout.lookups.values() for name, _ in lookups]
    slots += [*layout.sequences, *layout.dense]
    assert sorted(slots) == sorted(features)


@given(feature_sets())
def test_every_lookup_is_in_a_table_of_its_width(features):
    layout = make_layout(features)
    for width, lookups in layout.lookups.items():
        assert {layout.tables[table].width for _, table in lookups} == {width}


def test_positions_have_a_layout_of_their_own_whose_tensors_say_so():
    features = {**SHOP, "slot": Categorical(kind="categorical", side="position", hash=9, width=2)}
    layout = make_layout(features, group=True)
    plain = make_layout(SHOP)
    assert (layout.tables, layout.lookups, layout.dense) == (
        plain.tables, plain.lookups, plain.dense
    )  # fmt: skip
    assert layout.group and not plain.group
    assert plain.position is None
    assert layout.position.lookups == {2: (("slot", "slot"),)}
    assert layout.position.ids_name(2) == "position_ids_2"


def test_every_feature_has_one_place():
    assert make_layout(SHOP).places() == {
        "user": ("ids_4", slice(0, 1)),
        "age": ("ids_4", slice(1, 2)),
        "item": ("ids_8", slice(0, 1)),
        "last": ("ids_8", slice(1, 2)),
        "stock": ("ids_16", slice(0, 1)),
        "price": ("dense", slice(0, 1)),
        "weight": ("dense", slice(1, 2)),
        "history": ("sequence_history", slice(0, 3)),
    }

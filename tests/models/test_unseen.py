import numpy as np

from models.unseen import unseen
from schemas.features import Categorical, Numeric, Sequence, Vocabulary
from schemas.layout import make_layout

FEATURES = {
    "user": Categorical(kind="categorical", side="user", hash=9, width=4),
    "item": Categorical(
        kind="categorical", side="item", vocabulary=Vocabulary(max_size=5, oov=2), width=4
    ),
    "last": Categorical(kind="categorical", side="user", shares="item", width=4),
    "history": Sequence(kind="sequence", side="user", shares="item", max_length=3),
    "age": Numeric(kind="numeric", side="user", transform="quantiles", buckets=4, width=4),
    "place": Categorical(
        kind="categorical", side="position", vocabulary=Vocabulary(max_size=3), width=4
    ),
}
LAYOUT = make_layout(FEATURES)
# Of the table of items row 0 is nothing, rows 1 and 2 are unknown values, rows 3 to 7 known ones.
ITEM = LAYOUT.tables["item"].offset


def packed(items, lasts, histories, places):
    rows = len(items)
    ids = np.zeros((rows, 4), np.int64)
    ids[:, 0] = 1  # of the user's table: a hash is never unknown
    ids[:, 1], ids[:, 2] = np.add(items, ITEM), np.add(lasts, ITEM)
    ids[:, 3] = LAYOUT.tables["age"].offset + 1
    return {
        "ids_4": ids,
        "sequence_history": np.add(histories, ITEM),
        "position_ids_4": np.array(places)[:, None],
    }


def test_the_share_is_of_the_values_that_are_there_by_feature_and_split():
    train = packed(
        items=[1, 2, 3, 7, 0],  # two unknown, two known, one missing
        lasts=[3, 4, 5, 6, 7],
        histories=[[1, 3, 0], [0, 0, 0], [4, 4, 4], [2, 0, 0], [0, 0, 0]],
        places=[1, 2, 3, 4, 0],
    )
    held = packed(items=[2], lasts=[0], histories=[[0, 0, 0]], places=[2])
    assert unseen(FEATURES, LAYOUT, {"train": train, "eval": held}) == {
        "item": {"train": 0.5, "eval": 1.0},
        "last": {"train": 0.0, "eval": None},  # None: no value to be known or unknown
        "history": {"train": round(2 / 6, 6), "eval": None},
        "place": {"train": 0.25, "eval": 0.0},
    }


def test_a_model_without_vocabularies_knows_no_unknown_values():
    features = {"user": FEATURES["user"]}
    rows = {"ids_4": np.array([[0], [1], [2]])}
    assert unseen(features, make_layout(features), {"train": rows}) == {}


def test_it_agrees_with_what_transform_packed(tiny):
    """Of six items five are in the vocabulary; `z` in a history is not."""
    rows = {
        name: np.stack([row[name] for row in tiny.packed]) for name in ("ids_8", "sequence_history")
    }
    found = unseen(tiny.spec.features, tiny.spec.layout(), {"train": rows})
    assert found == {"item": {"train": round(1 / 6, 6)}, "history": {"train": round(1 / 3, 6)}}

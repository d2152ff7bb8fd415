from schemas.features import Categorical, Numeric, Sequence, Vocabulary
from schemas.logs import HashSplit, Log, Logs, TimeSplit
from schemas.private import MOST_KINDS, naming_columns, private_features

CLOCK = {"column": "time"}
LOGS = Logs(
    impressions=Log(path="i/{SPAN}", id=("request", "place"), time=CLOCK),
    clicks=Log(path="c/{SPAN}", id=("request", "place"), time=CLOCK, event_id="order"),
)


def known(size: int, side: str = "user") -> Categorical:
    return Categorical(kind="categorical", side=side, vocabulary=Vocabulary(max_size=size))


def test_ids_keys_of_a_split_and_groups_name_somebody():
    ids = {"request", "place", "order"}
    assert naming_columns(LOGS, TimeSplit(eval=1), ["user"]) == {*ids, "user"}
    assert naming_columns(LOGS, HashSplit(by="hash", key="home", eval="10%"), []) == {*ids, "home"}


def test_features_of_many_values_on_the_users_side_are_private_with_what_shares_their_tables():
    features = {
        "hashed": Categorical(kind="categorical", side="user", hash=10),
        "many": known(MOST_KINDS + 1),
        "few": known(MOST_KINDS),
        "item": known(10**6, side="item"),
        "history": Sequence(kind="sequence", side="user", shares="item"),
        "friends": Sequence(kind="sequence", side="user", shares="hashed"),
        "age": Numeric(kind="numeric", side="user"),
    }
    assert private_features(features, []) == ("hashed", "many", "friends")
    assert private_features(features, ["few", "item"]) == (
        *("hashed", "many", "few", "item", "history", "friends"),
    )

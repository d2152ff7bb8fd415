import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from schemas.columns import Column
from schemas.data_gates import DataGates, FeatureLimits, kind, watched

COLUMNS = (
    Column("id", "text", role="key"),
    Column("item", "text"),
    Column("slot", "text", role="position"),
    Column("seen", "text", repeated=True),
    Column("price", "float", role="extra"),
    Column("click", "int", role="label"),
    Column("session", "text", role="group"),
)


def read(text):
    return DataGates.model_validate(yaml.safe_load(text))


def test_every_check_is_on_unless_it_is_switched_off():
    assert DataGates().of("any") == FeatureLimits(drift=0.2, skew=0.1, coverage=0.5, unseen=1.5)
    assert DataGates().rate_of("click") == 1.5


@pytest.mark.parametrize("off", ["off", '"off"', "null", "false"])
def test_a_check_is_switched_off_in_every_way_that_yaml_writes_it(off):
    gates = read(f"{{drift: {off}, rate: {off}, labels: {{click: {off}}}}}")
    assert (gates.drift, gates.rate, gates.rate_of("click"), gates.skew) == (
        "off", "off", "off", 0.1,
    )  # fmt: skip


def test_a_feature_and_a_label_may_have_limits_of_their_own():
    gates = read("{drift: 0.15, features: {age: {drift: off, unseen: 3}}, labels: {conversion: 4}}")
    assert gates.of("age") == FeatureLimits(drift="off", skew=0.1, coverage=0.5, unseen=3)
    assert gates.of("item").drift == 0.15
    assert (gates.rate_of("conversion"), gates.rate_of("click")) == (4, 1.5)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{drift: 0}", "a part of the values is above 0 and at most 1, or `off`. Received: 0"),
        ("{skew: 1.5}", "Received: 1.5"),
        ("{coverage: 50%}", "a lost part is above 0 and at most 1, which is all of it"),
        ("{rate: 1}", "a factor is above 1, as in 2 for a doubling, or `off`. Received: 1"),
        ("{unseen: .inf}", "Received: inf"),
        ("{unseen: true}", "Received: True"),
        ("{rate: twice}", "Received: 'twice'"),
        ("{rate: .nan}", "Received: nan"),
        ("{drift: [1]}", r"Received: \[1\]"),
        ("{labels: {click: 0.5}}", "Received: 0.5"),
        ("{features: {item: {drfit: 1}}}", "did you mean 'drift'"),
    ],
)
def test_what_is_no_limit_is_refused_with_what_would_be_one(text, said):
    with pytest.raises(ValueError, match=said):
        read(text)


def test_limits_are_of_features_and_labels_that_there_are():
    DataGates.model_validate(
        {"features": {"item": {}, "price": {}, "slot": {}}, "labels": {"click": 2}}
    ).check(COLUMNS, ["click"])
    with pytest.raises(ValueError) as error:
        DataGates.model_validate({"features": {"itm": {}, "click": {}}}).check(COLUMNS, ["click"])
    assert str(error.value) == (
        "data.features has limits of itm, click, and there is no such thing. Known are: "
        "item, slot, seen, price"
    )
    with pytest.raises(ValueError, match=r"data\.labels has limits of order.*Known are: none"):
        DataGates(labels={"order": 2}).check(COLUMNS, [])


def test_what_a_model_or_a_score_reads_is_watched():
    assert {column.name: kind(column) for column in watched(COLUMNS)} == {
        "item": "categorical",
        "slot": "categorical",
        "seen": "sequence",
        "price": "numeric",
    }


DISTANCES = st.one_of(st.just("off"), st.floats(0, 1, exclude_min=True))
FACTORS = st.one_of(st.just("off"), st.floats(1, 1e9, exclude_min=True))


@given(
    st.builds(
        dict,
        drift=DISTANCES,
        skew=DISTANCES,
        coverage=DISTANCES,
        rate=FACTORS,
        unseen=FACTORS,
        features=st.dictionaries(
            st.text(), st.fixed_dictionaries({}, optional={"drift": DISTANCES, "unseen": FACTORS})
        ),
        labels=st.dictionaries(st.text(), FACTORS),
    )
)
def test_limits_come_back_from_json_as_they_were(values):
    gates = DataGates.model_validate(values)
    assert DataGates.model_validate_json(gates.model_dump_json()) == gates
    for name, own in values["features"].items():
        assert gates.of(name).drift == own.get("drift", values["drift"])
        assert None not in dict(gates.of(name)).values()

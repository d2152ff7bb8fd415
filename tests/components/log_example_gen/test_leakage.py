from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from components.log_example_gen import leakage
from components.log_example_gen.leakage import Suspect, suspects
from schemas.columns import Column

TRAIN, EVAL = 3000, 2000
ROWS = TRAIN + EVAL
LABELS = ("click",)


@pytest.fixture
def random() -> np.random.Generator:
    return np.random.default_rng(7)


@pytest.fixture
def click(random: np.random.Generator) -> np.ndarray:
    return random.random(ROWS) < 0.2


def split(**columns: Any) -> tuple[pa.Table, pa.Table]:
    table = pa.table({name: _typed(values) for name, values in columns.items()})
    return table.slice(0, TRAIN), table.slice(TRAIN)


def _typed(values: pa.Array | np.ndarray) -> pa.Array:
    if isinstance(values, np.ndarray):
        return pa.array(values.astype(np.int64 if values.dtype == bool else np.float32))
    return values


def texts(values: Any) -> pa.Array:
    return pa.array([None if value is None else str(value) for value in values], pa.string())


def lists(values: Any) -> pa.Array:
    return pa.array(values, pa.list_(pa.string()))


def aucs(found: tuple[Suspect, ...]) -> dict[tuple[str, str], float]:
    return {(suspect.feature, suspect.label): suspect.auc for suspect in found}


def judged(feature: Any, column: Column, click: np.ndarray) -> float:
    """The AUC of a feature, whatever it is."""
    return suspects(*split(x=feature, click=click), [column], LABELS, above=-1.0)[0].auc


NUMBER, TEXT, LIST = Column("x", "float"), Column("x", "text"), Column("x", "text", repeated=True)


@given(
    st.lists(st.tuples(st.integers(-3, 3), st.booleans()), min_size=2).filter(
        lambda rows: len({positive for _, positive in rows}) == 2
    )
)
def test_the_auc_is_that_of_scikit_learn(rows: list[tuple[int, bool]]):
    score, positive = (np.array(part) for part in zip(*rows, strict=True))
    assert leakage.roc_auc(score, positive) == pytest.approx(roc_auc_score(positive, score))


def test_a_tie_counts_a_half():
    # Pairs: 2 > 1 won, 2 = 2 half, 1 = 1 half, 1 < 2 lost.
    score, positive = np.array([2, 1, 1, 2]), np.array([True, True, False, False])
    assert leakage.roc_auc(score, positive) == 0.5
    assert leakage.roc_auc(np.array([2, 1, 2]), np.array([True, False, False])) == 0.75


def test_a_future_feature_is_reported_by_name_and_an_honest_one_is_not(random, click):
    played = np.where(click, random.uniform(1, 60, ROWS), random.uniform(0, 1, ROWS))
    tables = split(play_seconds=played, age=random.uniform(18, 80, ROWS), click=click)
    features = [Column("age", "float"), Column("play_seconds", "float")]
    assert suspects(*tables, features, LABELS) == (
        Suspect("play_seconds", "click", 1.0, EVAL, int(click[TRAIN:].sum())),
    )


@pytest.mark.parametrize("absent", [None, True, False])
def test_a_number_is_judged_by_its_order_with_missing_ones_at_either_end(random, click, absent):
    # Too noisy for bins to match the order. Half of one class lacks the number.
    value = (click * 2 + random.normal(size=ROWS)).astype(np.float32)
    missing = (click == absent) & (random.random(ROWS) < 0.5)
    placed = np.where(missing, 9 if absent else -9, value)[TRAIN:]
    found = judged(pa.array(value, mask=missing), NUMBER, click)
    assert found == pytest.approx(roc_auc_score(click[TRAIN:], placed), abs=1e-12)


def test_a_number_that_falls_with_the_label_leaks_as_well(random, click):
    value = np.where(click, -1, 1) * random.uniform(1, 2, ROWS)
    assert aucs(suspects(*split(x=value, click=click), [NUMBER], LABELS)) == {("x", "click"): 1.0}


def test_which_way_is_up_is_learnt_on_train(random, click):
    # On eval the order is the opposite: nothing that train teaches ranks it.
    value = np.where(click, 1.0, 0.0)
    value[TRAIN:] = 1 - value[TRAIN:]
    assert judged(value, NUMBER, click) == 0.0


@pytest.mark.parametrize("present", [True, False])
def test_a_number_that_only_one_class_has_leaks_whatever_it_is(random, click, present):
    price = random.normal(size=ROWS).astype(np.float32)
    feature = pa.array(price, mask=click != present)
    assert aucs(suspects(*split(x=feature, click=click), [NUMBER], LABELS)) == {("x", "click"): 1.0}


def test_nan_is_a_missing_number_and_infinity_is_not(click):
    value = np.where(click, np.nan, -np.inf)
    assert aucs(suspects(*split(x=value, click=click), [NUMBER], LABELS)) == {("x", "click"): 1.0}


def test_a_number_that_leaks_without_an_order_is_seen(random, click):
    # 2 and 5 are clicks, the rest not; a missing one is none either.
    value = np.where(click, random.choice([2, 5], ROWS), random.choice([1, 3, 4, 6], ROWS))
    feature = pa.array(value.astype(np.float32), mask=(value == 4))
    assert aucs(suspects(*split(x=feature, click=click), [NUMBER], LABELS)) == {("x", "click"): 1.0}


def test_rare_positives_in_the_middle_of_a_number_are_seen(random):
    click = random.random(ROWS) < 0.03
    side = random.choice([-1, 1], ROWS) * random.uniform(1, 2, ROWS)
    value = np.where(click, random.uniform(-0.5, 0.5, ROWS), side)
    found = aucs(suspects(*split(x=value, click=click), [NUMBER], LABELS))
    assert found[("x", "click")] > 0.995


def test_a_text_that_says_the_outcome_leaks(random, click):
    paid, other = random.choice(["paid", "sent"], ROWS), random.choice(["open", "void"], ROWS)
    tables = split(x=texts(np.where(click, paid, other)), click=click)
    assert aucs(suspects(*tables, [TEXT], LABELS)) == {("x", "click"): 1.0}


def test_a_text_is_judged_by_the_shrunk_rates_of_train(random):
    value = np.array(["a", "b", "c", "new"])[np.arange(ROWS) % 4]
    value[:TRAIN][value[:TRAIN] == "new"] = "a"
    value[0], value[TRAIN : TRAIN + 200] = "one", "one"
    click = random.random(ROWS) < np.select([value == "a", value == "b"], [0.1, 0.6], 0.3)
    click[0] = True  # without shrinking, the best rate of all
    overall, seen = click[:TRAIN].mean(), value[:TRAIN]
    rate = {
        text: (click[:TRAIN][seen == text].sum() + 10 * overall) / ((seen == text).sum() + 10)
        for text in ("a", "b", "c", "one", "new")
    }
    assert rate["a"] < rate["new"] < rate["one"] < rate["b"] < 1
    expected = roc_auc_score(click[TRAIN:], [rate[text] for text in value[TRAIN:]])
    assert judged(texts(value), TEXT, click) == pytest.approx(expected, abs=1e-12)


def test_a_text_that_only_positives_have_leaks_though_no_value_comes_twice(click):
    order = texts(f"order {row}" if hit else None for row, hit in enumerate(click))
    assert aucs(suspects(*split(x=order, click=click), [TEXT], LABELS)) == {("x", "click"): 1.0}


def test_an_id_with_a_row_to_itself_says_nothing(click):
    assert judged(texts(range(ROWS)), TEXT, click) == 0.5


def test_an_id_that_comes_back_with_its_own_taste_is_honest(random):
    user = random.integers(0, 500, ROWS)
    click = random.random(ROWS) < random.beta(0.3, 1.0, 500)[user]
    assert suspects(*split(x=texts(user), click=click), [TEXT], LABELS) == ()


def test_a_strong_feature_is_no_leak(random, click):
    value = click * 1.81 + random.normal(size=ROWS)
    assert suspects(*split(x=value, click=click), [NUMBER], LABELS) == ()
    assert judged(value, NUMBER, click) == pytest.approx(0.9, abs=0.02)


def test_a_list_that_only_positives_have_leaks(click):
    empty: list[list[str] | None] = [[], None]
    found = lists([["a", "b"] if hit else empty[row % 2] for row, hit in enumerate(click)])
    assert aucs(suspects(*split(x=found, click=click), [LIST], LABELS)) == {("x", "click"): 1.0}


@pytest.mark.parametrize(("hit", "miss"), [([], None), (None, [])])
def test_an_empty_list_is_not_a_missing_one(click, hit, miss):
    found = lists([hit if each else miss for each in click])
    assert aucs(suspects(*split(x=found, click=click), [LIST], LABELS)) == {("x", "click"): 1.0}


def test_one_telling_item_in_a_long_list_leaks(random, click):
    # Of the others each is rare, and the noise of their rates hides it in the mean.
    items = random.integers(0, 3000, (ROWS, 40)).astype(str).tolist()
    for row, hit in enumerate(click):
        items[row][row % 40] = "paid" if hit else "open"
    assert aucs(suspects(*split(x=lists(items), click=click), [LIST], LABELS)) == {
        ("x", "click"): 1.0
    }


def test_many_telling_items_of_a_list_leak_by_their_mean(random, click):
    # A positive has 15 of its 20 items from 0 to 9, a negative 5; one alone tells little.
    low = np.arange(20) < np.where(click, 15, 5)[:, None]
    items = np.where(low, random.integers(0, 10, low.shape), random.integers(10, 20, low.shape))
    found = aucs(suspects(*split(x=lists(items.astype(str).tolist()), click=click), [LIST], LABELS))
    assert found == {("x", "click"): 1.0}


def test_a_list_of_what_everybody_saw_is_honest(random, click):
    items = [
        random.integers(0, 50, length).astype(str).tolist()
        for length in random.integers(0, 5, ROWS)
    ]
    assert judged(lists(items), LIST, click) == pytest.approx(0.5, abs=0.05)


def test_values_that_lie_under_a_missing_list_do_not_count(click):
    under = np.where(click, "paid", "open")
    offsets = pa.array(range(ROWS + 1), pa.int32())
    missing = pa.array(np.ones(ROWS, bool))
    hidden = pa.ListArray.from_arrays(offsets, texts(under), mask=missing)
    assert judged(hidden, LIST, click) == 0.5


def test_a_conversion_is_judged_among_clicks(random, click):
    conversion = click & (random.random(ROWS) < 0.4)
    # Everybody who clicked has a page; a basket has whoever bought, and whoever did not click.
    page = texts("page" if hit else None for hit in click)
    basket = texts(
        "basket" if bought or not hit else None
        for hit, bought in zip(click, conversion, strict=True)
    )
    tables = split(page=page, basket=basket, click=click, conversion=conversion)
    features = [Column("page", "text"), Column("basket", "text")]
    found = suspects(*tables, features, ["click", "conversion"], {"conversion": "click"})
    clicks, bought = int(click[TRAIN:].sum()), int(conversion[TRAIN:].sum())
    assert found == (
        Suspect("page", "click", 1.0, EVAL, clicks),
        Suspect("basket", "conversion", 1.0, clicks, bought),
    )
    assert aucs(suspects(*tables, features, ["conversion"])) == {}


def test_rows_without_the_label_are_left_out(random, click):
    unknown = random.random(ROWS) < 0.3
    value = np.where(unknown, 0.5, click)
    label = pa.array(click.astype(np.int64), mask=unknown)
    known = ~unknown[TRAIN:]
    assert suspects(*split(x=value, click=label), [NUMBER], LABELS) == (
        Suspect("x", "click", 1.0, int(known.sum()), int(click[TRAIN:][known].sum())),
    )


@pytest.mark.parametrize("start", [0, TRAIN])
@pytest.mark.parametrize("rare", [True, False])
@pytest.mark.parametrize(("count", "flagged"), [(19, 0), (20, 1)])
def test_a_handful_of_either_class_in_either_split_gives_no_verdict(start, rare, count, flagged):
    click = np.arange(ROWS) % 2 == 0
    part = slice(0, TRAIN) if start == 0 else slice(TRAIN, ROWS)
    click[part] = not rare
    click[start : start + count] = rare
    tables = split(x=click.astype(np.float32), click=click)
    assert len(suspects(*tables, [NUMBER], LABELS)) == flagged


def test_splits_without_rows_give_no_verdict():
    nothing = pa.table({"x": pa.array([], pa.float32()), "click": pa.array([], pa.int64())})
    assert suspects(nothing, nothing, [NUMBER], LABELS) == ()


def test_a_missing_column_is_an_error(click):
    with pytest.raises(KeyError, match="x"):
        suspects(*split(click=click), [NUMBER], LABELS)


def _mixed(random: np.random.Generator) -> tuple[pa.Table, list[Column]]:
    rows = 400
    click = random.random(rows) < 0.4
    value = (click + random.normal(size=rows)).round(1).astype(np.float32)
    items = [random.integers(0, 9, row % 3).astype(str).tolist() for row in range(rows)]
    table = pa.table(
        {
            "number": pa.array(value, mask=random.random(rows) < 0.1),
            "text": texts(random.integers(0, 30, rows) + 5 * click),
            "list": lists(items),
            "click": pa.array(click.astype(np.int64), mask=random.random(rows) < 0.1),
        }
    )
    return table, [Column("number", "float"), Column("text", "text"), Column("list", "text", True)]


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_the_order_of_rows_does_not_matter(seed: int):
    table, features = _mixed(np.random.default_rng(3))
    train, evaluation = table.slice(0, 250), table.slice(250)
    random = np.random.default_rng(seed)
    mixed = (train.take(random.permutation(250)), evaluation.take(random.permutation(150)))
    found = suspects(*mixed, features, LABELS, above=-1.0)
    assert found == suspects(train, evaluation, features, LABELS, above=-1.0)
    assert len(found) == 3

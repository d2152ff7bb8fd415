import collections

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.span_statistics.summary import Unseen
from components.span_statistics.unseen import add, compare, count_values, deal, unseen
from schemas.features import Vocabulary


def values(numbers, weights=None):
    given_weights = np.ones(len(numbers)) if weights is None else np.array(weights, float)
    return count_values(np.array(numbers, np.int64), given_weights)


def share(known, now, vocabulary, parts=1, weights=None):
    """The share of `now` that a vocabulary of the spans `known` does not know."""
    spans = {str(i): values(span) for i, span in enumerate(known)} | {"now": values(now, weights)}
    dealt = {span: deal(found, parts) for span, found in spans.items()}
    counts = [
        compare([(span, found[part]) for span, found in dealt.items()], list(spans)[:-1], "now")
        for part in range(parts)
    ]
    return unseen(add(counts), vocabulary)


def test_values_too_rare_or_beyond_the_size_are_not_known():
    known = [[1, 1, 1, 2, 2, 3], [2, 3, 4]]  # 1: 3, 2: 3, 3: 2, 4: 1
    now = [1, 2, 3, 3, 4, 5, 5, 5]
    assert share(known, now, Vocabulary(max_size=9)) == Unseen(share=3 / 8, rows=8)
    assert share(known, now, Vocabulary(max_size=9, min_count=2)) == Unseen(share=4 / 8, rows=8)
    assert share(known, now, Vocabulary(max_size=2)) == Unseen(share=6 / 8, rows=8)
    # Of the two values that stand three times one has room: each is taken to be half in.
    assert share(known, now, Vocabulary(max_size=1)) == Unseen(share=7 / 8, rows=8)


def test_a_row_counts_by_its_weight():
    found = share([[1, 2]], [1, 5, 5], Vocabulary(max_size=9), weights=[6, 1, 1])
    assert found == Unseen(share=0.25, rows=3)


def test_other_spans_are_neither_known_nor_looked_at():
    found = [("a", values([1, 2])), ("b", values([3])), ("c", values([1, 3, 4, 4]))]
    counts = compare(found, ["a"], "c")
    assert unseen(counts, Vocabulary(max_size=9)) == Unseen(share=0.75, rows=4)


def test_a_feature_without_values_has_no_share():
    assert share([[1]], [], Vocabulary(max_size=9)) is None
    assert share([], [], Vocabulary(max_size=9), parts=3) is None


def test_where_nothing_was_known_everything_is_unseen():
    assert share([[]], [7, 8], Vocabulary(max_size=9)) == Unseen(share=1, rows=2)


NUMBERS = st.lists(st.integers(0, 12), max_size=60)


@given(
    st.lists(NUMBERS, max_size=4), NUMBERS, st.integers(1, 15), st.integers(1, 4), st.integers(1, 5)
)
def test_it_is_what_a_plain_count_finds_however_values_are_dealt_out(
    known, now, max_size, min_count, parts
):
    counts = collections.Counter(number for span in known for number in span)
    eligible = sorted((c for c in counts.values() if c >= min_count), reverse=True)
    cut = eligible[max_size - 1] if len(eligible) >= max_size else 0
    above = sum(c > cut for c in eligible)
    at = sum(c == cut for c in eligible)
    known_rows = sum(
        1.0 if counts[number] > cut else (max_size - above) / at if counts[number] == cut else 0.0
        for number in now
        if counts[number] >= min_count
    )
    found = share(known, now, Vocabulary(max_size=max_size, min_count=min_count), parts)
    if not now:
        assert found is None
    else:
        assert found is not None
        assert found.share == pytest.approx(1 - known_rows / len(now), abs=1e-12)
        assert found.rows == len(now)

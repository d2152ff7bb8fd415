import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from simulation.history import Histories


def tell(histories, *clicks):
    user, item, time = np.array(clicks, np.int64).reshape(-1, 3).T
    histories.tell(user=user, item=item, time=time)


def read(histories, user):
    lengths, items = histories.of(np.array([user]))
    assert lengths.tolist() == [len(items)]
    return items.tolist()


def test_a_history_starts_empty():
    lengths, items = Histories(2).of(np.array([0, 1, 1]))
    assert lengths.tolist() == [0, 0, 0] and items.tolist() == []


def test_a_click_counts_from_the_second_after_it():
    histories = Histories(1)
    tell(histories, (0, 7, 100))
    histories.advance(100)
    assert read(histories, 0) == []
    histories.advance(101)
    assert read(histories, 0) == [7]


def test_the_most_recent_click_comes_first_in_whatever_order_clicks_are_told():
    histories = Histories(1)
    tell(histories, (0, 1, 30), (0, 2, 10), (0, 3, 20))
    histories.advance(40)
    assert read(histories, 0) == [1, 3, 2]


def test_only_the_last_twenty_are_kept():
    histories = Histories(2)
    tell(histories, *((0, item, item) for item in range(50)), (1, 99, 5))
    histories.advance(50)
    assert read(histories, 0) == list(range(49, 29, -1))
    assert read(histories, 1) == [99]
    tell(histories, (0, 50, 60))
    histories.advance(70)
    assert read(histories, 0) == list(range(50, 30, -1))


def test_histories_of_several_rows_follow_each_other():
    histories = Histories(3)
    tell(histories, (2, 5, 1), (0, 4, 1), (2, 6, 2))
    histories.advance(9)
    lengths, items = histories.of(np.array([2, 1, 0, 2]))
    assert lengths.tolist() == [2, 0, 1, 2]
    assert items.tolist() == [6, 5, 4, 6, 5]


@settings(max_examples=50)
@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 9)), max_size=120),
    st.lists(st.integers(0, 130), min_size=1, max_size=6),
)
def test_histories_are_the_last_twenty_clicks_before_now(clicks, times):
    histories = Histories(4)
    tell(histories, *((user, item, second) for second, (user, item) in enumerate(clicks)))
    for now in sorted(times):
        histories.advance(now)
        for user in range(4):
            past = [item for who, item in clicks[:now] if who == user]
            assert read(histories, user) == past[::-1][:20]

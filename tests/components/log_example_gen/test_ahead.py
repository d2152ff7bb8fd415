import threading

import hypothesis
import hypothesis.strategies as st
import pytest

from components.log_example_gen.ahead import ahead


@hypothesis.given(st.lists(st.none() | st.integers(), max_size=30))
@hypothesis.settings(deadline=None, max_examples=50)
def test_every_element_comes_once_and_in_order(elements):
    assert list(ahead(iter(elements))) == elements


def test_an_error_comes_in_its_turn_after_the_elements_before_it():
    def producer():
        yield from range(6)
        raise KeyError("the seventh")

    found = []
    with pytest.raises(KeyError, match="the seventh"):
        for element in ahead(producer()):
            found.append(element)
    assert found == [0, 1, 2, 3, 4, 5]


def test_an_error_at_once_comes_at_once():
    def producer():
        raise KeyError("the first")
        yield

    with pytest.raises(KeyError, match="the first"):
        next(ahead(producer()))


def test_the_next_four_are_made_while_one_is_in_use():
    made = []
    fifth = threading.Event()

    def producer():
        for i in range(100):
            made.append(i)
            if i == 4:
                fifth.set()
            yield i

    elements = ahead(producer())
    assert next(elements) == 0
    assert fifth.wait(30)
    elements.close()  # waits until what has begun is made
    assert made == [0, 1, 2, 3, 4]


def test_one_thread_makes_all_of_them():
    def producer():
        for _ in range(20):
            yield threading.get_ident()

    [thread] = set(ahead(producer()))
    assert thread != threading.get_ident()


def test_one_may_run_ahead_of_another():
    squares = (i * i for i in ahead(iter(range(50))))
    assert list(ahead(squares)) == [i * i for i in range(50)]

import hypothesis
import hypothesis.strategies as st
import numpy as np
import pytest

from components.log_example_gen.csv_records import field_counts, records


def begins(data, fields=2, final=True, limit=1000):
    """Returns the lines, from 0, at which rows begin; those that are broken; and the rest."""
    found = records(data, fields, final, limit)
    return np.flatnonzero(found.begins).tolist(), np.flatnonzero(found.broken).tolist(), found.rest


@pytest.mark.parametrize(
    "data, rows, broken",
    [
        (b'1,2\n3,"4"\n', [0, 1], []),
        (b'1,"a""b"\n""," ,"\n', [0, 1], []),
        (b'1,"a\nb"\n3,4\n', [0, 2], []),
        (b'1,"a\n\n""\r\nb"\r\n3,4\n', [0, 4], []),
        (b'\n1,2\n\r\n"3",4\n', [1, 3], []),
        (b'1,5" x\n2,6" y\n', [0, 1], []),
        (b'1,"a"b"\n2,c\n', [0, 1], []),
        (b'1,"a\n2,"b"\n', [1], [0]),
        (b'1,"a\n2,b\n3,c"d\n', [1, 2], [0]),
        (b'1,"a\nb",c\n"3",4\n', [1, 2], [0]),  # three fields are no row, 'b",c' alone is one
        (b'1,"a\rb"\n3,4\r5\n', [0], [1]),
    ],
)
def test_rows_begin_where_no_quote_is_open(data, rows, broken):
    assert begins(data) == (rows, broken, data.count(b"\n"))


def test_a_row_that_is_still_open_is_left_for_later():
    data = b'1,2\n3,"a\n4,b\n'
    assert begins(data, final=False) == ([0], [], 1)
    assert begins(data, final=True) == ([0, 2], [1], 3)
    assert begins(data, final=False, limit=8) == ([0, 2], [1], 3)


def test_many_open_quotes_take_no_longer_than_few():
    data = b'1,"a\n' * 20_000
    assert begins(data, limit=2**24)[:2] == ([], list(range(20_000)))


cells = st.sampled_from(["", "a", '","', '""', '"a""b"', 'a"b', '"x"y', "é", " "])


@hypothesis.given(st.lists(st.lists(cells, min_size=1, max_size=5), min_size=1, max_size=5))
@hypothesis.settings(deadline=None, max_examples=100)
def test_fields_are_counted_outside_of_quotes(rows):
    rows = [row for row in rows if row != [""]] or [["a"]]
    data = "".join(",".join(row) + "\n" for row in rows).encode()
    found = records(data, 3, True, 1000)
    assert field_counts(data, found, 3).tolist() == [len(row) for row in rows]

import csv
import io

import hypothesis
import hypothesis.strategies as st
import pytest

from components.log_example_gen import streams
from components.log_example_gen.read_csv import read_csv
from components.log_example_gen.rejects import Rejects


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return tmp_path_factory.mktemp("csv") / "a.csv"


def read(path, data, columns, block_bytes=16 * 2**20):
    """Returns the rows as lists, their lines, and the rejects as (row, value, reason)."""
    path.write_bytes(data)
    rejects = Rejects("clicks", str(path))
    rows, lines = [], []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(streams, "BLOCK_BYTES", block_bytes)
        for found in read_csv(str(path), columns, rejects):
            rows += [list(row.values()) for row in found.batch.to_pylist()]
            lines += found.numbers.tolist()
    taken = [(row["row"], row["value"], row["reason"]) for row in rejects.take().to_pylist()]
    return rows, lines, taken


def test_a_field_of_many_lines_is_not_cut(path):
    text = "line\n" * 10
    data = ("id,text\n" + f'1,"{text}"\n' * 20).encode()
    rows, lines, rejects = read(path, data, ["text", "id"], block_bytes=100)
    assert rows == [[text.encode(), b"1"]] * 20 and rejects == []
    assert lines == list(range(2, 222, 11))


@pytest.mark.parametrize("block_bytes", [1, 20, 16 * 2**20])
def test_a_quote_that_nothing_closes_costs_its_line(path, block_bytes):
    body = [b"%d,x,y" % i for i in range(2, 1000)]
    for line in (10, 11, 500, 999):
        body[line - 2] = b'%d,"oops,y' % line
    body[600] = b'602,"two\nlines",z'
    body[601] = b'604,""",""",z'
    data = b"id,s,t\n" + b"\n".join(body) + b"\n"
    rows, lines, rejects = read(path, data, ["id", "s"], block_bytes)
    # The row over two lines moves those below by one.
    assert rejects == [
        (10, '10,"oops,y', "broken quoting"),
        (11, '11,"oops,y', "broken quoting"),
        (500, '500,"oops,y', "broken quoting"),
        (1000, '999,"oops,y', "broken quoting"),
    ]
    assert len(rows) == 994 and lines[-1] == 999 and rows[-1] == [b"998", b"x"]
    assert rows[lines.index(602)] == [b"602", b"two\nlines"]
    assert rows[lines.index(604)] == [b"604", b'","']


def test_a_row_over_several_lines_ends_where_a_line_is_too_large(path, monkeypatch):
    monkeypatch.setattr(streams, "ROW_BYTES", 50)
    data = b'id,s\n1,"a\n' + b"x" * 60 + b"\n2,b\n"
    assert read(path, data, ["id"], 20) == (
        [[b"2"]],
        [4],
        [(3, "x" * 60, "row larger than 16 MiB"), (2, '1,"a', "broken quoting")],
    )


def test_a_row_over_several_lines_may_not_be_too_large(path, monkeypatch):
    monkeypatch.setattr(streams, "ROW_BYTES", 50)
    data = b'id,s\n1,"a\n' + b"2,b\n" * 20 + b'3,c"\n'
    rows, lines, rejects = read(path, data, ["id"])
    assert rejects == [(2, '1,"a', "broken quoting")]
    assert rows == [[b"2"]] * 20 + [[b"3"]] and lines == list(range(3, 24))


def test_names_may_repeat_in_columns_that_nobody_wants(path):
    assert read(path, b"x,id,x,\n1,2,3,4\n", ["id"])[0] == [[b"2"]]


def test_a_header_may_have_several_lines(path):
    assert read(path, b'\n"i\nd",s\n1,2\n', ["i\nd"]) == ([[b"1"]], [4], [])


fields = st.text(alphabet='ab,"\n\r é', max_size=6)


@hypothesis.given(st.data(), st.integers(1, 4), st.sampled_from(["\n", "\r\n"]), st.integers(1, 40))
@hypothesis.settings(deadline=None, max_examples=150)
def test_rows_and_lines_are_those_of_python(path, data, width, end, block_bytes):
    header = [f"c{i}" for i in range(width)]
    table = data.draw(st.lists(st.lists(fields, min_size=width, max_size=width), max_size=12))
    text = io.StringIO()
    # Python writes a carriage return without quotes, and then cannot read it.
    returns = any("\r" in field for row in table for field in row)
    quoting = csv.QUOTE_ALL if returns else data.draw(st.sampled_from([0, 1]))
    writer = csv.writer(text, lineterminator=end, quoting=quoting)
    writer.writerow(header)
    for row in table:
        text.write(end * data.draw(st.integers(0, 2)))
        writer.writerow(row)
    encoded = text.getvalue().encode()
    if data.draw(st.booleans()):
        encoded = encoded.removesuffix(end.encode())
    reader = csv.reader(line.decode() for line in io.BytesIO(encoded))
    expected, lines, line = [], [], 0
    for row in reader:
        if row:
            expected.append([field.encode() for field in row])
            lines.append(line + 1)
        line = reader.line_num
    rows, numbers, rejects = read(path, encoded, header, block_bytes)
    assert (rows, numbers, rejects) == (expected[1:], lines[1:], [])


@hypothesis.given(st.lists(st.sampled_from(list('ab,"\n\r')), max_size=60), st.integers(1, 60))
@hypothesis.settings(deadline=None, max_examples=300)
def test_every_line_of_any_text_is_read_or_refused_once(path, characters, block_bytes):
    body = "".join(characters).encode()
    rows, numbers, rejects = read(path, b"x,y\n" + body, ["x", "y"], block_bytes)
    physical = body.removesuffix(b"\n").split(b"\n")
    for (first, second), number in zip(rows, numbers, strict=True):
        after = b"\n".join(physical[number - 2 :])
        assert first[:1] in after and second[:1] in after
    refused = [number for number, _, _ in rejects]
    started = sorted(numbers + refused)
    assert len(set(started)) == len(started)
    # Lines of which nothing is said are blank, or belong to the row above, in quotes.
    for number in set(range(2, len(physical) + 2)) - set(started):
        above = max((n for n in numbers if n < number), default=None)
        blank = not physical[number - 2].strip(b"\r")
        assert blank or (above is not None and b'"' in physical[above - 2])


@hypothesis.given(st.lists(st.sampled_from(["ab", 'a"', '"a"', '"a"b', "é", '""', ""])), st.data())
@hypothesis.settings(deadline=None, max_examples=50)
def test_rows_of_the_wrong_width_are_refused_by_their_number_of_fields(path, row, data):
    width = data.draw(st.integers(2, 5))
    header = ",".join(f"c{i}" for i in range(width))
    text = f"{header}\n{','.join('0' * width)}\n{','.join(row)}\n"
    rows, _, rejects = read(path, text.encode(), ["c0"])
    if len(row) == width or (not "".join(row) and len(row) <= 1):
        assert rejects == [] and len(rows) == 1 + (len(row) == width)
    else:
        why = f"{max(len(row), 1)} fields instead of {width}"
        assert rejects == [(3, ",".join(row), why)] and len(rows) == 1

import pyarrow as pa

from components.span_statistics.summary import (
    BEFORE,
    NEWEST,
    Rate,
    Summary,
    Unseen,
    read_sample,
    read_summary,
    write_sample,
    write_summary,
)


def test_counts_of_a_label_add_up():
    one = Rate(rows=3, left_out=1, weight=12, squares=102, events=2)
    assert one + Rate(rows=1, weight=10, squares=100) == Rate(
        rows=4, left_out=1, weight=22, squares=202, events=2
    )
    assert Rate() + one == one


def test_what_is_kept_comes_back(tmp_path):
    summary = Summary(
        spans=("2026-01-01", "2026-01-02"),
        rows={"2026-01-01": 3, "2026-01-02": 4},
        rates={"click": {"2026-01-01": Rate(rows=3, weight=3, squares=3, events=1)}},
        unseen={"item": (Unseen(share=0.25, rows=4),)},
    )
    write_summary(str(tmp_path), summary)
    assert read_summary(str(tmp_path)) == summary


def test_both_samples_come_back(tmp_path):
    texts = pa.large_list(pa.large_binary())
    newest = pa.table({"item": pa.array([[b"a"], None, [b"b", b"c"]], texts)})
    write_sample(str(tmp_path), NEWEST, newest)
    write_sample(str(tmp_path), BEFORE, newest.slice(0, 0))
    assert read_sample(str(tmp_path), NEWEST) == newest
    before = read_sample(str(tmp_path), BEFORE)
    assert (before.num_rows, before.schema) == (0, newest.schema)

import pytest

from pipeline.quantities import count, place, seconds, size


@pytest.mark.parametrize(
    ("number", "text"), [(0, "0"), (999.4, "999"), (12345, "12,345"), (1e6, "1,000,000")]
)
def test_a_count_parts_its_thousands(number, text):
    assert count(number) == text


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0.04, "0.0 s"),
        (4.24, "4.2 s"),
        (59.94, "59.9 s"),
        (59.96, "1 min 00 s"),
        (60, "1 min 00 s"),
        (192.4, "3 min 12 s"),
        (119.7, "2 min 00 s"),
    ],
)
def test_a_duration_is_seconds_below_a_minute_and_minutes_from_there_on(number, text):
    assert seconds(number) == text


@pytest.mark.parametrize(
    ("number", "text"), [(0, "0 MiB"), (512 * 2**20, "512 MiB"), (2**30, "1.0 GiB")]
)
def test_a_size_is_in_gib_from_one_gib_on(number, text):
    assert size(number) == text


def test_a_place_below_this_folder_is_told_from_here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert place(tmp_path / "runs" / "demo") == "runs/demo"
    assert place(tmp_path.parent / "other") == str(tmp_path.parent / "other")

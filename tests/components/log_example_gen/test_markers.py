import datetime
import os

import pytest

from components.log_example_gen.files import find_spans, sources
from components.log_example_gen.markers import find_markers, marker_path
from schemas.logs import Attribution, Log, Logs

FIRST, SECOND = datetime.date(2026, 1, 1), datetime.date(2026, 1, 2)


def log(path):
    return Log(path=path, id="id", time={"column": "time"})


@pytest.fixture
def logs(tmp_path):
    """Two logs whose root has brackets in its name, which are no wildcards."""
    return Logs(
        root=str(tmp_path / "logs [1]"),
        impressions=log("impressions/{SPAN}/*.csv"),
        clicks=log("clicks/day={SPAN}/hour=*/part-*.csv"),
    )


@pytest.fixture
def write(logs):
    def put(name, modified=None):
        path = os.path.join(logs.root, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write("")
        if modified is not None:
            os.utime(path, ns=(modified, modified))

    return put


def test_each_log_has_its_complete_days_and_when_they_were_marked(logs, write):
    write("impressions/2026-01-01/_SUCCESS", 5_000_000_000)
    write("impressions/2026-01-02/_SUCCESS", 6_000_000_000)
    write("clicks/day=2026-01-02/_SUCCESS", 7_000_000_000)
    write("impressions/2026-02-31/_SUCCESS")  # no day
    write("impressions/2026-01-03/part.csv")  # not complete
    write("clicks/day=2026-01-01/hour=00/_SUCCESS")  # of an hour, not of the day
    assert find_markers(logs) == {
        "impressions": {FIRST: 5_000_000_000, SECOND: 6_000_000_000},
        "clicks": {SECOND: 7_000_000_000},
    }


def test_where_nothing_is_marked_nothing_is_complete(logs):
    assert find_markers(logs) == {"impressions": {}, "clicks": {}}


def test_a_marker_is_no_file_of_a_log(logs, write):
    write("impressions/2026-01-01/_SUCCESS")
    assert find_spans(logs) == []
    write("impressions/2026-01-02/_SUCCESS")
    write("impressions/2026-01-02/part.csv")
    write("clicks/day=2026-01-02/hour=00/part-0.csv")
    write("clicks/day=2026-01-02/_SUCCESS")
    assert find_spans(logs) == [SECOND]
    found = sources(logs, [SECOND], Attribution())
    assert [os.path.basename(source.path) for source in found] == ["part-0.csv", "part.csv"]


@pytest.mark.parametrize(
    ("path", "marker"),
    [
        ("clicks/{SPAN}/*.csv", "clicks/{SPAN}/_SUCCESS"),
        ("clicks/{SPAN}/part.csv", "clicks/{SPAN}/_SUCCESS"),
        ("clicks/{SPAN}/v1/**/*.csv", "clicks/{SPAN}/v1/_SUCCESS"),
        ("clicks/day={SPAN}/hour=*/*.csv", "clicks/day={SPAN}/_SUCCESS"),
        ("gs://shop/{SPAN}/[0-9].csv", "gs://shop/{SPAN}/_SUCCESS"),
    ],
)
def test_the_marker_lies_in_the_folder_before_the_first_wildcard(path, marker):
    assert marker_path("clicks", log(path)) == marker


@pytest.mark.parametrize("path", ["clicks/{SPAN}.csv", "clicks/*/{SPAN}/*.csv", "{SPAN}-*.csv"])
def test_days_without_a_folder_of_their_own_are_refused(path):
    said = r"the path of clicks names no folder with \{SPAN\} before its first wildcard"
    with pytest.raises(ValueError, match=said):
        marker_path("clicks", log(path))

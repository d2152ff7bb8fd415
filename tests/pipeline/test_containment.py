import pytest

from pipeline.containment import ways_out


@pytest.fixture
def outside(tmp_path):
    folder = tmp_path / "outside"
    folder.mkdir()
    return folder


@pytest.mark.parametrize(
    "link",
    [
        *("artifacts", "serving", "serving/.incoming", "serving/.withdrawn", "logs", "tmp"),
        *("artifacts/Trainer", "artifacts/Trainer/model", "artifacts/Trainer/model/7"),
        *("artifacts/Trainer/.system/executor_execution/7", "artifacts/Trainer/model/7/link"),
        *("analyses/2026-01-01-ab", "checkpoints/ab", "checkpoints/ab/cd", "tuning/ab"),
        *("reports/20260101T000000Z", "reports/20260101T000000Z/index.html", "days/a.json"),
    ],
)
def test_a_link_that_leads_out_is_found_wherever_runs_write(link, tmp_path, outside):
    root = tmp_path / "work"
    (root / link).parent.mkdir(parents=True)
    (root / link).symlink_to(outside)
    assert list(ways_out(root)) == [(root / link, outside)]


def test_a_link_that_stays_inside_or_leads_to_what_is_only_read_is_none_of_its(tmp_path, outside):
    root = tmp_path / "work"
    for folder in ("serving", "checkpoints/a", "logs"):
        (root / folder).mkdir(parents=True)
    (root / "checkpoints" / "b").symlink_to("a")
    (root / "serving" / "1700000000").symlink_to(outside)
    (root / "logs" / "impressions").symlink_to(outside)
    assert list(ways_out(root)) == []


def test_the_work_directory_itself_may_be_a_link(tmp_path, outside):
    (outside / "serving").mkdir()
    (tmp_path / "work").symlink_to(outside)
    assert list(ways_out(tmp_path / "work")) == []


def test_links_in_a_circle_are_links_too(tmp_path, outside):
    root = tmp_path / "work"
    root.mkdir()
    (root / "serving").symlink_to(root / "serving2")
    (root / "serving2").symlink_to(outside / "gone")
    assert list(ways_out(root)) == [(root / "serving", outside / "gone")]

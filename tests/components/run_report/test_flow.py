from components.run_report.facts_of_data import Funnel
from components.run_report.flow import fates, steps
from schemas.heads import Head

FUNNEL = Funnel(
    logs={
        "impressions": {"read": 110, "duplicates": 9, "sampled_out": 0, "examples": 100},
        "clicks": {"read": 12, "orphans": 2, "joined": 10},
    },
    rejected={"impressions": {"time: not a number": 1}, "clicks": {}},
    rows={"train": 80, "eval": 20},
    positives={"train": {"click": 8, "conversion": 2}, "eval": {"click": 2, "conversion": 0}},
)
HEADS = {"cvr": Head(label="conversion", given="ctr"), "ctr": Head(label="click")}


def test_each_step_is_a_share_of_the_one_before_it_parents_first():
    found = steps(FUNNEL, HEADS)
    assert [(one.label, one.rows, one.of, one.share, one.width, one.depth) for one in found] == [
        ("impressions", 100, "", None, 1.0, 0),
        ("click", 10, "impressions", 0.1, 0.1, 1),
        ("conversion", 2, "click", 0.2, 0.02, 2),
    ]


def test_each_split_has_its_rows_and_shares():
    assert steps(FUNNEL, HEADS)[2].by_split == {"train": (2, 0.25), "eval": (0, 0.0)}


def test_heads_without_a_funnel_are_shares_of_the_impressions():
    heads = {"a": Head(label="click"), "b": Head(label="conversion")}
    assert [one.of for one in steps(FUNNEL, heads)] == ["", "impressions", "impressions"]


def test_a_value_and_an_event_that_was_not_counted_are_no_steps():
    heads = {"ctr": Head(label="click"), "watch": Head(label="seconds", kind="watch_time")}
    heads["like"] = Head(label="like")
    assert [one.label for one in steps(FUNNEL, heads)] == ["impressions", "click"]


def test_a_share_of_nothing_is_unknown():
    funnel = FUNNEL.model_copy(update={"positives": {"train": {"click": 0, "conversion": 0}}})
    assert steps(funnel, HEADS)[2].share is None


def test_fates_stand_side_by_side_and_those_of_no_row_are_left_out():
    assert fates(FUNNEL) == (
        ("read", (110, 12)),
        ("kept", (100, 10)),
        ("rejected", (1, 0)),
        ("duplicates", (9, None)),
        ("orphans", (None, 2)),
    )

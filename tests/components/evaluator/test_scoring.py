import numpy as np
import pytest

from components.evaluator.answers import Sources
from components.evaluator.scoring import (
    REQUEST,
    USER,
    Score,
    Scoring,
    answer_column,
    outcome_column,
    slice_column,
)
from components.evaluator.settings import EvaluatorSettings
from components.log_example_gen.spill import read_segments
from evaluation.rows import FOLDS
from schemas.columns import Column
from schemas.evaluation import EvaluationConfig
from schemas.heads import Head

COLUMNS = (
    *(Column(name, "text") for name in ("impression_id", "user", "request", "device")),
    Column("click", "int"),
)
SETTINGS = EvaluatorSettings(
    heads={"ctr": Head(label="click")},
    columns=COLUMNS,
    slices=(("device",),),
    evaluation=EvaluationConfig(user="user", request="request"),
)


def rows(count):
    return [
        {
            "impression_id": f"i{number}",
            "user": f"u{number % 7}",
            "request": f"r{number % 21}",
            "device": ["tv", "phone"][number % 2],
            "click": number % 2,
            "new_ctr": float(number) / 128,
        }
        for number in range(count)
    ]


@pytest.fixture
def score(tmp_path, write_examples, save_model):
    """Scores a shard; returns the rows of each partition, and the values by slicing."""

    def run(given, partitions):
        folder = write_examples("examples", given) / "Split-eval"
        [path] = map(str, folder.iterdir())
        spilled = tmp_path / "spilled"
        spilled.mkdir()
        sources = Sources({"candidate": str(save_model("new", ("ctr",)) / "Format-Serving")}, None)
        found = list(Score(Scoring(SETTINGS, sources, partitions, str(spilled))).process((3, path)))
        values = {each.value[0]: each.value[1] for each in found if hasattr(each, "tag")}
        segments = {}
        for each in found:
            if not hasattr(each, "tag"):
                segments.setdefault(each[0], []).append(each[1])
        batches = {number: read_segments(of)["rows"] for number, of in segments.items()}
        return {n: {c: b.column(c).to_numpy() for c in b.schema.names} for n, b in batches.items()
                }, values  # fmt: skip

    return run


def test_a_row_becomes_a_few_numbers(score):
    partitions, values = score(rows(100), 1)
    [found] = partitions.values()
    answer = answer_column("candidate", "ctr")
    assert set(found) == {USER, REQUEST, slice_column(0), outcome_column("click"), answer}
    assert all(column.dtype in (np.int64, np.float32) for column in found.values())
    assert found[answer].tolist() == [number / 128 for number in range(100)]  # in their order
    assert found[outcome_column("click")].tolist() == [number % 2 for number in range(100)]
    assert sorted(zip(values[0].texts[:, 0].tolist(), values[0].rows.tolist(), strict=True)) == [
        (b"phone", 50), (b"tv", 50),
    ]  # fmt: skip
    by_code = dict(zip(values[0].codes.tolist(), values[0].texts[:, 0].tolist(), strict=True))
    assert [by_code[code] for code in found[slice_column(0)][:2].tolist()] == [b"tv", b"phone"]


def test_all_rows_of_a_user_meet_whatever_the_partitions(score):
    partitions, _ = score(rows(140), 5)
    users = [set(found[USER].tolist()) for found in partitions.values()]
    assert sum(map(len, users)) == len(set.union(*users)) == 7
    assert sum(len(found[USER]) for found in partitions.values()) == 140
    assert len(partitions) > 1
    for number, found in partitions.items():
        assert set((found[USER] // FOLDS % 5).tolist()) == {number}


def test_a_shard_without_rows_gives_nothing(score):
    assert score([], 3) == ({}, {})

"""The published files as parts: their sizes, their labels, and what is left out."""

from pathlib import Path

import numpy as np
import pytest

from benchmarks.census_income.data import declared, read

PUBLISHED = Path(__file__).resolve().parents[3] / ".." / "shared" / "data" / "census_income"


@pytest.mark.long
@pytest.mark.skipif(not PUBLISHED.is_dir(), reason="no published files in ../shared/data")
def test_the_published_files_have_the_papers_rows_and_correlations():
    parts = read(PUBLISHED)
    assert {name: len(part.labels["never_married"]) for name, part in parts.items()} == {
        "train": 199_523,
        "validation": 49_881,
        "test": 49_881,
    }
    for part in parts.values():
        assert part.features["ids_4"].shape[1:] == (23,)
        assert part.features["ids_8"].shape[1:] == (10,)
        assert part.features["dense"].shape[1:] == (5,)
    married = parts["test"].labels["never_married"]
    # The paper prints .1768 and .2373, of a sample whose deviation is .006.
    for label, theirs in (("income_over_50k", 0.1768), ("college_degree", 0.2373)):
        ours = abs(np.corrcoef(parts["test"].labels[label], married)[0, 1])
        assert ours == pytest.approx(theirs, abs=0.012)


def test_what_makes_the_labels_and_the_weight_are_no_features():
    left_out = {"education", "marital_status", "instance_weight", "income"}
    assert not left_out & set(declared())
    assert len(declared()) == 38


def test_a_folder_without_the_files_is_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"census-income\.data"):
        read(tmp_path)

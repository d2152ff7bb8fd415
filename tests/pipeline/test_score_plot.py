import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest
from matplotlib import image

from pipeline.pareto import Trial, Tuned
from pipeline.score_plot import plot_trials

LABELS = ("click", "conversion", "conversion x value")


def tuned(labels):
    random = np.random.default_rng(0)
    aucs = 0.5 + random.uniform(0, 0.3, (20, 3))
    trials = [Trial("ctr ** 1.0", dict(zip(LABELS[:labels], row, strict=False))) for row in aucs]
    return Tuned(trials, [3, 5, 7], [0.5] * 20, 5)


@pytest.mark.parametrize("labels", [1, 2, 3])
def test_the_picture_names_the_labels_and_the_marks(labels, tmp_path):
    files = [tmp_path / "plot.svg", tmp_path / "plot.png"]
    plot_trials(tuned(labels), "AUC within user", files)
    svg = files[0].read_text(encoding="utf-8")
    ElementTree.fromstring(svg)
    # Texts are drawn as shapes; matplotlib names each in a comment.
    for text in ("tried", "front", "present", "recommended", "the others are worse"):
        assert text in svg, text
    for number, label in enumerate(LABELS):
        assert (f"<!-- AUC within user of {label} -->" in svg) is (number < labels)
    pixels = image.imread(files[1])
    assert pixels.shape[:2] == (750, 1050)
    assert len(np.unique(pixels.reshape(-1, 4), axis=0)) > 50


def test_what_is_far_below_the_front_is_not_shown(tmp_path):
    aucs = [(0.7, 0.7), (0.71, 0.69), (0.72, 0.68), (0.5, 0.5), (0.3, 0.6)]
    trials = [Trial("ctr ** 1.0", dict(zip(LABELS, row, strict=False))) for row in aucs]
    plot_trials(Tuned(trials, [0, 1, 2], [1.0] * 5, 1), "AUC", [tmp_path / "plot.svg"])
    svg = (tmp_path / "plot.svg").read_text(encoding="utf-8")
    assert "<!-- 3 of 5 weighings; the others are worse -->" in svg

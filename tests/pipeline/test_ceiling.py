import datetime
import math

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from pipeline.ceiling import auc, ceiling_aucs, run_ceilings
from pipeline.config_file import load_config
from pipeline.executions import Execution, Output
from schemas.heads import Head

HEADS = {"ctr": Head(label="click"), "cvr": Head(label="conversion", given="ctr")}
# impression, p_click, p_conversion, click, conversion; the last click is too young to be known.
ROWS = [
    ("a", 0.9, 0.1, 1, 0),
    ("b", 0.6, 0.8, 1, 1),
    ("c", 0.7, 0.3, 0, 0),
    ("d", 0.5, 0.6, 1, 1),
    ("e", 0.2, 0.7, 0, 0),
    ("f", 0.1, 0.9, None, None),
]


@pytest.fixture
def files(tmp_path, write_rows):
    truth = [
        write_rows(
            tmp_path / "logs" / "truth" / f"2026-01-0{day}" / "part.parquet",
            [{"impression_id": i, "p_click": p, "p_conversion": q} for i, p, q, _, _ in rows],
        )
        for day, rows in ((1, ROWS[3:]), (2, [*ROWS[:3], ("not shown", 0.5, 0.5, 0, 0)]))
    ]
    examples = tmp_path / "examples" / "Split-eval" / "data-00000-of-00001.gz"
    examples.parent.mkdir(parents=True)
    with tf.io.TFRecordWriter(str(examples), "GZIP") as writer:
        for impression, _, _, click, conversion in ROWS:
            example = tf.train.Example()
            features = example.features.feature
            features["impression_id"].bytes_list.value.append(impression.encode())
            if click is not None:
                features["click"].int64_list.value.append(click)
                features["conversion"].int64_list.value.append(conversion)
            writer.write(example.SerializeToString())
    return truth, [examples]


@settings(deadline=None, max_examples=50)
@given(st.lists(st.tuples(st.sampled_from([0.0, 0.1, 0.5, 0.7]), st.booleans()), min_size=2))
def test_the_auc_is_scikit_learns_ties_included(pairs):
    scores, labels = (np.array(values, float) for values in zip(*pairs, strict=True))
    assume(0 < labels.sum() < len(labels))
    assert auc(scores, labels) == pytest.approx(roc_auc_score(labels, scores), abs=1e-12)


def test_a_tie_counts_a_half():
    assert auc(np.array([0.3, 0.3]), np.array([0.0, 1.0])) == 0.5
    assert auc(np.array([0.1, 0.3, 0.3]), np.array([0.0, 0.0, 1.0])) == 0.75


@pytest.mark.parametrize("labels", [[], [1.0], [0.0, 0.0], [1.0, 1.0]])
def test_one_class_alone_has_no_auc(labels):
    assert math.isnan(auc(np.arange(float(len(labels))), np.array(labels)))


def test_each_output_is_measured_over_its_own_population(files):
    found = ceiling_aucs(*files, HEADS)
    # ctr: of the 3 x 2 pairs of clicked (.9 .6 .5) and not (.7 .2), 4 are in order.
    # cvr: among the clicked, .8 and .6 lie above .1: both pairs.
    # ctcvr: .48 and .30 bought; .09, .21 and .14 did not: all six pairs.
    assert found == {"ctr": pytest.approx(4 / 6), "cvr": 1.0, "ctcvr": 1.0}


def test_heads_that_share_a_label_and_heads_without_a_funnel_have_a_ceiling(files):
    heads = {"one": Head(label="click"), "two": Head(label="click")}
    assert ceiling_aucs(*files, heads) == pytest.approx({"one": 4 / 6, "two": 4 / 6})


@pytest.fixture
def executions(tmp_path, files):
    return {
        "LogExampleGen": Execution(1, False, {"examples": Output(str(tmp_path / "examples"), {})})
    }


DAYS = (datetime.date(2026, 1, 1), datetime.date(2026, 1, 2))


def test_the_truth_of_a_run_is_that_of_its_spans(executions, write_config):
    config = load_config(write_config(), ["truth=truth/{SPAN}/*.parquet"])
    assert run_ceilings(config, DAYS, executions)["ctr"] == pytest.approx(4 / 6)
    # Of the second day: .9 and .6 clicked, .7 did not.
    assert run_ceilings(config, DAYS[1:], executions)["ctr"] == 0.5


def test_where_the_truth_is_not_known_there_is_no_ceiling(executions, write_config):
    assert run_ceilings(load_config(write_config()), DAYS, executions) is None
    config = load_config(write_config(), ["truth=nowhere/{SPAN}/*.parquet"])
    assert run_ceilings(config, DAYS, executions) is None

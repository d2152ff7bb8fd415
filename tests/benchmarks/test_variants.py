"""The tiny model of a pipeline that has left its artifacts, in each form."""

import json
import shutil
import types

import click
import numpy as np
import pytest
import tensorflow as tf

from benchmarks import variants
from benchmarks.export_forms.forms import FORMS, PLAIN
from benchmarks.export_forms.judged import judge
from benchmarks.export_forms.trained import read_trained
from models.trainer import run_fn
from tests.models.conftest import tiny as tiny


@pytest.fixture(scope="module")
def work(tiny, tmp_path_factory):
    """A work directory; the second run of each component is the newest."""
    root = tmp_path_factory.mktemp("work")
    artifacts = root / "artifacts"
    model = artifacts / "Trainer/model/11"
    run_fn(
        types.SimpleNamespace(
            custom_config={
                "spec": tiny.spec.model_dump_json(),
                "checkpoints": str(root / "checkpoints"),
            },
            transform_graph_path=tiny.graph,
            train_files=tiny.files,
            eval_files=tiny.files,
            serving_model_dir=str(model / "Format-Serving"),
            model_run_dir=str(root / "logs"),
            base_model=None,
        )
    )
    (artifacts / "Trainer/model/9").mkdir()
    packed = artifacts / "Transform/transformed_examples/10/Split-eval"
    packed.mkdir(parents=True)
    shutil.copy(tiny.files[0], packed / "rows.gz")
    raw = artifacts / "LogExampleGen/examples/2/Split-eval"
    raw.mkdir(parents=True)
    with tf.io.TFRecordWriter(str(raw / "rows.gz"), "GZIP") as writer:
        for example in tiny.examples():
            writer.write(example)
    return root


@pytest.fixture(scope="module")
def trained(work):
    return read_trained(work)


@pytest.mark.long
def test_a_trained_model_is_read_with_its_rows(tiny, work, trained):
    """It answers as the SavedModel that its run has left."""
    assert trained.spec == tiny.spec
    assert trained.examples(4) == tiny.examples()[:4]
    ((packed, labels),) = trained.batches()
    left = tf.saved_model.load(str(work / "artifacts/Trainer/model/11/Format-Serving"))
    for name, expected in left.score_packed(packed).items():
        np.testing.assert_allclose(trained.model.answers(packed)[name], expected, atol=1e-6)
    assert labels.shape == [6, 2]


def test_a_folder_without_a_trained_model_is_refused(tmp_path):
    with pytest.raises(click.ClickException, match="Train a model first, as in `make demo`"):
        read_trained(tmp_path)


@pytest.mark.long
def test_forms_are_judged_by_their_own_answers_and_each_is_smaller(trained, tmp_path):
    """Five clicks are known, of which two came; of their conversions one, which cvr is told of."""
    names = (PLAIN, "bfloat16")
    folders = variants.write_forms(trained, tmp_path, {name: FORMS[name] for name in names})
    plain, half = (variants.sizes(folders[name])["variables"] for name in names)
    assert plain > half
    found = judge(folders[PLAIN], trained)
    assert {name: figures["example_count"] for name, figures in found.items()} == {
        "ctr": 5,
        "cvr": 2,
        "ctcvr": 5,
    }
    rounded = judge(folders["bfloat16"], trained)
    assert rounded["ctr"]["log_loss"] == pytest.approx(found["ctr"]["log_loss"], abs=1e-3)
    assert rounded["ctr"]["log_loss"] != found["ctr"]["log_loss"]


@pytest.mark.long
def test_a_form_is_timed_in_a_process_of_its_own(work, trained, tmp_path):
    """Seven items of six rows: the first comes again."""
    variants.write_request(trained, 7, tmp_path / "request.npz")
    with np.load(tmp_path / "request.npz") as file:
        assert file["item"].tolist() == [b"a", b"a", b"a", b"b", b"b", b"c", b"a"]
        assert file["city"].tolist() == [b"x"]
    form = {"a form": work / "artifacts/Trainer/model/11/Format-Serving"}
    found = variants.costs(form, tmp_path / "request.npz", turns=1, seconds=0.1)["a form"]
    assert set(found) == {"ready_s", "resident", "p50_ms", "p99_ms", "cpu_ms"}
    assert all(value > 0 for value in found.values())


def test_the_table_tells_auc_once_and_then_what_is_lost():
    run = {"bytes": 3e6, "variables": 2e6, "resident": 70e6, "p50_ms": 2.0, "cpu_ms": 1.5}
    run |= {"rows": {"ctr": 1000.0}}
    runs = {PLAIN: run | {"auc": {"ctr": 0.75}}, "bfloat16": run | {"auc": {"ctr": 0.7498}}}
    rows = list(zip(*(column.cells for column in variants.show(runs).columns), strict=True))
    assert rows == [
        (PLAIN, "3.00", "2.00", "70", "2.00", "1.50", "0.75000"),
        ("bfloat16", "3.00", "2.00", "70", "2.00", "1.50", "-0.00020"),
    ]
    assert "ctr of 1,000 rows" in str(variants.show(runs).caption)
    json.dumps(runs)

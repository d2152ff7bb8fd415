import numpy as np
import tensorflow as tf

from models import options
from models.objectives.independent import Independent
from schemas.heads import Head

HEADS = {"income": Head(label="rich"), "marital": Head(label="single", given="income")}


def test_every_label_is_learnt_on_every_row_where_it_is_known(targets_of):
    logits = {"income": tf.constant([0.5, -1.0]), "marital": tf.constant([2.0, 1.0])}
    labels = {"rich": tf.constant([0.0, 1.0]), "single": tf.constant([1.0, float("nan")])}
    terms = Independent(HEADS, options.Independent()).terms(logits, targets_of(HEADS, labels))
    assert list(terms) == ["income", "marital"]
    expected = (np.log1p(np.exp(0.5)) + np.log1p(np.exp(1.0))) / 2
    np.testing.assert_allclose(terms["income"], expected, rtol=1e-6)
    np.testing.assert_allclose(terms["marital"], np.log1p(np.exp(-2.0)), rtol=1e-6)

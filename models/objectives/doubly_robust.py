"""ESMM, and a cvr loss that imputes what was not clicked and corrects it by what was: ESCM2-DR."""

from collections.abc import Mapping

import tensorflow as tf

from models.objectives.cross_entropy import weighted_mean
from models.objectives.entire_space import EntireSpace
from models.objectives.propensity import log_loss, observed, propensity
from models.targets import Targets
from schemas.heads import path


class DoublyRobust(EntireSpace):
    """ESMM with a cvr loss that is imputed everywhere and corrected, by 1 / pCTR, where clicked.

    Beside ESMM's terms, each head with a parent has two, both over the N rows [B] that
    `inverse_propensity` counts, with its o, d and p (not below `floor`, without a gradient):

        cvr        (1 / N) sum_i dhat_i + o_i (d_i - dhat_i) / p_i     nats per impression
        cvr_error  (1 / N) sum_i o_i (d_i - dhat_i)^2 / p_i            squared nats

    The first is unbiased if either p or dhat is right. dhat is imputed by a tower of its own, which
    only the second term teaches, while the second teaches nothing but that tower: a loss that was
    free to move dhat would lower it where there is no click, and one free to move d would teach cvr
    to be easily imputed.

    The tower answers a rate s, and dhat = -s log r - (1 - s) log(1 - r), the loss of cvr r that is
    expected where s is the rate, as in Wang et al., "Doubly Robust Joint Learning for
    Recommendation on Data Missing Not at Random", ICML 2019
    (https://proceedings.mlr.press/v97/wang19n.html). Were dhat itself the tower's answer, it would
    not depend on r, and the gradient of cvr would be that of `inverse_propensity`.

    ESCM2-DR of Wang et al., "ESCM2: Entire Space Counterfactual Multi-Task Model for Post-Click
    Conversion Rate Estimation", SIGIR 2022 (https://arxiv.org/abs/2204.05125).
    """

    def towers(self) -> tuple[str, ...]:
        """Returns the towers of the heads, and one per head with a parent that imputes its loss."""
        imputing = [_imputation(name) for name, head in self.rates.items() if head.given]
        return (*super().towers(), *imputing)

    def rate_terms(self, logits: Mapping[str, tf.Tensor], targets: Targets) -> dict[str, tf.Tensor]:
        """Returns ESMM's terms, and two per head with a parent: cvr and cvr_error."""
        terms = super().rate_terms(logits, targets)
        for name, head in self.rates.items():
            if head.given is None:
                continue
            heads, weight = path(self.heads, name), targets.weights.get(name)
            reached, event = observed(targets.labels, heads)
            inverse = 1 / propensity(logits, heads[:-1], self.options.floor)
            logit, imputing = logits[name], logits[_imputation(name)]
            loss = log_loss(logit, event)
            imputed = _expected(logit, tf.stop_gradient(imputing))
            corrected = imputed + tf.where(reached, inverse * (loss - imputed), 0.0)
            terms[name] = weighted_mean(corrected, event, weight=weight)
            miss = tf.stop_gradient(loss) - _expected(tf.stop_gradient(logit), imputing)
            error = tf.where(reached, inverse * tf.square(miss), 0.0)
            terms[f"{name}_error"] = weighted_mean(error, event, weight=weight)
        return terms


def _imputation(name: str) -> str:
    return f"{name}_imputation"


def _expected(logit: tf.Tensor, imputing: tf.Tensor) -> tf.Tensor:
    """Returns the log loss of `logit` that is expected where sigmoid(imputing) is the rate."""
    positive = tf.sigmoid(imputing) * tf.nn.softplus(-logit)
    return positive + tf.sigmoid(-imputing) * tf.nn.softplus(logit)

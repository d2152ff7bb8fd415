"""What YAML may say of an evaluation."""

import pydantic
import pytest

from schemas.evaluation import EvaluationConfig


def test_nothing_is_needed():
    assert EvaluationConfig() == EvaluationConfig(user=None, request=None, item=None, at=(10,))


def test_k_is_at_least_one():
    with pytest.raises(pydantic.ValidationError, match="greater than or equal to 1"):
        EvaluationConfig(at=(0,))

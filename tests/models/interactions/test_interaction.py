import inspect

import pytest

from models import options
from models.interactions import INTERACTIONS
from models.interactions.interaction import Interaction


def test_the_base_leaves_the_crossing_to_its_methods_and_adds_no_logits(layout, embedded_of):
    base, embedded = Interaction(layout, options.Mlp(), 2), embedded_of(layout)
    with pytest.raises(NotImplementedError):
        base.call(embedded)
    assert (base.wide(embedded), base.first_order) == (None, False)


@pytest.mark.parametrize("name", INTERACTIONS)
def test_every_method_says_in_one_sentence_what_it_is(name):
    first, *_ = inspect.getdoc(INTERACTIONS[name]).splitlines()
    assert first.endswith(".") and first != inspect.getdoc(Interaction).splitlines()[0]

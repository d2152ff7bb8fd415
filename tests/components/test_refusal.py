import pickle

from components.refusal import Refusal


def test_a_refusal_is_its_sentence_and_keeps_its_parts_from_one_process_to_another():
    error = Refusal("the data is refused: a; b. Mend it", ["a", "b"], "Mend it")
    for one in (error, pickle.loads(pickle.dumps(error))):
        assert isinstance(one, ValueError)
        assert str(one) == "the data is refused: a; b. Mend it"
        assert (one.objections, one.way_out) == (("a", "b"), "Mend it")

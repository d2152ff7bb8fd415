from hypothesis import given
from hypothesis import strategies as st

from pipeline.kubeflow.packing import LONG, pack, unpack

texts = st.text(st.characters(codec="utf-8"))


@given(texts.map(lambda text: "packed:" + text) | texts | texts.map(lambda text: text * LONG))
def test_what_is_packed_is_unpacked(text):
    assert unpack(pack(text)) == text


def test_what_is_short_stays_readable():
    assert pack("x" * (LONG - 1)) == "x" * (LONG - 1)


def test_a_thousand_features_fit_a_step():
    features = "".join(f'"f{n}":{{"kind":"numeric","side":"item"}},' for n in range(1000))
    assert len(features) > 30_000
    assert len(pack(features)) < 4_000

"""Where served scores lie, and which ids they may have."""

import pydantic
import pytest

from schemas.logs import Log
from schemas.served_log import Served

CLOCK = {"column": "time", "unit": "ms"}


def test_a_served_log_is_a_log_of_parquet_files():
    log = Served(path="served/{SPAN}/*.parquet", id="id", time=CLOCK)
    assert isinstance(log, Log)
    assert (log.id, log.time.column, log.time.unit) == (("id",), "time", "ms")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"path": "served/{SPAN}/*.csv"}, r"a path ends in \.parquet.*Received: 'served/"),
        ({"path": "served/*.parquet"}, "a path must contain {SPAN}"),
        ({"value": "price"}, "`value` is for clicks and conversions"),
        ({"event_id": "order"}, "`event_id` is for clicks and conversions"),
        ({"ctr": "p"}, "unknown key 'ctr'"),
    ],
)
def test_anything_else_is_refused(change, said):
    given = {"path": "served/{SPAN}/*.parquet", "id": "id", "time": CLOCK, **change}
    with pytest.raises(pydantic.ValidationError, match=said):
        Served.model_validate(given)


def test_its_ids_have_as_many_columns_as_those_of_impressions():
    log = Served(path="{SPAN}.parquet", id=["user", "request"], time=CLOCK)
    log.check(Log(path="{SPAN}", id=["who", "what"], time=CLOCK))
    with pytest.raises(ValueError, match=r"Received: \['user', 'request'\] and \['id'\]"):
        log.check(Log(path="{SPAN}", id="id", time=CLOCK))

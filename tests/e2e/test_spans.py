"""A day that is written again late: what depends on it runs again, what does not does not."""

import datetime
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from components.atomic_pusher.versions import newest_span, superseded_versions, versions
from components.transform.properties import ANALYSED, TRAINED
from pipeline.backfill import backfill
from pipeline.config import PipelineConfig
from pipeline.day_record import DayRecord, read_day
from pipeline.executions import Execution, newest_executions
from pipeline.preflight import resolve_inputs
from pipeline.run import run
from pipeline.work_dir import WorkDir
from simulation.settings import Settings
from simulation.simulate import simulate

pytestmark = [pytest.mark.e2e, pytest.mark.long]

FIRST, _, THIRD, FOURTH = (datetime.date(2026, 1, day) for day in (1, 2, 3, 4))
NODES = ["LogExampleGen", "SpanStatistics", "Transform", "Trainer", "BaselineModel", "Evaluator"]
NODES += ["ModelGate", "AtomicPusher"]


class Shop:
    """Four days of logs, of which a run reads three."""

    def __init__(self, place: Path):
        self.logs, self.work = place / "logs", WorkDir(place / "work")
        simulate(self.logs, Settings(impressions=4000, days=4, seed=11))
        log = {"id": "impression_id", "time": {"column": "timestamp"}}
        self.config = PipelineConfig.model_validate({
            "name": "spans",
            "logs": {
                "root": str(self.logs),
                "impressions": {"path": "impressions/{SPAN}/*.parquet", **log},
                "clicks": {"path": "clicks/{SPAN}/*.parquet", **log},
            },
            "window": 3,
            "split": {"by": "time", "eval": "1 span"},
            "features": {
                "item_id": {
                    "kind": "categorical", "side": "item", "width": 4,
                    "vocabulary": {"max_size": 50, "oov": 1},
                },
                "price": {"kind": "numeric", "side": "item"},
            },
            "heads": {"ctr": {"label": "click"}},
            "model": {"interaction": "mlp", "trunk": "shared_bottom", "units": [4], "tower": [4]},
            "training": {"batch_size": 256},
            "gates": {"ctr.auc": ">= 0.1"},
        })  # fmt: skip
        self.ran: dict[datetime.date, dict[str, Execution]] = {}

    def run_day(self, span: datetime.date) -> DayRecord:
        """Runs a day; its executions are in `ran`."""
        assert run(self.config, resolve_inputs(self.config, span), self.work)
        self.ran[span] = newest_executions(self.work, "spans", NODES)
        record = read_day(self.work, span)
        assert record is not None
        return record

    def write_again(self, span: datetime.date) -> None:
        """Leaves out the last impression of a day, as a corrected log would."""
        (file,) = (self.logs / "impressions" / str(span)).glob("*.parquet")
        rows = pq.read_table(file)
        pq.write_table(rows.slice(0, rows.num_rows - 1), file)


def analysed(nodes: dict[str, Execution]) -> tuple[int, int]:
    """Of how many spans the vocabularies and quantiles were looked up anew, and of how many."""
    found = nodes["Transform"].outputs["transform_graph"].properties
    return found[ANALYSED], found[TRAINED]


def test_a_day_that_is_written_again_retrains_only_what_depends_on_it(tmp_path):
    shop = Shop(tmp_path)
    serving = str(shop.work.serving)
    fourth = shop.run_day(FOURTH).version
    assert analysed(shop.ran.pop(FOURTH)) == (2, 2)
    shop.write_again(FIRST)  # the fourth day's run has not read it, the third day's will
    days = backfill(shop.config, shop.work, THIRD, FOURTH, None, False, shop.run_day)
    assert [(day.span, day.when) for day in days] == [(THIRD, "now"), (FOURTH, "earlier")]
    (nodes,) = shop.ran.values()
    assert not any(nodes[name].cached for name in NODES)
    assert analysed(nodes) == (1, 2)  # of the second day all is known
    # What is served stays what it was, and is no measure for an earlier day.
    assert list(map(str, versions(serving))) == [fourth]
    assert list(map(str, superseded_versions(serving))) == [days[0].record.version]
    assert newest_span(f"{serving}/.superseded/{days[0].record.version}") == "2026-01-03"
    assert nodes["BaselineModel"].outputs["baseline"].properties["own_baseline"] == 1

"""What DataReport is told."""

from schemas.columns import Column
from schemas.data_gates import DataGates
from schemas.served_log import Served
from schemas.strict import Strict


class DataReportSettings(Strict):
    """All that decides what is objected to.

    Attributes:
        gates: how much the newest span may differ.
        columns: of an example.
        private: features whose values are not shown.
        root: of the logs.
        served: the log of served scores, if there is one.
        fingerprint: of its files of the newest span, as `served.fingerprint` makes it.
        code: a hash of the code that compares: changed code, other findings.
    """

    gates: DataGates
    columns: tuple[Column, ...]
    private: tuple[str, ...] = ()
    root: str = "."
    served: Served | None = None
    fingerprint: str = ""
    code: str = ""

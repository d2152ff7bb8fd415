"""What to simulate: how much, over which days, from which seed."""

import dataclasses
import datetime
from typing import Literal, get_args

Format = Literal["parquet", "csv", "jsonl"]

_FIRST_START = datetime.date(1970, 1, 1)
_LAST_START = datetime.date(2200, 1, 1)


@dataclasses.dataclass(frozen=True)
class Settings:
    """A simulation, complete: equal settings write equal bytes.

    Attributes:
        impressions: distinct impressions, at least one a day.
        days: days with impressions, from `start` on.
        seed: what all randomness grows from.
        start: first day, in UTC.
        format: of the three logs; the truth is always Parquet.
        click_rate: mean P(click) over impressions.
        conversion_rate: mean P(conversion | click) over clicks.
        users: shoppers; by default one for 25 impressions, up to a million. Memory grows with
            them (about 160 bytes each), not with impressions.
        items: products; by default one for 100 impressions, from 50 up to 5,000.

    Raises:
        ValueError: if a value is out of its range.
    """

    impressions: int
    days: int
    seed: int
    start: datetime.date = datetime.date(2026, 1, 1)
    format: Format = "parquet"
    click_rate: float = 0.08
    conversion_rate: float = 0.08
    users: int | None = None
    items: int | None = None

    def __post_init__(self) -> None:
        self._check_counts()
        self._check_start()
        if self.format not in get_args(Format):
            raise ValueError(
                f"`format` must be one of {', '.join(get_args(Format))}. "
                f"Received: format={self.format!r}"
            )
        for name in ("click_rate", "conversion_rate"):
            rate = getattr(self, name)
            if not 0 < rate < 1:
                raise ValueError(
                    f"`{name}` is a share strictly between 0 and 1, as in 0.08. "
                    f"Received: {name}={rate!r}"
                )

    def _check_counts(self) -> None:
        least = {"days": 1, "impressions": 1, "seed": 0, "users": 1, "items": 1}
        for name, minimum in least.items():
            count = getattr(self, name)
            if count is None and name in ("users", "items"):
                continue
            if not isinstance(count, int) or isinstance(count, bool) or count < minimum:
                raise ValueError(
                    f"`{name}` must be a whole number of at least {minimum}. "
                    f"Received: {name}={count!r}"
                )
        if self.impressions < self.days:
            raise ValueError(
                "every day needs an impression: give at least as many `impressions` as `days`. "
                f"Received: impressions={self.impressions}, days={self.days}"
            )

    def _check_start(self) -> None:
        is_day = isinstance(self.start, datetime.date)
        if not is_day or isinstance(self.start, datetime.datetime):
            raise ValueError(
                "`start` must be a datetime.date, a day without a time. "
                f"Received: start={self.start!r}"
            )
        if not _FIRST_START <= self.start <= _LAST_START or self.days > 36_525:
            raise ValueError(
                f"`start` must lie between {_FIRST_START} and {_LAST_START}, and `days` must be "
                f"no more than a century. Received: start={self.start}, days={self.days}"
            )

    @property
    def num_users(self) -> int:
        """Shoppers, as given or by default."""
        if self.users is not None:
            return self.users
        return min(max(self.impressions // 25, 10), 1_000_000)

    @property
    def num_items(self) -> int:
        """Products, as given or by default."""
        if self.items is not None:
            return self.items
        return min(max(self.impressions // 100, 50), 5_000)

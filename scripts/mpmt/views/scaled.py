"""What scaling is told of: the speed-ups of a group of pools."""

from __future__ import annotations

from dataclasses import dataclass

from mpmt.records.stats import RatioInterval
from mpmt.views.pools import Group, Pool


@dataclass(frozen=True)
class Spot:
    """`value`: a speed-up, or time per task in ns."""

    pool: Pool
    value: RatioInterval
    marks: tuple[str, ...]


@dataclass(frozen=True)
class Scaled:
    """By series, each by workers: speed-ups over the serial case, or times per task where there is none."""

    subject: int
    group: Group
    over_serial: bool
    lines: dict[str, tuple[Spot, ...]]
    cpus: int
    confidence: float

    def speed(self, spot: Spot) -> float:
        """Higher is better."""
        return spot.value.ratio if self.over_serial else 1 / spot.value.ratio

"""What is known of a case, while it is being measured and when an interruption comes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Optional

from mpmt.answers.crossover import DECIDED
from mpmt.asking.contenders import PROCESSES, Contender, Found, rates
from mpmt.asking.question import Case
from mpmt.records.record_file import Record

TASK, PAYLOAD, WORKERS = "task size", "payload", "workers"  # scales along which the answer may change


@dataclass
class Findings:
    """What is known so far. `found`: of the case itself, in the order of the record, from the last run that looked at it; `scales`:
    by their names, all that was measured along each, the case included; `deployed`: the answer's row."""

    records: list[Record] = field(default_factory=list)
    main: Optional[Record] = None  # that `found` is of
    found: list[Found] = field(default_factory=list)
    deployed: Optional[Found] = None
    grain: Optional[int] = None
    scanned: list[Contender] = field(default_factory=list)  # where several counts of workers were asked for
    workers: tuple[int, ...] = ()  # that the answer is for
    scales: dict[str, list[Found]] = field(default_factory=dict)
    channels: dict[str, tuple[str, ...]] = field(default_factory=dict)  # of each scale, that its steps are over
    interrupted: bool = False
    main_s: float = 0.0  # that the runs of the case itself took

    def task_ns(self) -> Optional[float]:
        """What a task of the case takes by itself, as measured."""
        return next((one.row.task_ns for one in self.found), None)

    def rates(self, case: Case) -> dict[int, float]:
        """Tasks per second by workers, of who may win; empty where one count was asked for."""
        return rates(one for one in self.scanned if one.side == PROCESSES or not case.must_survive_crash)

    def decided(self) -> bool:
        return self.deployed is not None and self.deployed.row.verdict in DECIDED

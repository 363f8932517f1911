"""Whether a machine was quiet enough while a record was measured, by criteria that are said with the answer."""

from __future__ import annotations

import statistics
from dataclasses import dataclass

from mpmt.answers import words
from mpmt.records.families import rounds_that_count
from mpmt.records.record_file import Record
from mpmt.views.measured import number_of

MOST_BUSY = 0.10  # of the rounds
MOST_FOREIGN = 0.02  # of the CPUs, in the median round
LEAST_CAPACITY = 0.95  # of so many processes, of as many CPUs
BUSY_ROUND = 0.05  # of the CPUs, where a record does not count its rounds


@dataclass(frozen=True)
class _Busy:
    """In how many of all rounds others used the CPUs."""

    busy: int
    done: int


class Quiet:
    CRITERIA = (f"Quiet means here: others used the CPUs in at most {words.percent(MOST_BUSY)} of the rounds, and took at most "
                f"{words.percent(MOST_FOREIGN)} of them in the median round; and so many spinning processes as there are CPUs "
                f"achieved at least "
                f"{words.percent(LEAST_CAPACITY)} of what they should, before and after. (Where a record does not count busy "
                f"rounds: those of "
                f"contenders in which others took more than {words.percent(BUSY_ROUND)} of the CPUs.)")

    def __init__(self, record: Record) -> None:
        self.record = record
        self.shares = [share for _, entry in rounds_that_count(record)
                       if (share := number_of((entry["load"] or {}).get("foreign_share"))) is not None]
        self.foreign = _median(self.shares)
        self.rounds = self._rounds()
        self.capacity = self._capacity()
        self.detectable = _median([share for row in record["comparisons"]
                                   if (share := number_of(row.get("detectable"))) is not None])

    def _rounds(self) -> _Busy | None:
        said = self.record["context"].get("group_rounds")  # not in versions 1 and 2
        if said and said["done"]:
            return _Busy(said["busy"], said["done"])
        return _Busy(sum(share > BUSY_ROUND for share in self.shares), len(self.shares)) if self.shares else None

    def _capacity(self) -> list[tuple[str, int, float | None]]:
        """(when, workers, capacity) of the most workers that were probed."""
        said = self.record["context"]["capacity"]
        most = max((point["workers"] for when in ("before", "after") for point in said[when] or []), default=0)
        found = [(when, {point["workers"]: number_of(point["capacity"]) for point in said[when] or []})
                 for when in ("before", "after")]
        return [(when, most, points.get(most)) for when, points in found] if most else []

    def facts(self) -> list[tuple[str, bool]]:
        """What is known, each in words, and whether it speaks against a quiet machine."""
        found = []
        if self.rounds:
            found.append((f"others used the CPUs in {self.rounds.busy} of {words.plural(self.rounds.done, 'round')}",
                          self.rounds.busy > MOST_BUSY * self.rounds.done))
        if self.foreign is not None and self.foreign > MOST_FOREIGN:
            found.append((f"they took {words.percent(self.foreign)} of the CPUs in the median round", True))
        if self.capacity:
            told = " and ".join(f"{'not measured' if value is None else words.fixed(value, 2)} {when}"
                                for when, _, value in self.capacity)
            found.append((f"capacity of {words.plural(self.capacity[0][1], 'worker')} {told}",
                          any(value is not None and value < LEAST_CAPACITY * workers for _, workers, value in self.capacity)))
        return found

    def unknown(self) -> list[str]:
        lacking = [] if self.rounds else ["nothing is known of what others did meanwhile"]
        return lacking + ([] if any(value is not None for _, _, value in self.capacity)
                          else ["the capacity of the CPUs was not measured"])

    def sentence(self) -> str:
        """"Quiet: others used the CPUs in 0 of 154 rounds; …", with what speaks against it first."""
        facts = sorted(self.facts(), key=lambda fact: not fact[1])
        disturbed = any(fault for _, fault in facts)
        verdict = "Not quiet enough" if disturbed else "Not known to be quiet" if self.unknown() else "Quiet"
        said = [text for text, _ in facts] + self.unknown()
        if self.detectable is not None:
            said.append(f"the smallest difference that half of the rows could show is {words.percent(self.detectable)}")
        return f"{verdict}: {'; '.join(said)}."


def _median(values: list[float]) -> float | None:
    return statistics.median(values) if values else None

"""What the mpmt at hand can measure, by its own word: `mpmt list --json`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mpmt.base.problem import Problem
from mpmt.base.shown import shown
from mpmt.builds.process import Failed, output_of
from mpmt.measuring.engine import ASKED_S


@dataclass(frozen=True)
class Workload:
    """`question`: the kind of question that it stands for; `typical`: first choice among those."""

    name: str
    summary: str
    question: str
    typical: bool
    grain_unit: str
    grain_scales: bool
    least_payload: int
    takes_waiting: bool = False


@dataclass(frozen=True)
class Channel:
    joins_both: bool  # threads, and processes
    most_payload: int


@dataclass(frozen=True)
class Catalogue:
    workloads: Mapping[str, Workload]
    channels: Mapping[str, Channel]

    def questions(self) -> list[str]:
        """In the order of the list, each once."""
        return list(dict.fromkeys(one.question for one in self.workloads.values()))

    def typical(self, question: str) -> Workload | None:
        of_kind = [one for one in self.workloads.values() if one.question == question]
        return next((one for one in of_kind if one.typical), of_kind[0] if of_kind else None)


def of(engine: Path) -> Catalogue:
    """Raises Problem."""
    try:
        said = json.loads(output_of([str(engine), "list", "--json"], ASKED_S)[1])
        workloads = {part["name"]: _workload(part) for part in said["workloads"]}
        channels = {part["name"]: Channel(bool(part["between_processes"] and part["between_threads"]),
                                          int(part["max_payload_bytes"]))
                    for part in said["channels"]}
    except (Failed, ValueError, KeyError, TypeError, RecursionError):
        raise Problem(f"{shown(engine, 300)}: `mpmt list --json` is not what these scripts read: is it as new as they "
                      "are?") from None
    return Catalogue(workloads, channels)


def _workload(part: Mapping[str, Any]) -> Workload:
    return Workload(str(part["name"]), str(part["summary"]), str(part["question"]), bool(part["typical"]),
                    str(part["grain_unit"]), bool(part["grain_scales"]), int(part["minimum_payload_bytes"]),
                    bool(part["takes_waiting"]))

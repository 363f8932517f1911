"""A record's comparisons of all families, as a reader tells them apart: what they are about, where they hold, what they
found."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mpmt.answers import words
from mpmt.answers.rows import (A_FASTER, B_FASTER, DEPLOYED, PROGRAMS, SAME, UNDECIDED, UNSTABLE, VERDICTS, Row, bounded_ratio,
                               detectable_of, said_and_rows)
from mpmt.answers.verdict import finding, place_in_words
from mpmt.records.families import (CHANNEL, COMMAND, FAMILIES, GOOGLE, POOL, SERVER, Round, comparisons_of, round_of,
                                   rounds_that_count, value_ns)
from mpmt.records.record_file import Record, rules
from mpmt.records.stored_files import MEASURABLE_NS
from mpmt.views.view import FEW_ROUNDS, Value

_ROUNDS_OF_OLD = 5  # that a comparison of versions 1 and 2 needed

_PLACEMENTS = {"same": "one CPU", "spread": "two CPUs", "free": "not pinned"}  # of the two sides of a channel

# How a row is told in one word, beside the verdicts of Row.
CANDIDATE = "not yet confirmed"


@dataclass(frozen=True)
class Compared:
    """One comparison. `row`: of what is no pool, `workload` is `what` and `grain` 0. `parameters`: name and words of all that
    it can differ in from others about the same. `ratio`, `low`, `high`: the row's, or where nobody has looked at it yet the
    mean, the lowest and the highest of its rounds; None of no round. `state`: the row's verdict, CANDIDATE or FEW_ROUNDS."""

    row: Row
    family: str
    program: str | None
    what: str
    parameters: tuple[tuple[str, str], ...]
    state: str
    ratio: float | None
    low: float | None
    high: float | None

    @property
    def size(self) -> float:
        """How far the sides are apart: 0 where they are equal or nothing is known."""
        return abs(math.log(self.ratio)) if self.ratio else 0.0

    @property
    def is_decided(self) -> bool:
        return self.state in (A_FASTER, B_FASTER, SAME)

    @property
    def has_winner(self) -> bool:
        return self.state in (A_FASTER, B_FASTER)


def compared_of(record: Record, subject: int = 0) -> list[Compared]:
    """All of the record, family by family, in the record's order; but for those of which a side cannot be run here at all: they
    are no open question, and belief tells of them."""
    facts = _Facts(int(record["context"]["schema_version"]), _rounds_without_a_ratio(record),
                   {entry["name"]: entry for _, entry in rounds_that_count(record)})
    pools = [(_of_pool(said, row, facts), said) for said, row in said_and_rows(record, subject)]
    judged = rules(record)
    others = [(_of_other(said, _other_row(said, family, subject, judged.margin, judged.confidence), family, facts), said)
              for family in FAMILIES if family != POOL for said in comparisons_of(record, family)]
    beyond = _unsupported(record)
    return [one for one, said in (*pools, *others) if beyond.isdisjoint(_cases_of(said))]


def _unsupported(record: Record) -> set[str]:
    """Names of cases that never ran."""
    statuses: dict[str, set[str]] = {}
    for entry in record["benchmarks"]:
        if entry["run_type"] == "iteration":
            statuses.setdefault(entry["name"], set()).add(entry["status"])
    return {name for name, said in statuses.items() if said == {"unsupported"}}


@dataclass(frozen=True)
class _Facts:
    """What rows do not say themselves: by names of cases, rounds (of those in rows without a ratio) and an entry."""

    version: int
    rounds: Mapping[str, Mapping[Round, float]]
    entries: Mapping[str, Mapping[str, Any]]

    def of_sides(self, said: Mapping[str, Any], field: str) -> tuple[Any, Any]:
        a, b = (self.entries.get(name or "", {}).get(field) for name in _cases_of(said))
        return a, b


def _cases_of(said: Mapping[str, Any]) -> tuple[str | None, str | None]:
    """Names of the cases of the sides a and b."""
    a, b = ("a_case", "b_case") if said["table"] == PROGRAMS else ("threads_case", "processes_case")
    return said.get(a), said.get(b)


def _rounds_without_a_ratio(record: Record) -> dict[str, dict[Round, float]]:
    """Only of cases that are in rows before their first look."""
    wanted = {name for said in record["comparisons"] if said["ratio"] is None for name in _cases_of(said)}
    found: dict[str, dict[Round, float]] = {}
    least, most = MEASURABLE_NS
    for _, entry in rounds_that_count(record) if wanted else ():
        if entry["name"] in wanted and least <= value_ns(entry) <= most:
            found.setdefault(entry["name"], {})[round_of(entry)] = float(value_ns(entry))
    return found


# ---- what a row is about ------------------------------------------------------------------------------------


def _of_pool(said: Mapping[str, Any], row: Row, facts: _Facts) -> Compared:
    program = None if row.table == PROGRAMS else facts.of_sides(said, "program")[0]
    batch = "split" if said.get("batch_split") else None if row.batch is None else str(row.batch)
    task = "" if row.task_ns is None else words.duration(row.task_ns)
    workers = "" if row.workers is None else words.plural(row.workers, "worker")
    named = (("program", program or ""), ("executor", _executor(said, row, facts)), ("task", task), ("grain", str(row.grain)),
             ("payload", words.size(row.payload_bytes) if row.payload_bytes else ""), ("workers", workers),
             ("channel", _channels(said, row, facts)), ("placement", row.placement or ""),
             ("batch", f"batch {batch}" if batch else ""), ("window", f"window {row.window}" if row.window else ""),
             ("wait", row.wait or ""))
    pair = (("pair", f"{row.b} ÷ {row.a}"),) if row.table == PROGRAMS else ()
    return _compared(said, row, POOL, program, row.workload, (*named, *pair), facts)


def _executor(said: Mapping[str, Any], row: Row, facts: _Facts) -> str:
    """Which two programs have both; where the sides are threads and processes, that says it."""
    return facts.of_sides(said, "executor")[0] or "" if row.table == PROGRAMS else ""


def _channels(said: Mapping[str, Any], row: Row, facts: _Facts) -> str:
    """Where the sides have different ones, each of them."""
    if row.channel:
        return row.channel
    a, b = facts.of_sides(said, "channel")
    return f"{row.a} {a}, {row.b} {b}" if a and b and a != b else a or ""


def _of_other(said: Mapping[str, Any], row: Row, family: str, facts: _Facts) -> Compared:
    named: tuple[tuple[str, str], ...]
    if family == CHANNEL:
        named = (("message", words.size(said["message_bytes"]) if said["message_bytes"] else ""),
                 ("channel", _channels(said, row, facts)),
                 ("placement", _PLACEMENTS.get(said["placement"], said["placement"] or "")), ("wait", said["wait"] or ""),
                 ("futex", f"{said['futex']} futex" if said.get("futex") else ""),
                 ("rate", f"{words.significant(said['rate'])}/s" if said.get("rate") else ""),
                 ("touched", "untouched" if said.get("touched") is False else ""))
    else:
        parameters = said.get("command_parameters") or said.get("server_parameters") or {}
        named = tuple((str(name), f"{name} {value}") for name, value in parameters.items())
    pair = (("pair", f"{row.b} ÷ {row.a}"),) if row.table == PROGRAMS else ()
    return _compared(said, row, family, None, row.workload, (*named, *pair), facts)


def _other_row(said: Mapping[str, Any], family: str, subject: int, margin: float, confidence: float) -> Row:
    of_programs = said["table"] == PROGRAMS
    what = {CHANNEL: said.get("pattern"), GOOGLE: said.get("benchmark")}.get(family) or f"{family}s"
    a, b = (said["a"], said["b"]) if of_programs else ("threads", "processes")
    return Row(subject, said["table"], a, b, what, 0, None, said.get("message_bytes"), None, said.get("placement"),
               said.get("channel"), None, said.get("window"), said.get("wait"), *bounded_ratio(said),
               VERDICTS.get(said["verdict"], said["verdict"]), detectable_of(said), said["rounds"], said["reason"] or "",
               margin, confidence)


def _compared(said: Mapping[str, Any], row: Row, family: str, program: str | None, what: str,
              named: Iterable[tuple[str, str]], facts: _Facts) -> Compared:
    ratio, low, high = row.ratio, row.low, row.high
    state = CANDIDATE if row.verdict == UNDECIDED and "not yet confirmed" in row.reason else row.verdict
    if ratio is None or (facts.version < 3 and row.rounds < _ROUNDS_OF_OLD):
        state = FEW_ROUNDS
    if ratio is None and row.table != DEPLOYED:  # whose sides are chosen by these very rounds
        a, b = (facts.rounds.get(name or "", {}) for name in _cases_of(said))
        ratios = [b[key] / a[key] for key in a if key in b]
        if ratios:
            ratio, low, high = statistics.geometric_mean(ratios), min(ratios), max(ratios)
    return Compared(row, family, program, what, tuple(named), state, ratio, low, high)


# ---- words --------------------------------------------------------------------------------------------------


def varying(found: Sequence[Compared]) -> set[str]:
    """Names of the parameters that tell those apart that are about the same; the task's time always, where it is known."""
    values: dict[tuple[str, str], set[str]] = {}
    for one in found:
        for name, text in one.parameters:
            values.setdefault((one.what, name), set()).add(text)
    told = {name for (_, name), texts in values.items() if len(texts) > 1}
    return (told - {"grain"}) | {"task"} if all(dict(one.parameters).get("task") for one in found) else told


def in_common(found: Sequence[Compared]) -> str:
    """"2 workers, shm_ring": what they all are; "" of nothing."""
    values: dict[str, set[str]] = {}
    for one in found:
        for name, text in one.parameters:
            values.setdefault(name, set()).add(text)
    return ", ".join(f"{name} {text}" if name in ("placement", "wait") else text for name, texts in values.items()
                     if len(texts) == 1 and name not in ("grain", "task", "pair") for text in texts if text)


def label_of(one: Compared, names: set[str]) -> str:
    return ", ".join(text for name, text in one.parameters if name in names and text)


def place_of(one: Compared) -> str:
    """"payload_copy tasks of 1 ms with 4 KiB on 2 workers over shm_ring"; "" where two programs are all that there is."""
    row = one.row
    if one.family == POOL:
        channel = dict(one.parameters)["channel"]
        over = "" if not channel else f" over {channel}" if row.channel or "," not in channel else f" ({channel})"
        executor = dict(one.parameters)["executor"]
        by = f" by {one.program}" if one.program else f" under {executor}" if executor else ""
        return place_in_words(row.workload, row.task_ns, row.payload_bytes, row.workers) + over + by
    text = ", ".join(text for name, text in one.parameters if text and name != "pair")
    what = "" if one.family in (COMMAND, SERVER) else one.what
    return f"{what} ({text})" if what and text else what or text


def sentence(one: Compared) -> str:
    """What was found, and where, ending in a full stop."""
    row, place = one.row, f" for {place}" if (place := place_of(one)) else ""
    if one.state == FEW_ROUNDS or row.ratio is None or row.low is None or row.high is None:
        return f"Too few rounds ({row.rounds}) to say anything of {row.a} and {row.b}{place}."
    if one.state == CANDIDATE:
        leading = A_FASTER if row.ratio > 1 else B_FASTER
        found = finding(row, leading, row.ratio, row.low, row.high)
        found = found if row.table == PROGRAMS else found[:1].lower() + found[1:]
        return f"Shown, and not yet confirmed by a series of its own: {found}{place}."
    return f"{finding(row, row.verdict, row.ratio, row.low, row.high)}{place}."


def state_words(one: Compared) -> str:
    if one.has_winner:
        return f"{one.row.a if one.state == A_FASTER else one.row.b} faster"
    return {SAME: f"same within {words.percent(one.row.margin)}", FEW_ROUNDS: "too few rounds", UNSTABLE: "unstable",
            CANDIDATE: f"undecided: {CANDIDATE}"}.get(one.state, one.state)


def kind_of(one: Compared) -> tuple[str, str]:
    """What is told together: the table, and whether pools, channels or programs."""
    if one.row.table == PROGRAMS:
        return PROGRAMS, one.family
    return one.row.table, one.family


def natural(value: Value | None) -> tuple[bool, float, str]:
    """Sorts None first, numbers as numbers, then texts."""
    if value is None or isinstance(value, str):
        return value is not None, math.inf if value is not None else 0.0, value or ""
    return True, float(value), ""

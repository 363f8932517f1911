"""The whole answer, as values: what a terminal and JSON have of it."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from mpmt.answers import words
from mpmt.answers.crossover import DECIDED
from mpmt.answers.rows import PROGRAMS, UNDECIDED, VERDICTS, Row, bounded_ratio, detectable_of
from mpmt.asking import plan, sentences, table
from mpmt.asking.changes import Change, Growth, change, growth
from mpmt.asking.contenders import contenders_of, failures, foreign_share, has_serial
from mpmt.asking.findings import WORKERS, Findings
from mpmt.asking.question import Assumed, Case, Commands
from mpmt.asking.sentences import AS_ASKED
from mpmt.base.problem import EXIT_INTERRUPTED, EXIT_OK, NothingMeasured
from mpmt.records.families import COMMAND, comparisons_of
from mpmt.records.record_file import Record, rules
from mpmt.views.view import Table

EXIT_FAILED = 1
DEEPER_RECORD = "deeper.json"


@dataclass(frozen=True)
class Answer:
    """`row`: that the answer is; None where there was too little for one. `advice`: what would decide it, where it is open.
    `commands`: what each is for, and the command. `failed`: what gave no figure, and why."""

    sentences: tuple[str, ...]
    row: Row | None
    table: Table
    rows: tuple[Row, ...]
    changes: tuple[Change, ...]
    growth: Growth | None
    assumed: tuple[Assumed, ...]
    advice: tuple[str, ...]
    commands: tuple[tuple[str, str], ...]
    failed: tuple[str, ...]
    notes: tuple[str, ...]
    interrupted: bool

    @property
    def verdict(self) -> str:
        return self.row.verdict if self.row else UNDECIDED

    def exit_code(self) -> int:
        """An answer that is open is one."""
        if self.interrupted:
            return EXIT_INTERRUPTED
        return EXIT_FAILED if self.failed else EXIT_OK


# ---- of a case ---------------------------------------------------------------------------------------------


def of_case(case: Case, findings: Findings) -> Answer:
    """`findings`: with a record at least."""
    record = findings.main or findings.records[0]
    who = contenders_of(record) if findings.main else []
    best = findings.deployed
    if not who and not findings.scanned and not findings.interrupted and (why := failures(record)):
        raise NothingMeasured(why[0])
    row = best.row if best else None
    changes = _changes(findings) if best else ()
    grown = growth(findings.rates(case), case.margin)
    too_few = [f"Too few rounds to say anything for {case.workload.name} tasks."]
    said = sentences.sentences(case, best, changes, grown) if best else [*too_few, *([grown.sentence()] if grown else [])]
    return Answer(tuple(said), row, table.table(best, findings.found, who, findings.scanned),
                  tuple(one.row for one in findings.found), changes, grown,
                  _assumed(case, findings), _advice(case, findings), _commands(case, findings), tuple(failures(record)),
                  _notes(record), findings.interrupted)


def _changes(findings: Findings) -> tuple[Change, ...]:
    made = []
    for name, found in findings.scales.items():
        start = next(iter(found), findings.deployed)
        assert start is not None
        over = findings.channels.get(name) or ((start.row.channel,) if name == WORKERS and start.row.channel else ())
        made.append(change(name, [one.row for one in found], start.row, ", ".join(over)))
    return tuple(made)


def _assumed(case: Case, findings: Findings) -> tuple[Assumed, ...]:
    said = list(case.assumed)
    measured = findings.deployed.row.task_ns if findings.deployed else None
    if case.task_ns and measured:
        off = measured / case.task_ns - 1
        asked = "" if abs(off) <= AS_ASKED else f"; {words.duration(case.task_ns)} was asked for"
        known = "as measured" if findings.main and has_serial(findings.main) else "as it was calibrated to"
        why = f"takes {words.duration(measured)} alone, {known}{asked}"
        said.append(Assumed("--grain", str(findings.grain), why))
    placement = findings.found[0].row.placement if findings.found else None
    return (*said, *([Assumed("--placement", placement, "each worker keeps its CPU")] if placement == "spread" else []))


def _advice(case: Case, findings: Findings) -> tuple[str, ...]:
    row = findings.deployed.row if findings.deployed else None
    if findings.interrupted or (row is not None and row.verdict in DECIDED):
        return ()
    busy = max(map(foreign_share, findings.records))
    measured_s = findings.main_s or case.budget_s
    beside_s = max(0.0, case.budget_s - measured_s)
    return tuple(sentences.advice(row, case.margin, measured_s, busy, placeable=True, beside_s=beside_s))


def _commands(case: Case, findings: Findings) -> tuple[tuple[str, str], ...]:
    deeper = [shlex.join(plan.deeper(case, findings.grain, DEEPER_RECORD)),
              shlex.join(["mpmt", "report", DEEPER_RECORD, "-o", "report.html"])]
    return (("repeat", shlex.join(plan.repeated(case))), ("as a run", shlex.join(plan.as_run(case, findings.grain))),
            ("look deeper", " && ".join(deeper)))


def _notes(record: Record) -> tuple[str, ...]:
    return tuple(map(str, record["context"].get("warnings", [])))


# ---- of commands -------------------------------------------------------------------------------------------


def of_commands(asked: Commands, findings: Findings) -> Answer:
    """`findings`: with a record."""
    record = findings.records[0]
    row = command_row(record)
    why = failures(record)
    if (row is None or row.ratio is None) and why and not findings.interrupted:
        raise NothingMeasured(why[0])
    said = sentences.of_commands(row) if row else [sentences.TOO_FEW]
    repeated = plan.repeated_commands(asked)
    advice: Sequence[str] = ()
    if not findings.interrupted and (row is None or row.verdict not in DECIDED):
        advice = sentences.advice(row, asked.margin, asked.budget_s, foreign_share(record), placeable=False)
    run = ["mpmt", "run", *plan.of_commands(asked, asked.budget_s)[:-2]]
    deeper = shlex.join(["mpmt", "run", *plan.of_commands(asked, 300)[:-2], "--out", DEEPER_RECORD])
    return Answer(tuple(said), row, table.of_commands(record, row, asked.names), (row,) if row else (), (), None,
                  (Assumed("--shell", "default",
                           "/bin/sh where a command is more than words; its start is no part of a figure"),),
                  tuple(advice), (("repeat", shlex.join(repeated)), ("as a run", shlex.join(run)),
                                  ("look deeper", f"{deeper} && mpmt verdict {DEEPER_RECORD} --all")),
                  tuple(why), _notes(record), findings.interrupted)


def command_row(record: Record) -> Row | None:
    """What is said of the two commands; None where a side never gave a figure."""
    said = next((one for one in comparisons_of(record, COMMAND) if one["table"] == PROGRAMS), None)
    if said is None:
        return None
    judged = rules(record)
    return Row(0, PROGRAMS, said["a"], said["b"], COMMAND, 1, None, None, None, None, None, None, None, None,
               *bounded_ratio(said), VERDICTS.get(said["verdict"], said["verdict"]), detectable_of(said), said["rounds"],
               said["reason"] or "", judged.margin, judged.confidence)


# ---- JSON --------------------------------------------------------------------------------------------------


def as_json(answer: Answer, records: Sequence[str], seconds: float) -> dict[str, Any]:
    """docs/asking.md describes it. What was not measured is null."""
    row = answer.row
    return {
        "format": "mpmt-answer", "format_version": 1,
        "sentence": " ".join(answer.sentences), "sentences": list(answer.sentences),
        "verdict": answer.verdict, **{key: getattr(row, key, None)
                                      for key in ("ratio", "low", "high", "detectable", "margin", "confidence")},
        "rows": [asdict(one) for one in answer.rows],
        "table": {"columns": [asdict(column) for column in answer.table.columns],
                  "rows": [*answer.table.rows, *answer.table.rest]},
        "crossings": [{"scale": one.scale, **asdict(one.crossing)} for one in answer.changes if one.crossing],
        "changes": [{"scale": one.scale, "text": one.text} for one in answer.changes],
        "workers": _growth_as_json(answer.growth),
        "assumed": [asdict(one) for one in answer.assumed], "advice": list(answer.advice),
        "commands": {name.replace(" ", "_"): command for name, command in answer.commands},
        "failed": list(answer.failed), "notes": list(answer.notes), "records": list(records), "interrupted": answer.interrupted,
        "seconds": round(seconds, 2), "exit_code": answer.exit_code()}


def _growth_as_json(growth: Growth | None) -> dict[str, Any] | None:
    if growth is None:
        return None
    rates = {str(count): rate for count, rate in growth.tasks_per_s.items()}
    return {"up_to": growth.up_to, "best": growth.best, "tasks_per_s": rates}

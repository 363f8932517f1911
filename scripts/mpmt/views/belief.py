"""Can this be believed? The machine and the build, how quiet it was meanwhile, what the harness costs, and what is in doubt."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Optional

from mpmt.answers import words
from mpmt.records.families import POOL, case_status, outcome, rounds_that_count, subject_of
from mpmt.records.record_file import Record
from mpmt.records.tables import STATUS_WORDS as STATUS_ORDER
from mpmt.views.measured import cases_of, number_of, side_of
from mpmt.views.quiet import Quiet
from mpmt.views.report import Shown
from mpmt.views.view import Column, Missing, Table, Value, View

Row = tuple[Optional[Value], ...]
_MOST_REASONS = 60  # rows of the table of doubts, before the rest is folded


def view(shown: Sequence[Shown]) -> View | Missing:
    """Always there: the criteria are said with the answer."""
    sentences: list[str] = []
    for one in shown:
        prefix = f"{one.subject.title}: " if len(shown) > 1 else ""
        sentences += [prefix + sentence for sentence in _sentences(one.record)]
    tables = [_environment(shown), _yardsticks(shown), _load(shown), _rounds(shown), _harness(shown), _doubts(shown)]
    notes = [note for one in shown for note in one.record["context"]["warnings"]]
    return View("belief", "Can this be believed?", "Was this machine quiet enough, and what is in doubt?", tuple(sentences), (),
                tuple(table for table in tables if table.rows), tuple(dict.fromkeys((Quiet.CRITERIA, *map(str, notes)))))


# ---- sentences ---------------------------------------------------------------------------------------------


def _sentences(record: Record) -> Iterator[str]:
    yield Quiet(record).sentence()
    context = record["context"]
    if context["interrupted"] or context["recovered"]:
        how = "was killed, and its record assembled later" if context["recovered"] else "was interrupted"
        yield f"The run {how}: what it measured until then is here."
    if (context["commit"] or {}).get("dirty"):
        yield "The program was built from files that were changed after its commit, which alone does not build it again."
    failed = _by_status(record)
    if failed:
        told = ", ".join(f"{len({entry['name'] for entry in entries})} {_STATUS_WORDS.get(status, status)}"
                         for status, entries in failed.items())
        yield f"Of {words.plural(len(_names(record)), 'case')} these are in doubt: {told}."
    else:
        yield f"Of {words.plural(len(_names(record)), 'case')} none failed, was disturbed, or is unstable."
    if (harness := _harness_cost(record)) is not None:
        yield harness


_STATUS_WORDS = {"wrong_checksum": "with a wrong checksum", "worker_died": "whose worker died", "timed_out": "timed out",
                 "error": "with an error",
                 "disturbed": "disturbed", "unstable": "unstable", "unsupported": "unsupported here"}


def _names(record: Record) -> set[str]:
    return {entry["name"] for entry in record["benchmarks"] if entry["run_type"] == "iteration"}


def _by_status(record: Record) -> dict[str, list[dict[str, object]]]:
    """Rounds that do not count, and one entry for each unstable case, in the order of the statuses."""
    found: dict[str, list[dict[str, object]]] = {}
    unstable: dict[str, dict[str, object]] = {}
    for entry in record["benchmarks"]:
        if entry["run_type"] == "iteration":
            if (status := outcome(entry)) != "ok":
                found.setdefault(status, []).append(entry)
        elif case_status(entry) == "unstable":
            unstable.setdefault(entry["run_name"], {**entry, "name": entry["run_name"]})
    if unstable:
        found.setdefault("unstable", []).extend(unstable.values())
    return {status: found[status] for status in (*STATUS_ORDER, *found) if status in found}


def _harness_cost(record: Record) -> str | None:
    """What an empty task costs, serially and at the cheapest hand-over."""
    empty = [case for case in cases_of(record, POOL) if case.said["workload"] == "empty" and case.said.get("program") is None]
    serial = [case for case in empty if case.said["executor"] == "serial"]
    pooled = [case for case in empty if case.said["channel"] is not None]
    if not empty:
        return None
    said = [f"{words.duration(min(case.median for case in serial))} serially"] if serial else []
    if pooled:
        ends = [pick(pooled, key=lambda case: case.median) for pick in (min, max)]
        said.append(f"{words.duration(ends[0].median)} to {words.duration(ends[1].median)} under pools")
    return f"The harness itself costs {' and '.join(said)} a task (workload empty)." if said else None


# ---- tables ------------------------------------------------------------------------------------------------


def _environment(shown: Sequence[Shown]) -> Table:
    """A row for each fact, a column for each record."""
    facts = [dict((*one.subject.facts, *_run_facts(one.record))) for one in shown]
    names = list(dict.fromkeys(name for one in facts for name in one))
    return Table((Column("fact"), *(Column(one.subject.title) for one in shown)),
                 tuple((name, *(one.get(name) for one in facts)) for name in names), "Machine, build and run")


def _run_facts(record: Record) -> Iterator[tuple[str, str]]:
    context = record["context"]
    state = context["machine"].get("state", {})
    yield "machine key", context["machine"]["key"]
    for key in ("cpu_name", "frequency_driver", "turbo", "smt", "cgroup_cpu_quota", "clocksource", "load_1min"):
        if state.get(key) not in (None, ""):
            yield key.replace("_", " "), str(state[key])
    for key, value in context["machine"].get("epoch", {}).items():
        if value not in (None, ""):
            yield str(key).replace("_", " "), str(value)
    yield "dirty", "yes" if (context["commit"] or {}).get("dirty") else "no"
    yield "command line", " ".join(map(str, context["command_line"]))
    yield "finished", str(context["finished_utc"] or "never: it was killed")
    yield "contenders' rounds", str(context["trials"]["done"])


def _yardsticks(shown: Sequence[Shown]) -> Table:
    """What w spinning processes achieve together, before and after; ideal is w."""
    rows: list[Row] = []
    for one in shown:
        said = one.record["context"]["capacity"]
        ends = [{point["workers"]: number_of(point["capacity"]) for point in said[when] or []} for when in ("before", "after")]
        rows += [(one.subject.title, workers, *(end.get(workers) for end in ends)) for workers in sorted({*ends[0], *ends[1]})]
    return Table((Column("record"), Column("workers", "count"), Column("capacity before", "ratio"), Column("after", "ratio")),
                 tuple(rows),
                 "Capacity: what so many spinning processes achieve together, relative to one")


def _load(shown: Sequence[Shown]) -> Table:
    """What others took of the CPUs while rounds were measured."""
    rows: list[Row] = []
    for one in shown:
        quiet = Quiet(one.record)
        loads = [entry["load"] or {} for _, entry in rounds_that_count(one.record)]
        stolen, foreign = (sum(number_of(load.get(key)) or 0 for load in loads) for key in ("steal_ns", "foreign_cpu_ns"))
        dropped = sum(entry.get("dropped_laps") or 0 for _, entry in rounds_that_count(one.record))
        rows.append((one.subject.title, *((quiet.rounds.busy, quiet.rounds.done) if quiet.rounds else (None, None)),
                     quiet.foreign,
                     max(quiet.shares, default=None), stolen, foreign, dropped))
    return Table((Column("record"), Column("busy rounds", "count"), Column("of", "count"),
                  Column("taken, median round", "share"),
                  Column("most", "share"), Column("stolen by the hypervisor", "ns"), Column("CPU time of others", "ns"),
                  Column("laps made again", "count")), tuple(rows), "What others took of the CPUs")


def _rounds(shown: Sequence[Shown]) -> Table:
    """How many rounds that count the cases of each subject have."""
    rows: list[Row] = []
    for one in shown:
        counts: dict[tuple[str, str], dict[str, int]] = {}
        for entry in one.record["benchmarks"]:
            if entry["run_type"] == "iteration":
                of_subject = counts.setdefault((entry["family"], subject_of(entry)), {})
                of_subject[entry["name"]] = of_subject.get(entry["name"], 0) + (outcome(entry) == "ok")
        rows += [(one.subject.title, family, subject, len(cases), min(cases.values()), max(cases.values()))
                 for (family, subject), cases in counts.items()]
    return Table((Column("record"), Column("family"), Column("of"), Column("cases", "count"), Column("fewest rounds", "count"),
                  Column("most rounds", "count")), tuple(rows), "Rounds that count, by case")


def _harness(shown: Sequence[Shown]) -> Table:
    cases = [(one, case) for one in shown for case in cases_of(one.record, POOL) if case.said["workload"] == "empty"]
    rows = [(one.subject.title, case.said.get("program"), side_of(case.said), case.said["channel"], case.said["workers"],
             case.said["batch"],
             case.said["placement"], case.said["wait"], case.median, case.low, case.high)
            for one, case in sorted(cases, key=lambda pair: pair[1].median)]
    return Table((Column("record"), Column("program"), Column("side"), Column("channel"), Column("workers", "count"),
                  Column("batch", "count"),
                  Column("placement"), Column("waiting"), Column("time per task", "ns"), Column("lowest", "ns"),
                  Column("highest", "ns")),
                 tuple(rows), "The harness's own cost: tasks that do nothing")


def _doubts(shown: Sequence[Shown]) -> Table:
    """A row for each subject, status and reason."""
    rows: list[Row] = []
    for one in shown:
        for status, entries in _by_status(one.record).items():
            counted: dict[tuple[str, str], list[str]] = {}
            for entry in entries:
                reason = entry.get("error") or entry.get("disturbed_by") or entry.get("unstable") or ""
                counted.setdefault((subject_of(entry), str(reason)), []).append(str(entry["name"]))
            rows += [(one.subject.title, subject, _STATUS_WORDS.get(status, status), len(set(names)),
                      None if status == "unstable" else len(names), reason or None, names[0])
                     for (subject, reason), names in counted.items()]
    folded = (f"{words.plural(len(rows) - _MOST_REASONS, 'row')} more",) if len(rows) > _MOST_REASONS else ()
    return Table((Column("record"), Column("of"), Column("what"), Column("cases", "count"), Column("rounds", "count"),
                  Column("reason"),
                  Column("first case")), tuple(rows[:_MOST_REASONS]), "Failed, disturbed and unstable", folded,
                 tuple(rows[_MOST_REASONS:]))



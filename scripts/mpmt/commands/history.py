"""Change points over the stored records: what got slower or faster, in which range of commits, by how much.

Each benchmark is followed along the first parents of a branch, separately for each machine, epoch (state of the machine:
kernel, microcode, ...) and bench_version. History is no gate: it exits with 0 whatever changed."""

from __future__ import annotations

import argparse
import re
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

from mpmt.base import outputs
from mpmt.base.command_line import FORMATS, formats
from mpmt.base.files import folder_named, is_standard_output
from mpmt.base.patterns import pattern
from mpmt.base.places import ROOT
from mpmt.base.problem import EXIT_OK, NothingMeasured, Problem
from mpmt.base.shown import shown, shown_json
from mpmt.builds import commits
from mpmt.history import table
from mpmt.history.series import Gathered, Order, gather
from mpmt.history.memory import Memory
from mpmt.history.store import look
from mpmt.measuring import engine
from mpmt.records.stored_files import MACHINE_KEY, Summary, moment
from mpmt.writers.text_lines import fit

ALL = "all"
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--results", type=Path, metavar="DIR",
                        help="folder of the records (default: the repository's results/; outside any repository that of "
                             "this script's checkout)")
    parser.add_argument("--repo", type=Path, metavar="DIR",
                        help="folder in the repository whose commits count (default: where --results lies)")
    parser.add_argument("--machine", metavar="KEY", type=_machine_key,
                        help="records of the machine with this key, or of `all`, apart (default: of the machine this runs on)")
    parser.add_argument("--cases", metavar="REGEX", type=pattern, help="benchmarks whose name matches")
    parser.add_argument("--since", metavar="REV|DATE",
                        help="show commits after this one, or committed on this day (YYYY-MM-DD, UTC) or later; changes "
                             "are looked for in all")
    parser.add_argument("--branch", metavar="REV", help="follow this one's first parents (default: HEAD)")
    parser.add_argument("--plots", type=folder_named, metavar="DIR",
                        help="draw the benchmarks that changed most into this folder: one figure")
    parser.add_argument("--format", type=formats, default=list(FORMATS), metavar="LIST",
                        help="of the plots: png, svg (default: png,svg)")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of text")
    parser.add_argument("--csv", type=Path, metavar="FILE",
                        help="write the values as a CSV that Apache Otava reads; of one machine, its newest epoch; - is "
                             "standard output, which has nothing else then")


def _machine_key(text: str) -> str:
    if text != ALL and not MACHINE_KEY.fullmatch(text):
        raise argparse.ArgumentTypeError(f"'{shown(text, 40)}' is no machine key: 12 hexadecimal digits, or all")
    return text


@dataclass
class History:
    """What `run` shows."""

    found: Gathered
    order: Order
    by: str  # how the commits are ordered, in words
    refused: list[str]
    notes: list[str]


def run(options: argparse.Namespace) -> int:
    """0; raises NothingMeasured without a usable record, Problem for wrong usage and what cannot be read or written."""
    outputs.check(options.csv, "--csv")
    csv_only = options.csv is not None and is_standard_output(options.csv)
    if options.json and csv_only:
        raise Problem("--csv: standard output is JSON already: name a file")
    options.results, options.repo = _places(options)
    with Memory() as memory:
        history = _history(options, memory)
    for line in history.refused:
        print(f"refused: {shown(line)}", file=sys.stderr)
    for note in history.notes:
        print(f"note: {shown(note)}", file=sys.stderr)
    if not history.found.series:
        raise NothingMeasured(_nothing(history, options))
    if options.csv is not None:
        from mpmt.history import otava
        outputs.write(options.csv, otava.csv_text(history.found, history.order), "--csv")
    written = _draw(history, options) if options.plots is not None else []
    if options.json:
        print(shown_json(table.as_json(history.found, history.order, history.by, history.refused)))
    elif not csv_only:
        print(table.text(history.found, history.order, history.by, *fit(sys.stdout)))
        if written:
            print("\n".join(f"plot: {shown(path, 300)}" for path in written))
    return EXIT_OK


def _nothing(history: History, options: argparse.Namespace) -> str:
    reasons = [f"{count} records: {reason}" for counts in history.found.unused.values()
               for reason, count in counts.items()]
    reasons += [f"{len(history.refused)} files refused"] if history.refused else []
    if sum(history.found.records.values()):
        reasons.append("no benchmark matches --cases" if options.cases else "no ok trial")
    return f"{shown(options.results, 300)}: no usable record" + (f" ({'; '.join(reasons)})" if reasons else "")


def _draw(history: History, options: argparse.Namespace) -> list[Path]:
    from mpmt.views.history import TITLE, view_of
    from mpmt.views.view import Report, Subject
    from mpmt.writers.plots import figure  # loads matplotlib
    machines = dict.fromkeys(series.machine for series in history.found.series)
    report = Report(TITLE, tuple(Subject(f"{history.found.records[machine]} records", machine, (("commits by", history.by),))
                                 for machine in machines), (view_of(history.found, history.order),))
    try:
        drawn = figure.draw(report, options.plots, options.format)
    except OSError as error:
        raise Problem(f"--plots: {shown(options.plots, 300)}: cannot be written: {error.strerror}") from None
    for line in drawn.left_out:
        print(f"not drawn: {shown(line)}", file=sys.stderr)
    return drawn.files


# ---- the order of commits ----------------------------------------------------------------------------------


def _places(options: argparse.Namespace) -> tuple[Path, Path | None]:
    """The results folder, and the checkout whose history counts; None: there is none. Raises Problem."""
    repo, results = options.repo, options.results
    try:
        if repo is not None:
            commits.top(repo)
    except Problem as error:
        raise Problem(f"--repo: {error}") from None
    if results is None:
        here = repo or Path()
        ours = not commits.is_repository(here)
        results = (ROOT if ours else commits.top(here)) / "results"
        if ours:
            print(f"note: {shown(here.resolve(), 300)} is in no git repository: these are the records of {shown(results, 300)}",
                  file=sys.stderr)
    if repo is None and commits.is_repository(results):
        repo = results
    if repo is None and options.branch is not None:
        raise Problem(f"--branch: {shown(results, 300)} is not in a git repository: name one with --repo")
    return results, repo


def _history(options: argparse.Namespace, memory: Memory) -> History:
    records, refused = look(options.results, memory)
    notes: list[str] = []
    records = _chosen(records, options.machine, notes)
    if options.repo is not None:
        branch = options.branch or "HEAD"
        order, by = _first_parents(options.repo, branch, records, options.since), f"first parents of {shown(branch, 80)}"
    else:
        order, by = _by_date(records, options), "commit date"
        notes.append(f"{shown(options.results, 300)} is not in a git repository: commits are ordered by date, and commits "
                     "between two measured ones are not known")
    return History(gather(records, order, options.cases, memory), order, by, refused, notes)


def _chosen(records: list[Summary], asked: str | None, notes: list[str]) -> list[Summary]:
    """Those of the machine that was asked for. Raises NothingMeasured where it is not clear which one is meant."""
    there = Counter(record.machine for record in records)
    if asked == ALL or not there:
        return records
    if asked is None:
        ours = _this_machine()
        others = ", ".join(f"{key} ({count} record{'s' if count > 1 else ''})"
                           for key, count in sorted(there.items()) if key != ours)
        here = f"this machine is {ours}" if ours else "which machine this is cannot be told without a built mpmt"
        if ours not in there and len(there) > 1:
            raise NothingMeasured(f"--machine: no record is known to be of this machine ({here}); there are those of {others}: "
                                  f"choose one by its key, or `--machine {ALL}`")
        asked = ours if ours in there else next(iter(there))
        if ours not in there:
            notes.append(f"these are the records of machine {asked}, maybe of another machine: {here}")
        elif others:
            notes.append(f"not shown: machine {others}; `--machine {ALL}` shows all")
    return [record for record in records if record.machine == asked]


def _this_machine() -> str | None:
    """Its key; None: there is no mpmt that would know."""
    program = engine.find()
    try:
        return engine.machine_key(program) if program else None
    except Problem:
        return None


def _first_parents(repo: Path, branch: str, records: Sequence[Summary], since: str | None) -> Order:
    chain = commits.first_parent_chain(repo, branch)
    place = {commit: at for at, commit in enumerate(chain)}
    lost = sorted({record.commit for record in records if record.commit and record.commit not in place})
    if lost and commits.is_shallow(repo):
        raise Problem(f"{shown(repo, 300)}: a shallow clone, which lacks commits of {len(lost)} records, say "
                      f"{lost[0][:12]}: `git fetch --unshallow` brings the rest (in CI, fetch-depth: 0)")
    if since is None:
        return Order(chain, place)
    if _DATE.fullmatch(since):
        dates = ((place[record.commit], moment(record.commit_date)) for record in records if record.commit in place)
        return Order(chain, place, _first_of_day(dates, since, len(chain)))
    start = commits.resolve(repo, since)
    if start not in place:
        raise Problem(f"--since: {shown(since, 80)} is not on the first-parent line of {shown(branch, 80)}")
    return Order(chain, place, place[start] + 1)


def _by_date(records: Sequence[Summary], options: argparse.Namespace) -> Order:
    dated = {record.commit: moment(record.commit_date) or moment(record.started_utc) for record in records if record.commit}
    chain = sorted(dated, key=lambda commit: (dated[commit] or datetime.max.replace(tzinfo=timezone.utc), commit))
    place = {commit: at for at, commit in enumerate(chain)}
    if options.since is None:
        return Order(chain, place)
    if not _DATE.fullmatch(options.since):
        raise Problem("--since: only a date, YYYY-MM-DD, can be used outside a git repository")
    dates = ((place[commit], dated[commit]) for commit in chain)
    return Order(chain, place, _first_of_day(dates, options.since, len(chain)))


def _first_of_day(dates: Iterable[tuple[int, datetime | None]], day: str, none: int) -> int:
    """The first place with a date of `day` or later; `none` if there is none. A date that cannot be read says nothing."""
    start = moment(f"{day}T00:00:00+00:00")
    if start is None:
        raise Problem(f"--since: {shown(day, 20)} is no date")
    return min((at for at, date in dates if date is not None and date >= start), default=none)

"""mpmt track ack: a slow-down that is known and accepted. Until the given day it fails no gate, as long as it gets no
larger than what was accepted."""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import functools
import json
import math
import os
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any, NoReturn

from mpmt.base.files import read_whole, write_whole
from mpmt.base.patterns import BadPattern, Pattern
from mpmt.base.places import ROOT
from mpmt.base.problem import EXIT_OK, Problem
from mpmt.base.shown import shown
from mpmt.builds import commits
from mpmt.builds.worktrees import lock_within, try_lock
from mpmt.records.json_text import BadJson, decoded, parsed
from mpmt.records.schemas import checker
from mpmt.views.view import Column, Table
from mpmt.writers.terminal_tables import table_text
from mpmt.writers.text_lines import fit

FILE_NAME = "ack.json"
SCHEMA = ROOT / "results" / "ack.schema.json"
VERSION = 1
MAX_BYTES = 16 << 20
DAYS = 90
COLUMNS = (Column("number", "count"), Column("benchmark"), Column("commit"), Column("accepted", "share"), Column("expires"),
           Column("reason"))
LOCKED_S = 120.0


@functools.lru_cache(maxsize=64)
def _pattern(text: str) -> Pattern:
    return Pattern(text)


@dataclass(frozen=True)
class Ack:
    """An acknowledgement; the fields are explained in results/ack.schema.json."""

    benchmark: str
    match: str
    commit: str
    effect: float
    reason: str
    created: date
    expires: date
    by: str | None = None

    def matches(self, name: str) -> bool:
        return self.benchmark == name if self.match == "exact" else _pattern(self.benchmark).fullmatch(name)

    def as_json(self) -> dict[str, Any]:
        """With its keys in the file's order."""
        return {"benchmark": self.benchmark, "match": self.match, "commit": self.commit, "effect": self.effect,
                "reason": self.reason, **({"by": self.by} if self.by else {}), "created": self.created.isoformat(),
                "expires": self.expires.isoformat()}


# ---- for gates ---------------------------------------------------------------------------------------------


def covering(acks: Sequence[Ack], benchmark: str, effect: float, in_range: AbstractSet[str] | None,
             today: date) -> tuple[Ack | None, str]:
    """The acknowledgement that keeps a slower benchmark from failing a gate; else None and why one that might have
    does not (empty if there is none). It does so until the slow-down is surely larger than what was accepted.

    effect: the slow-down that is certain, the lower bound of its interval, as ratio - 1. in_range: ids of the commits
    after A up to B; an acknowledgement counts only if its commit is one of them. None: not known, any commit counts.
    """
    named, too_slow = [], ""
    for one in acks:
        try:
            if one.matches(benchmark):
                named.append(one)
        except Problem as problem:  # no reason to lose what was measured
            too_slow = f"an acknowledgement is passed over: {problem}"
    found = [a for a in named if in_range is None or a.commit in in_range]
    enough = [a for a in found if effect <= a.effect]
    valid = [a for a in enough if today <= a.expires]
    if valid:
        return max(valid, key=lambda a: a.expires), ""
    if enough:
        last = max(enough, key=lambda a: a.expires)
        return None, f"acknowledged for {commits.short(last.commit)}, but that expired on {last.expires}"
    if found:
        most = max(found, key=lambda a: a.effect)
        return None, (f"at least {effect:+.1%}, but only {most.effect:+.1%} are acknowledged for "
                      f"{commits.short(most.commit)}")
    elsewhere = max((a for a in named if today <= a.expires), key=lambda a: a.created, default=None)
    if elsewhere:
        return None, (f"acknowledged for {commits.short(elsewhere.commit)}, which is not between base and head "
                      "(rebased?)")
    return None, too_slow


# ---- the file ----------------------------------------------------------------------------------------------


def load(path: Path) -> list[Ack]:
    """The acknowledgements in the file; none if there is no such file. Raises Problem naming file and field."""
    named = shown(path, 300)

    def refuse(why: str) -> NoReturn:
        raise Problem(f"{named}: {why}") from None

    try:
        document = parsed(decoded(read_whole(path, MAX_BYTES)))
    except FileNotFoundError:
        if path.is_symlink():
            refuse("a symbolic link to nothing")
        return []
    except OSError as error:
        refuse(f"cannot be read: {error.strerror}")
    except BadJson as bad:
        refuse(str(bad))
    if wrong := _first_problem(document):
        refuse(wrong)
    return [_ack(entry, f"acknowledged[{index}]", refuse) for index, entry in enumerate(document["acknowledged"])]


@functools.cache
def _checker() -> Callable[[Any], str | None]:
    return checker(json.loads(SCHEMA.read_text("utf-8")), "the document")


def _first_problem(document: Any) -> str | None:
    version = document.get("version") if isinstance(document, dict) else None
    if isinstance(version, int) and version > VERSION:
        return f"version is {version}, but this script reads up to {VERSION}: use a newer mpmt"
    return _checker()(document)


def _ack(entry: dict[str, Any], field: str, refuse: Any) -> Ack:
    days = {}
    for name in ("created", "expires"):
        try:
            days[name] = date.fromisoformat(entry[name])
        except ValueError as error:
            refuse(f"{field}.{name}: {shown(error, 160)}")
    if not math.isfinite(entry["effect"]):
        refuse(f"{field}.effect: not a finite number")
    if entry["match"] == "regex":
        try:
            _pattern(entry["benchmark"])
        except BadPattern as error:
            refuse(f"{field}.benchmark: not a regular expression that can be used: {shown(error, 160)}")
    return Ack(**{**entry, **days})


def save(path: Path, acks: Sequence[Ack]) -> None:
    """Sorted, with one line per field: git shows what changed and merges the rest. Raises Problem."""
    document = {"version": VERSION, "acknowledged": [a.as_json() for a in _sorted(acks)]}
    try:
        write_whole(path, json.dumps(document, ensure_ascii=False, indent=2, allow_nan=False) + "\n")
    except OSError as error:
        raise Problem(f"{shown(path, 300)}: cannot be written: {error.strerror}") from None


def _sorted(acks: Sequence[Ack]) -> list[Ack]:
    return sorted(acks, key=lambda a: (a.benchmark, a.match, a.created, a.commit))


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Keeps other `ack`s from writing between our reading and writing: the folder itself is locked, so no lock file
    comes into the repository."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise Problem(f"--results: {shown(folder, 300)}: {error.strerror}") from None
    try:
        if not try_lock(lock, fcntl.LOCK_EX):
            print(f"mpmt track ack: waiting: another process is changing {shown(folder / FILE_NAME, 300)}", file=sys.stderr,
                  flush=True)
            if not lock_within(lock, fcntl.LOCK_EX, LOCKED_S):
                raise Problem(f"--results: {shown(folder, 300)}: another process has kept its lock for {LOCKED_S:g} s")
        yield
    finally:
        os.close(lock)


# ---- the command -------------------------------------------------------------------------------------------


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("benchmark", nargs="?", metavar="BENCHMARK", help="the name of a case, as reported")
    parser.add_argument("--regex", action="store_true", help="BENCHMARK is a regular expression for whole names")
    parser.add_argument("--commit", metavar="REV", help="the first slow commit")
    parser.add_argument("--effect", type=_effect, metavar="PERCENT",
                        help="the slow-down to accept, e.g. 5%%: a gate fails when it is surely larger")
    parser.add_argument("--reason", type=_text(2000), metavar="TEXT", help="why it is accepted")
    parser.add_argument("--by", type=_text(200), metavar="NAME", help="who accepts it")
    until = parser.add_mutually_exclusive_group()
    until.add_argument("--expires", type=_day, metavar="DATE", help="the last day on which it counts, e.g. 2027-01-31")
    until.add_argument("--days", type=_days, default=DAYS, metavar="N", help=f"it counts for N days (default: {DAYS})")
    parser.add_argument("--replace", action="store_true", help="take the place of what is acknowledged already")
    parser.add_argument("--list", action="store_true", help="show what is acknowledged")
    parser.add_argument("--remove", type=int, metavar="NUMBER", help="remove one, by its number in --list")
    parser.add_argument("--repo", type=Path, default=Path(), metavar="DIR",
                        help="folder in the repository (default: the current folder)")
    parser.add_argument("--results", type=Path, metavar="DIR", help=f"folder of {FILE_NAME} (default: results/ of the "
                        "repository)")


def _text(limit: int) -> Any:
    def text(given: str) -> str:
        if not given.strip() or len(given) > limit or not _is_unicode(given):
            raise argparse.ArgumentTypeError(f"must be a text of 1 to {limit} characters, in UTF-8")
        return given.strip()
    return text


def _is_unicode(text: str) -> bool:
    """Python keeps bytes of the command line that are no text as halves of surrogate pairs."""
    return text.isascii() or not re.search("[\ud800-\udfff]", text)


def _effect(text: str) -> float:
    """0.05 for "5%" and for "0.05"; "5" could be meant as either, so it needs the sign."""
    match = re.fullmatch(r"\s*(\d{1,6}(?:\.\d{1,6})?)\s*(%?)\s*", text)
    value = float(match[1]) / (100 if match[2] else 1) if match else 0.0
    if not match or not 0 < value <= 1000 or (not match[2] and value >= 1):
        raise argparse.ArgumentTypeError(f"'{shown(text, 40)}' is not a slow-down: write it as 5% or 0.05")
    return round(value, 8)


def _day(text: str) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{shown(text, 40)}' is not a date such as 2027-01-31") from None
    if day < _today():
        raise argparse.ArgumentTypeError(f"{day} has passed")
    return day


def _days(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text[:9]) <= 3650:
        raise argparse.ArgumentTypeError(f"'{shown(text, 40)}' is not a number from 1 to 3650")
    return int(text)


def _today() -> date:
    return datetime.now(timezone.utc).date()  # the same for everyone


def run(options: argparse.Namespace) -> int:
    _check_usage(options)
    folder = options.results or commits.top(options.repo) / "results"
    path = folder / FILE_NAME
    if options.list:
        _show(_sorted(load(path)))
        return EXIT_OK
    change = _removed if options.remove is not None else _added
    with _locked(folder):
        acks, what = change(_sorted(load(path)), options)
        save(path, acks)
    print(f"{what}: {os.path.relpath(path)}; commit it, so that it counts for others")
    return EXIT_OK


def _check_usage(options: argparse.Namespace) -> None:
    doing = [name for name, given in (("BENCHMARK", options.benchmark is not None), ("--list", options.list),
                                      ("--remove", options.remove is not None)) if given]
    if len(doing) != 1:
        raise Problem(f"ack needs one of BENCHMARK, --list and --remove; it got {' and '.join(doing) or 'none'}")
    if options.benchmark is None:
        return
    for name in ("commit", "effect", "reason"):
        if getattr(options, name) is None:
            raise Problem(f"--{name}: missing")
    if options.regex:
        try:
            _pattern(options.benchmark)
        except BadPattern as error:
            raise Problem(f"BENCHMARK: not a regular expression that can be used: {shown(error, 160)}") from None
    if not 1 <= len(options.benchmark) <= 500 or not _is_unicode(options.benchmark):
        raise Problem("BENCHMARK: must have 1 to 500 characters, in UTF-8")


def _added(acks: list[Ack], options: argparse.Namespace) -> tuple[list[Ack], str]:
    today = _today()
    new = Ack(options.benchmark, "regex" if options.regex else "exact", commits.resolve(options.repo, options.commit),
              options.effect, options.reason, today, options.expires or today + timedelta(days=options.days),
              options.by)
    same = [a for a in acks if (a.benchmark, a.match, a.commit) == (new.benchmark, new.match, new.commit)]
    if same and not options.replace:
        raise Problem(f"BENCHMARK: '{shown(new.benchmark, 100)}' is acknowledged for {commits.short(new.commit)} "
                      f"already, up to {same[0].effect:+.1%} until {same[0].expires}: --replace changes that")
    return [a for a in acks if a not in same] + [new], (
        f"acknowledged {shown(new.benchmark, 100)} up to {new.effect:+.1%} until {new.expires}")


def _removed(acks: list[Ack], options: argparse.Namespace) -> tuple[list[Ack], str]:
    if not 1 <= options.remove <= len(acks):
        allowed = f"--list shows 1 to {len(acks)}" if acks else "nothing is acknowledged"
        raise Problem(f"--remove: there is no number {options.remove}: {allowed}")
    gone = acks.pop(options.remove - 1)
    return acks, f"removed {shown(gone.benchmark, 100)} for {commits.short(gone.commit)}"


def _show(acks: Sequence[Ack]) -> None:
    if not acks:
        print("nothing is acknowledged")
        return
    rows = tuple((number, shown(a.benchmark, 100) + (" (regex)" if a.match == "regex" else ""), commits.short(a.commit),
                  f"{a.effect:+.1%}", f"until {a.expires}" if _today() <= a.expires else f"EXPIRED on {a.expires}",
                  shown(a.reason, 200) + (f" ({shown(a.by, 60)})" if a.by else "")) for number, a in enumerate(acks, 1))
    print("\n".join(table_text(Table(COLUMNS, rows), *fit(sys.stdout))))

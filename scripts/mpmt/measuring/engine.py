"""The mpmt that measures and judges: where it is, and what it is asked. Nothing is timed or decided in Python.

A contender is one of its programs (`mpmt run --program`) or commands (`--command`), called A or B."""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import shlex
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mpmt.base.endings import EXIT_INTERRUPTED, ending_signal
from mpmt.base.places import ROOT
from mpmt.base.problem import NothingMeasured, Problem
from mpmt.base.shown import shown
from mpmt.builds.process import Failed, ending, output_of, started
from mpmt.builds.scratch import scratch_folder
from mpmt.records import record_file
from mpmt.records.stored_files import MACHINE_KEY

CASE_FAILED, NOTHING_MATCHED = 1, 5  # exit codes of `mpmt run`
ASKED_S = 300.0  # for a plan: programs are asked what they have, and another run may be measuring
_REFUSED = ("mpmt: --program: ", "mpmt: --command: ")  # how its last words begin where a contender is none
FAREWELL_S = 3.0  # for a run that was told to end, to keep what it has
MOST_BYTES_OF_A_LINE = 1 << 20  # of what a program says; a longer one is cut


def find() -> Path | None:
    """The mpmt that these scripts belong to: the one that started them, that of the build tree, or the installed one."""
    said = os.environ.get("MPMT_BINARY")
    places = [Path(said)] if said else [ROOT / "build/release/mpmt", ROOT.parents[1] / "bin/mpmt"]
    return next((place.absolute() for place in places if os.access(place, os.X_OK)), None)


def machine_key(program: Path) -> str:
    """What an mpmt calls this machine. Raises Problem when the program is none."""
    try:
        key = json.loads(output_of([str(program), "machine", "--json"], ASKED_S)[1])["key"]
    except (Failed, ValueError, KeyError, TypeError, RecursionError):
        key = None
    if not isinstance(key, str) or not MACHINE_KEY.fullmatch(key):
        raise Problem(f"{shown(program, 300)}: `mpmt machine --json` names no machine key: this is no mpmt")
    return key


# ---- what is asked -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Contender:
    """`command`: for a program the words that start it, in one text as a shell would take it; else any command's text."""

    command: str
    option: str = "--program"

    def arguments(self, name: str) -> list[str]:
        return [self.option, f"{name}={self.command}"]


def program(words: Sequence[str]) -> Contender:
    return Contender(shlex.join(words))


@dataclass(frozen=True)
class Question:
    """One `mpmt run`. `options`: of `mpmt run`, as the user gave them; `margin`: a ratio - 1; `budget_s`: of the whole run."""

    a: Contender
    b: Contender
    options: Sequence[str] = ()
    filter: str = ""  # of --benchmark_filter
    margin: float = 0.03
    budget_s: float = 60.0
    wait_idle_s: float = 10.0
    seed: int | None = None
    record: Path | None = None  # where the record is kept; None: nowhere

    def arguments(self) -> list[str]:
        chosen = ["--benchmark_filter", self.filter] if self.filter else []
        seed = [] if self.seed is None else ["--seed", str(self.seed)]
        return [*self.a.arguments("A"), *self.b.arguments("B"), "--margin", f"{self.margin:.4%}",
                "--budget", f"{self.budget_s:g}", "--wait-idle", f"{self.wait_idle_s:g}", *seed, *chosen, *self.options]


@dataclass(frozen=True)
class Answer:
    """`record`: as record_file.load has it; None where the end came before anything was measured. `said`: its last words;
    `late`: it was ended since its time was over."""

    record: record_file.Record | None
    interrupted: bool
    said: str = ""
    late: bool = False


@dataclass(frozen=True)
class Case:
    """Of a plan. `name`: without the program's; `version`: of what a task means."""

    name: str
    version: int
    placement: str | None
    family: str


# ---- asking ------------------------------------------------------------------------------------------------


def cases_of(engine: Path, contender: Contender, options: Sequence[str] = ()) -> list[Case]:
    """What `mpmt run` would measure of this contender. Raises Problem, NothingMeasured."""
    command = [str(engine), "run", *contender.arguments("A"), "--dry-run", "--benchmark_format", "json", *options]
    try:
        code, output, said = output_of(command, ASKED_S)
    except Failed as failed:
        raise Problem(f"{shown(engine, 300)}: {failed}") from None
    _refuse(code, said)
    try:
        plan = json.loads(output)
        return [Case(planned["name"].removesuffix("/program:A"), planned["bench_version"], planned["case"].get("placement"),
                     planned["case"]["family"]) for planned in plan["cases"]]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise Problem(f"{shown(engine, 300)}: its plan is not what these scripts read: is it as new as they are?") from None


def _refuse(code: int, said: str) -> None:
    """Raises Problem unless `mpmt run` ended with a plan or a record. `said`: its last words."""
    said = said.removeprefix("mpmt: ")
    for option in _REFUSED:  # of `mpmt run`, which nobody has used
        said = said.removeprefix(option.removeprefix("mpmt: "))
    if code == NOTHING_MATCHED:
        raise NothingMeasured(said or "nothing matches")
    if code not in (0, CASE_FAILED, EXIT_INTERRUPTED):
        raise Problem(said or f"mpmt run {ending(code)}")


def measure(engine: Path, question: Question, say: Callable[[str], None]) -> Answer:
    """Asks, and waits for the answer; `say` is given the lines of its progress. Raises Problem, NothingMeasured."""
    if question.record:
        _make_room(question.record)
    found = run(engine, question.arguments(), Said(say), question.record)
    if found.record is None and not found.interrupted:
        raise Problem(found.said or "mpmt run left no record")
    return found


def run(engine: Path, arguments: Sequence[str], said: Said, out: Path | None = None, until: float | None = None) -> Answer:
    """One `mpmt run`, to its end. `out`: where its record is kept. Ctrl-C, and `until` (of time.monotonic), end it early, with
    what it has measured by then. Raises Problem, NothingMeasured."""
    with scratch_folder() as folder:
        place = out or folder / "record.json"
        before = _stamp(place)
        command = [str(engine), "run", "--out", str(place), "--journal-dir", str(folder), *arguments]
        with _started(command) as process:
            code, interrupted = to_its_end(process, said.line, said.error, until)
        late = until is not None and time.monotonic() >= until and not interrupted
        _refuse(0 if interrupted or late else code, said.last)
        try:
            record = record_file.load(place) if _stamp(place) not in (None, before) else None
        except record_file.BadRecord as bad:
            raise Problem(f"mpmt run left a record that cannot be used: {bad}") from None
        return Answer(record, interrupted or (code == EXIT_INTERRUPTED and not late), said.last, late)


def _make_room(record: Path) -> None:
    try:
        record.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Problem(f"--record: {shown(record, 300)} cannot be written: {error.strerror}") from None


def _stamp(path: Path) -> tuple[int, int] | None:
    """Another once the file has been replaced; None: there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns


@contextlib.contextmanager
def _started(command: list[str]) -> Iterator[subprocess.Popen[bytes]]:
    """In a session of its own, so that Ctrl-C reaches it once, and from here."""
    try:
        with started(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            yield process
    except Failed as failed:
        raise Problem(str(failed)) from None


@dataclass
class Said:
    """What `mpmt run` says, of which progress is passed on: its tables and warnings are made of the record."""

    say: Callable[[str], None]
    last: str = ""
    progress: bool = True  # whether it is still that

    def line(self, line: str) -> None:
        self.progress = self.progress and bool(line)
        if self.progress:
            self.say(line)

    def error(self, line: str) -> None:
        self.last = line
        if not line.startswith(("mpmt: warning: ", *_REFUSED)):
            self.say(line.removeprefix("mpmt: "))


def to_its_end(process: subprocess.Popen[bytes], out: Callable[[str], None], err: Callable[[str], None],
               until: float | None = None) -> tuple[int, bool]:
    """Passes lines on as they come. The exit code, and whether we were interrupted: then, and when it is `until`, the process
    was told to end, and has kept what it had."""
    passing = _Passing(process, out, err)
    try:
        if not passing.to_the_end(until):
            process.send_signal(ending_signal())
            if not passing.to_the_end(time.monotonic() + FAREWELL_S):
                process.kill()
        return process.wait(), False
    except KeyboardInterrupt:
        process.send_signal(ending_signal())
        err("interrupted: waiting for mpmt to store what it has measured; Ctrl-C again gives it up")
        passing.to_the_end()
        return process.wait(), True


class _Passing:
    def __init__(self, process: subprocess.Popen[bytes], out: Callable[[str], None], err: Callable[[str], None]) -> None:
        assert process.stdout and process.stderr
        self._say = {process.stdout.fileno(): out, process.stderr.fileno(): err}
        self._begun = dict.fromkeys(self._say, b"")
        self._open = set(self._say)

    def to_the_end(self, until: float | None = None) -> bool:
        """Whether it came there by then. What has ended stays ended."""
        with selectors.DefaultSelector() as selector:
            for stream in self._open:
                selector.register(stream, selectors.EVENT_READ)
            while self._open:
                left = None if until is None else until - time.monotonic()
                if left is not None and left <= 0:
                    return False
                for key, _ in selector.select(left):
                    if not self._take(key.fd):
                        selector.unregister(key.fd)
                        self._open.remove(key.fd)
        return True

    def _take(self, stream: int) -> bool:
        """Whether there may be more."""
        data = os.read(stream, 1 << 16)
        *whole, self._begun[stream] = (self._begun[stream] + data).split(b"\n")
        if self._begun[stream] and (not data or len(self._begun[stream]) > MOST_BYTES_OF_A_LINE):
            whole.append(self._begun[stream])
            self._begun[stream] = b""
        for line in whole:
            self._say[stream](line.decode("utf-8", "replace"))
        return bool(data)


def entries(record: record_file.Record) -> list[dict[str, Any]]:
    """Rounds of single contenders."""
    return [entry for entry in record["benchmarks"] if entry["run_type"] == "iteration"]

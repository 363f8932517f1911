"""The two sides of a comparison: what they are, which cases both have, and what `mpmt run` finds of them."""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import re
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from mpmt.base.files import regular_file
from mpmt.base.patterns import Pattern
from mpmt.base.problem import NotComparable, NothingMeasured, Problem
from mpmt.base.shown import shown
from mpmt.builds import commits
from mpmt.builds.builds import Builds, builds_of
from mpmt.builds.recipe import MPMT_RECIPE, loaded_libraries
from mpmt.measuring import comparison, engine
from mpmt.measuring.comparison import NOT_COMPARED, UNCHANGED, Comparison, Row, Side
from mpmt.measuring.options import refuse_times_as_grain

Say = Callable[[str], None]

GOOGLE = "google"  # the family of Google Benchmark programs


# ---- sides -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Measured:
    """A side as it is measured. `options`: of `mpmt run`; those of other programs are words of theirs. `reads_tree`: a commit's
    program that may read files of its work tree, so that equal ones need not do the same."""

    side: Side
    contender: engine.Contender
    options: Sequence[str] = ()
    family: str = ""
    reads_tree: bool = False


@dataclass(frozen=True)
class Named:
    """A side as it was asked for, by one of the three."""

    text: str = ""  # a commit, or the path of a program
    program: Path | None = None
    command: str | None = None


class Sides:
    """Makes sides, and compares them. `builds`: where commits are asked for. What was built stays until the end of the block
    that `opened` has made."""

    def __init__(self, options: argparse.Namespace, say: Say, builds: Builds | None) -> None:
        self.options, self.say, self.builds = options, say, builds
        self._engine = engine.find()

    @property
    def engine(self) -> Path:
        if self._engine is None:
            raise Problem("there is no mpmt that could measure: build it (cmake --preset release && cmake --build --preset "
                          "release), or name it in MPMT_BINARY")
        return self._engine

    def build(self, wanted: Iterable[str]) -> None:
        """All these commits, before any is measured: what a build leaves in caches and clocks would disturb. Without an mpmt of
        our own the last one measures, where they are commits of mpmt. Raises BuildFailed."""
        assert self.builds is not None
        built = [self.builds.binary(commit) for commit in wanted]
        if self._engine is None and self.builds.recipe is MPMT_RECIPE:
            self._engine = built[-1]

    def of_commit(self, commit: str, text: str = "") -> Measured:
        """The commit's program, built if need be. Raises BuildFailed."""
        assert self.builds is not None
        path, repo = self.builds.binary(commit), self.builds.repo
        short = commits.short(commit)
        label = short if commit.startswith(text) else f"{short} ({shown(text, 60)})"
        is_mpmt = self.builds.recipe is MPMT_RECIPE
        words = [str(path)] if is_mpmt else ["env", "-C", str(self.builds.tree(commit)), str(path)]
        side = Side(label, str(path), sha256_of(path), commit, commits.subject(repo, commit))
        return self._measured(side, words, reads_tree=not is_mpmt)

    def of_program(self, path: Path) -> Measured:
        found = path.absolute()
        if not found.is_file():
            raise Problem(f"{shown(path, 300)}: no such program")
        return self._measured(Side(str(path), str(found), sha256_of(found)), [str(found)])

    def of_command(self, text: str) -> Measured:
        if self.options.cpu:
            raise Problem("--cpu: write taskset into the command")
        return Measured(Side(text, text, None), engine.Contender(text, "--command"), self.options.options, "command")

    def _measured(self, side: Side, words: list[str], reads_tree: bool = False) -> Measured:
        family = self._family(words)
        if family == GOOGLE:
            pinned = ["taskset", "-c", self.options.cpu] if self.options.cpu else []
            return Measured(side, engine.program([*pinned, *words, *self.options.options]), (), family, reads_tree)
        if self.options.cpu:
            raise Problem("--cpu: mpmt pins its own workers: choose with `-- --placement same`, spread or free")
        refuse_times_as_grain(self.options.options)
        return Measured(side, engine.program(words), self.options.options, family, reads_tree)

    def _family(self, words: list[str]) -> str:
        """Whether the options are `mpmt run`'s or the program's own is not known before."""
        try:
            return engine.cases_of(self.engine, engine.program(words))[0].family
        except Problem:
            if not self.options.options:
                raise
            return engine.cases_of(self.engine, engine.program([*words, *self.options.options]))[0].family

    # ---- comparing -------------------------------------------------------------------------------------

    def compare(self, a: Measured, b: Measured, margin: float | None = None) -> Comparison:
        """The whole comparison. `margin`: in place of that of the options. Raises NothingMeasured, NotComparable, Problem."""
        if (a.family == GOOGLE) != (b.family == GOOGLE):
            raise NotComparable(f"{a.side.label} and {b.side.label}: one is mpmt, the other another Google Benchmark program")
        start = time.monotonic()
        names, rows, some = self._common(a, b)
        if is_same_program(a, b):
            note = "the two programs are identical: nothing was measured (`aa` measures a program against itself)"
            return Comparison(a.side, b.side, [*rows, *(Row(name, UNCHANGED) for name in names)], notes=[note])
        options = self.options
        question = engine.Question(a.contender, b.contender, b.options, _filter(names) if some else "",
                                   margin or options.margin, options.budget * len(names), options.wait_idle, options.seed,
                                   getattr(options, "record", None))
        self.say(f"{len(names)} benchmark{'s' if len(names) > 1 else ''}, at most {options.budget:g} s each")
        answer = engine.measure(self.engine, question, self.say)
        made = comparison.of_record(a.side, b.side, answer, names, rows)
        return replace(made, budget_s=options.budget, seconds=time.monotonic() - start)

    def _common(self, a: Measured, b: Measured) -> tuple[list[str], list[Row], bool]:
        """The names that both have, rows for what cannot be compared, and whether anything is left out. Raises
        NothingMeasured when none is asked for, NotComparable when none is common."""
        wanted: Pattern | None = self.options.cases
        every = [{case.name: case for case in engine.cases_of(self.engine, side.contender, side.options)} for side in (a, b)]
        of_a, of_b = ({name: case for name, case in cases.items() if not wanted or wanted.search(name)} for cases in every)
        if not of_a and not of_b:
            raise NothingMeasured(f"--cases: no benchmark's name contains '{shown(wanted.pattern if wanted else '', 80)}'")
        names, rows = [], []
        for name in dict.fromkeys([*of_a, *of_b]):
            if name not in of_a or name not in of_b:
                rows.append(Row(name, NOT_COMPARED, f"only {'A' if name in of_a else 'B'} has it"))
            elif of_a[name].version != of_b[name].version:
                rows.append(Row(name, NOT_COMPARED, f"bench_version {of_a[name].version} in A, {of_b[name].version} in B: "
                                                    "a task means something else"))
            else:
                names.append(name)
        if not names:
            raise NotComparable(f"no benchmark can be compared: {shown(rows[0].name, 160)}: {rows[0].note}"
                                + (f" (and {len(rows) - 1} more)" if len(rows) > 1 else ""))
        return names, rows, any(len(names) < len(cases) for cases in every)


def _filter(names: Sequence[str]) -> str:
    return f"^(?:{'|'.join(map(re.escape, names))})/program:[AB]$"


@contextlib.contextmanager
def opened(asked: Sequence[Named], options: argparse.Namespace, say: Say) -> Iterator[tuple[Sides, list[Measured]]]:
    """The sides that are asked for. All names are looked up before anything is built, and all is built before anything is
    measured."""
    paths = [named.program or (None if named.command is not None else _program_named(named.text, options.repo))
             for named in asked]
    wanted = {named.text: _resolve(named.text, options.repo)
              for named, path in zip(asked, paths) if path is None and named.command is None}
    with contextlib.ExitStack() as stack:
        builds = stack.enter_context(builds_of(options, say)) if wanted else None
        sides = Sides(options, say, builds)
        if wanted:
            sides.build(wanted.values())
        yield sides, [sides.of_command(named.command) if named.command is not None else
                      sides.of_program(path) if path else sides.of_commit(wanted[named.text], named.text)
                      for named, path in zip(asked, paths)]


def _program_named(text: str, repo: Path) -> Path | None:
    """None: there is no such file, so that it names a commit. Raises Problem where it names both."""
    if not Path(text).is_file():
        return None
    try:
        commit = commits.short(_resolve(text, repo))
    except Problem:
        return Path(text)
    said = shown(text, 100)
    raise Problem(f"'{said}' is both a file and a commit, {commit}: write ./{said} for the file, {commit} for the commit")


def _resolve(text: str, repo: Path) -> str:
    if not commits.is_repository(repo):
        raise Problem(f"'{shown(text, 100)}': no such file, and {shown(repo, 200)} is in no git repository that could have "
                      "such a commit")
    return commits.resolve(commits.top(repo), text)


# ---- files -------------------------------------------------------------------------------------------------


def sha256_of(path: Path | str) -> str:
    """Raises Problem."""
    digest = hashlib.sha256()
    try:
        with regular_file(Path(path)) as file:
            for part in iter(lambda: file.read(1 << 20), b""):
                digest.update(part)
    except OSError as error:
        raise Problem(f"{shown(path, 300)}: cannot be read: {error.strerror}") from None
    return digest.hexdigest()


def is_same_program(a: Measured, b: Measured) -> bool:
    """Whether the two are equal files of machine code (ELF) that load the same libraries. What a script runs is not in the
    script, and what a program reads of its work tree not in the program."""
    if a.side.sha256 is None or a.side.sha256 != b.side.sha256 or a.reads_tree or b.reads_tree:
        return False
    with regular_file(Path(a.side.path)) as file:
        is_machine_code = file.read(4) == b"\x7fELF"
    libraries = [[sha256_of(path) for path in loaded_libraries(Path(side.side.path))] for side in (a, b)]
    return is_machine_code and libraries[0] == libraries[1]

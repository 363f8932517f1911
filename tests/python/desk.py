"""What end-to-end tests of `mpmt track` share: where a test works, and programs whose times are drawn, not measured."""

from __future__ import annotations

import os
import shlex
import signal
import uuid
from pathlib import Path
from typing import Any

import pytest

from bench import BINARY, MARK, marked, until
from fakes import DRAWN, Drawn, drawn_text, program
from repository import ENVIRONMENT, Repository
from tracker import Done, Started, Tracker

# Time that is never used up: what is found does not depend on how fast this machine is.
QUICK = ["--wait-idle", "0", "--budget", "600", "--seed", "1"]
# For what stays open: however little is measured in it.
BRIEF = ["--budget", "1"]
SAME = Drawn(1000, 0.002)
# Against SAME: rounds of two kinds, one faster and one far slower; rounds a bit too long and too short in turn, so that nothing
# is decided.
MODES, OPEN = Drawn(900, 0.01, 2.5, 2), Drawn(1000 / 1.1, 0.002, 1.21, 2)


class Desk:
    """A folder of its own for everything that a test's runs may write."""

    def __init__(self, folder: Path, tracker: Tracker) -> None:
        self.folder, self._tracker = folder, tracker
        self.mark = uuid.uuid4().hex
        self._started: list[Started] = []
        self.temporary, self.state = folder / "tmp", folder / "state"
        self.temporary.mkdir()
        self.environment = {**ENVIRONMENT, MARK: self.mark, "TMPDIR": str(self.temporary), "HOME": str(folder / "home"),
                            "XDG_STATE_HOME": str(self.state), "XDG_CACHE_HOME": str(folder / "cache"),
                            "XDG_CONFIG_HOME": str(folder / "config"), "XDG_DATA_HOME": str(folder / "data"),
                            "MPMT_BINARY": str(BINARY), "LC_ALL": "C.UTF-8"}
        self.environment.pop("GITHUB_STEP_SUMMARY", None)

    def program(self, name: str, times: dict[str, Drawn] | None = None, first: str | None = None, **options: Any) -> Path:
        """Unless told what to do first, no two of them are identical."""
        return program(self.folder / name, drawing({"BM_x": SAME} if times is None else times,
                                                   first=f": {shlex.quote(ascii(name))}" if first is None else first,
                                                   turns=self.folder / f"{uuid.uuid4().hex}.turns", **options))

    def mpmt(self, name: str) -> Path:
        """Another build of mpmt: it does the same, and is not the same file."""
        needs(BINARY)
        return program(self.folder / name, BINARY.read_bytes() + name.encode())

    def start(self, *arguments: object, cwd: Path | None = None, out: Path | None = None, **variables: str) -> Started:
        self._started.append(self._tracker.start(self.folder, {**self.environment, **variables}, list(arguments),
                                                 cwd or self.folder, out))
        return self._started[-1]

    def run(self, *arguments: object, **options: Any) -> Done:
        done = self.start(*arguments, **options).wait()
        assert "Traceback" not in done.err, done.err
        return done

    def compare(self, *arguments: object, **options: Any) -> Done:
        """The later of two options counts."""
        needs(BINARY)
        return self.run("compare", *QUICK, *arguments, **options)

    def expect_nothing_left(self) -> None:
        until(lambda: not marked(self.mark), "all processes to end", 5)
        assert os.listdir(self.temporary) == []
        assert list(self.folder.rglob("*.journal")) == []

    def clear(self) -> None:
        """Kills what a failed test has left."""
        for started in self._started:
            if not started.reaped:
                started.kill(signal.SIGKILL)
                started.wait()
        for process in marked(self.mark):
            os.kill(process.pid, signal.SIGKILL)


def needs(path: Path) -> None:
    if not os.access(path, os.X_OK):
        pytest.skip(f"no {path}: build mpmt and its tests, or set MPMT_BINARY")


def drawing(times: dict[str, Drawn], **options: Any) -> str:
    needs(DRAWN)
    return drawn_text(times, **options)


def verdicts(document: dict[str, Any]) -> dict[str, str]:
    return {row["name"]: row["verdict"] for row in document["benchmarks"]}


BUILD = ["--build", "sh build.sh", "--binary", "built"]
BUILDS, FAILS = "cp bench built\n", "echo it does not compile >&2; exit 1\n"


def bench_text(factor: float, version: int) -> str:
    return drawing({"BM_x": SAME.times(factor), "BM_y": SAME}, first=f": version {version}")


class Line:
    """A repository of benchmarks: each commit with the factor of its time."""

    def __init__(self, path: Path) -> None:
        self.repository = Repository(path)
        self._version = 0

    def commit(self, factor: float = 1.0, builds: bool = True) -> str:
        self._version += 1
        return self.repository.commit({"bench": bench_text(factor, self._version), "build.sh": BUILDS if builds else FAILS},
                                      f"Commit {self._version}")

"""What end-to-end tests of track.py share: where a test works, and programs whose times are drawn, not measured."""

from __future__ import annotations

import os
import signal
import uuid
from pathlib import Path
from typing import Any

from bench import MARK, marked, until
from fakes import google_text, program
from repository import ENVIRONMENT, Repository
from tracker import Done, Started, Tracker

# Few pairs, and time that is never used up: what is found does not depend on how fast this machine is.
QUICK = ["--pairs", "10", "--budget", "60", "--seed", "1"]
# Every third process is in the slow mode; programs a and b take different ones, so that modes split pairs.
SAME, MODES = "1000 * noise(0.002)", "1000 * noise(0.01) * (2.5 if turn() % 3 == 0 else 1)"


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
                            "LC_ALL": "C.UTF-8"}
        self.environment.pop("GITHUB_STEP_SUMMARY", None)

    def program(self, name: str, times: dict[str, str] | None = None, first: str | None = None, **options: Any) -> Path:
        """Unless told what to do first, no two of them are identical."""
        first = f"name = {name!r}" if first is None else first
        return program(self.folder / name, google_text(times, first=first, **options))

    def start(self, *arguments: object, cwd: Path | None = None, out: Path | None = None, **variables: str) -> Started:
        self._started.append(self._tracker.start(self.folder, {**self.environment, **variables}, list(arguments),
                                                 cwd or self.folder, out))
        return self._started[-1]

    def run(self, *arguments: object, **options: Any) -> Done:
        done = self.start(*arguments, **options).wait()
        assert "Traceback" not in done.err, done.err
        return done

    def compare(self, *arguments: object, **options: Any) -> Done:
        return self.run("compare", *arguments, *QUICK, **options)

    def expect_nothing_left(self) -> None:
        until(lambda: not marked(self.mark), "all processes to end", 5)
        assert os.listdir(self.temporary) == []

    def clear(self) -> None:
        """Kills what a failed test has left."""
        for started in self._started:
            if not started.reaped:
                started.kill(signal.SIGKILL)
                started.wait()
        for process in marked(self.mark):
            os.kill(process.pid, signal.SIGKILL)


def verdicts(document: dict[str, Any]) -> dict[str, str]:
    return {row["name"]: row["verdict"] for row in document["benchmarks"]}


BUILD = ["--build", "sh build.sh", "--binary", "built"]
BUILDS, FAILS = "cp bench built\n", "echo it does not compile >&2; exit 1\n"


def bench_text(factor: float, version: int) -> str:
    return google_text({"BM_x": f"{factor} * {SAME}", "BM_y": SAME}, first=f"version = {version}")


class Line:
    """A repository of benchmarks: each commit with the factor of its time."""

    def __init__(self, path: Path) -> None:
        self.repository = Repository(path)
        self._version = 0

    def commit(self, factor: float = 1.0, builds: bool = True) -> str:
        self._version += 1
        return self.repository.commit({"bench": bench_text(factor, self._version), "build.sh": BUILDS if builds else FAILS},
                                      f"Commit {self._version}")

"""Runs scripts many times without loading their libraries as often: a process that has loaded them forks for each run.
That of track.py lives on the island, so that no other measurement on this machine is waited for."""

from __future__ import annotations

import atexit
import functools
import importlib
import json
import os
import select
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "track.py"

DEADLINE_S = 120.0  # only a hang gets there


# ---- in the process that forks -----------------------------------------------------------------------------


def serve() -> None:
    sys.path.insert(0, str(SCRIPT.parent))
    if sys.argv[1:] == ["figures"]:
        from mpmt.commands import plot  # noqa: F401
        from mpmt.views import report
        from mpmt.writers.plots import figure  # noqa: F401
        for name in report.ORDER:
            importlib.import_module(f"mpmt.views.{name}")
    else:
        from mpmt.commands import aa  # noqa: F401
        from mpmt.commands import bisect  # noqa: F401
        from mpmt.commands import compare  # noqa: F401
        from mpmt.commands import gate  # noqa: F401
    requests = os.fdopen(0, "rb", buffering=0, closefd=False)
    os.write(1, b"{}\n")
    while line := requests.readline():
        request = json.loads(line)
        if "wait" in request:
            answer = os.waitstatus_to_exitcode(os.waitpid(request["wait"], 0)[1])
        else:
            answer = os.fork()
            if answer == 0:
                run(request)
        os.write(1, json.dumps(answer).encode() + b"\n")


def run(request: dict[str, Any]) -> None:
    """Ends in an exception, SystemExit if all is well, which then ends this process as it would end python."""
    import runpy
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell in the background would have it ignored
    os.chdir(request["cwd"])
    os.environ.clear()
    os.environ.update(request["environment"])
    for number, (path, flags) in enumerate(((os.devnull, os.O_RDONLY), (request["out"], os.O_WRONLY | os.O_CREAT),
                                            (request["err"], os.O_WRONLY | os.O_CREAT))):
        opened = os.open(path, flags)
        os.dup2(opened, number)
        os.close(opened)
    sys.argv = [request["script"], *request["arguments"]]
    runpy.run_path(request["script"], run_name="__main__")


# ---- in the tests ------------------------------------------------------------------------------------------


@dataclass
class Done:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        def refuse(word: str) -> None:
            raise AssertionError(f"not finite: {word}")
        return json.loads(self.out, parse_constant=refuse)


@dataclass
class Started:
    tracker: Tracker
    pid: int
    out: Path
    err: Path
    reaped: bool = False

    def kill(self, number: int) -> None:
        os.kill(self.pid, number)

    def wait(self) -> Done:
        code = self.tracker.ask({"wait": self.pid})
        self.reaped = True
        return Done(code, *(path.read_text("utf-8", "replace") if path.is_file() else "" for path in (self.out, self.err)))


@dataclass
class Tracker:
    """A context manager."""

    command: list[str]
    _count: int = field(default=0)

    def __enter__(self) -> Tracker:
        self._process = subprocess.Popen([*self.command], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert self._process.stdout.readline() == b"{}\n"
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        for stream in (self._process.stdin, self._process.stdout):
            stream.close()
        self._process.wait()

    def ask(self, request: dict[str, Any]) -> Any:
        self._process.stdin.write(json.dumps(request).encode() + b"\n")
        self._process.stdin.flush()
        assert select.select([self._process.stdout], [], [], DEADLINE_S)[0], f"no answer to {request}"
        return json.loads(self._process.stdout.readline())

    def start(self, folder: Path, environment: dict[str, str], arguments: list[object], cwd: Path,
              out: Path | None = None, script: Path = SCRIPT) -> Started:
        self._count += 1
        out, err = out or folder / f"{self._count}.out", folder / f"{self._count}.err"
        pid = self.ask({"script": str(script), "arguments": list(map(str, arguments)), "cwd": str(cwd),
                        "environment": environment,
                        "out": str(out), "err": str(err)})
        return Started(self, pid, out, err)


@functools.cache
def _figures() -> Tracker:
    made = Tracker([sys.executable, __file__, "figures"]).__enter__()
    atexit.register(made.__exit__)
    return made


def run_script(name: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    """Runs scripts/`name`, which draws or reads records, to its end."""
    with tempfile.TemporaryDirectory() as folder:
        done = _figures().start(Path(folder), dict(os.environ), list(arguments), Path.cwd(),
                                script=SCRIPT.with_name(name)).wait()
    return subprocess.CompletedProcess([name, *arguments], done.code, done.out, done.err)


if __name__ == "__main__":
    serve()

"""Runs the binary where it disturbs nobody, and finds out what it has left behind."""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import pytest

ROOT = Path(__file__).resolve().parents[2]
BINARY = Path(os.environ.get("MPMT_BINARY", ROOT / "build" / "release" / "mpmt")).absolute()

PATIENCE_S = 30.0  # for what takes a moment: only a hang gets there
MARK = "MPMT_TEST_MARK"  # in the environment of a bench's processes, and so of all that they start

LOCK_FILE = "measuring.lock"  # stays in the state folder, empty
USAGE = 2  # the exit code for what cannot be asked for
# A run that is over at once.
AT_ONCE = ("--wait-idle", "0")  # the next test is at work beside it
ONE_LAP = ("--workload", "empty", "--executor", "thread_pool", "--workers", "1", "--laps", "1", "--tasks", "64")
SHORTEST = (*ONE_LAP, "--rounds", "1")

# SIOCSIFFLAGS, IFF_UP | IFF_RUNNING: netdevice(7)
LOOPBACK_UP = ("import fcntl, socket, struct; "
               'fcntl.ioctl(socket.socket(), 0x8914, struct.pack("16sh14x", b"lo", 0x41))')

SIGNALS = """import os, signal, sys
ignored, blocked = ({int(number) for number in text.split(",") if number} for text in sys.argv[1:3])
for number in (*range(1, 4), signal.SIGTERM, signal.SIGCHLD, signal.SIGPIPE):
    signal.signal(number, signal.SIG_IGN if number in ignored else signal.SIG_DFL)
signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
os.execvp(sys.argv[3], sys.argv[3:])
"""

Found = TypeVar("Found")


def built(program: Path) -> Path:
    """`program`, which a build has made. A test without it is an error: skipped, it would look as if nothing were wrong."""
    if not os.access(program, os.X_OK):
        pytest.fail(f"{program} is not there: build it (cmake --preset release && cmake --build --preset release), or let "
                    "MPMT_BINARY name the mpmt of another build", pytrace=False)
    return program


def until(find: Callable[[], Found], what: str, seconds: float = PATIENCE_S) -> Found:
    """What `find` returns, once that is something."""
    deadline = time.monotonic() + seconds
    while True:
        found = find()
        if found:
            return found
        assert time.monotonic() < deadline, f"waited {seconds:g} s for {what}"
        time.sleep(0.002)


def files(folder: Path) -> set[Path]:
    """All but that of the lock."""
    return {path for path in folder.rglob("*") if not path.is_dir() and path.name != LOCK_FILE}


def source_of(binary: Path) -> Path:
    """The source tree that this program was built from. For a build's program, not an installed one."""
    cache = built(binary).with_name("CMakeCache.txt")
    if not cache.is_file():
        pytest.fail(f"{binary} lies in no build folder: let MPMT_BINARY name one that does", pytrace=False)
    return Path(next(line.partition("=")[2] for line in cache.read_text("utf-8").splitlines()
                     if line.startswith("CMAKE_HOME_DIRECTORY:")))


class Island:
    """A network namespace, for which mpmt's lock is, and a mount namespace with a /dev/shm of its own; where the
    system does not permit that, `why_not` says so and runs share the machine's."""

    def __init__(self, mounts: Sequence[tuple[str, str]] = (("/dev/shm", "64m"),)) -> None:
        """`mounts`: (place, size) of each tmpfs."""
        user = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
        loopback = f"{sys.executable} -c '{LOOPBACK_UP}' && "
        script = loopback + "".join(f'mount -t tmpfs -o mode=1777,size={size} tmpfs "{place}" && '
                                    for place, size in mounts)
        # cat ends with this process, which holds the other end of its input.
        self._keeper = subprocess.Popen(["unshare", *user, "--net", "--mount", "sh", "-c", script + "exec cat"],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                        bufsize=0)
        try:
            self._keeper.stdin.write(b"ready\n")
            ready = bool(self._keeper.stdout.readline())
        except BrokenPipeError:
            ready = False
        self.why_not = "" if ready else self._keeper.communicate()[1].decode().strip() or "unshare failed"
        self._enter = ["nsenter", "--target", str(self._keeper.pid), "--net", "--mount",
                       *(["--user", "--preserve-credentials"] if user else []),
                       "sh", "-c", 'cd "$1" && shift && exec "$@"', "sh"]

    def __enter__(self) -> Island:
        return self

    def __exit__(self, *_: object) -> None:
        self._keeper.kill()
        self._keeper.communicate()

    def command(self, cwd: Path, command: Sequence[object]) -> list[str]:
        """`command` as it is started here, in `cwd`; it keeps the process id of its starter."""
        return [*([] if self.why_not else [*self._enter, str(cwd)]), *map(str, command)]

    def path(self, place: str) -> Path:
        """A place of the island, seen from outside."""
        return Path(place) if self.why_not else Path(f"/proc/{self._keeper.pid}/root{place}")


def with_file_over(file: Path, place: str) -> list[str]:
    """A command that execs what follows it where `place` shows this file. For islands that there is no reason against."""
    return ["unshare", "--mount", "sh", "-c", 'mount --bind "$1" "$2" && shift 2 && exec "$@"', "sh", str(file), place]


def with_signals(ignored: Sequence[int] = (), blocked: Sequence[int] = ()) -> list[str]:
    """A command that execs what follows it with these signals ignored, those blocked, and all others as usual."""
    return [sys.executable, "-c", SIGNALS, *(",".join(str(int(number)) for number in numbers)
                                             for numbers in (ignored, blocked))]


@dataclass(frozen=True)
class Process:
    pid: int
    parent: int
    name: str
    arguments: list[str]

    @property
    def is_trial(self) -> bool:
        """Not what forks trials, which has a socket for its standard input."""
        return len(self.arguments) > 1 and self.arguments[1] == "trial" and _standard_input(self.pid).startswith("pipe:")

    def alive(self) -> bool:
        return _process(self.pid) is not None


def _process(pid: int) -> Process | None:
    """None when there is none, or only what is left of it until it is reaped."""
    try:
        name, _, rest = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace").partition("(")[2].rpartition(") ")
        arguments = Path(f"/proc/{pid}/cmdline").read_bytes().decode("utf-8", "replace").split("\0")[:-1]
    except OSError:
        return None
    fields = rest.split()
    return None if fields[0] in "ZX" else Process(pid, int(fields[1]), name, arguments)


def _standard_input(pid: int) -> str:
    try:
        return os.readlink(f"/proc/{pid}/fd/0")
    except OSError:
        return ""


def _environment(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/environ").read_bytes()
    except OSError:
        return b""


def marked(mark: str) -> list[Process]:
    """All that run with this MARK in their environment, but the calling one."""
    wanted = f"{MARK}={mark}".encode()
    pids = [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]
    found = [_process(pid) for pid in pids if pid != os.getpid() and wanted in _environment(pid)]
    return [process for process in found if process]


def entries_in(lines: list[str]) -> list[dict[str, Any]]:
    """Those of a journal's lines, of which the last may be incomplete."""
    found = [json.loads(line) for line in lines if line.endswith("\n") and line.startswith('{"of_case"')]
    return [{**line["of_case"], **line["of_round"]} for line in found]


class Bench:
    def __init__(self, folder: Path, island: Island) -> None:
        self.folder = folder
        self.island = island
        self.mark = uuid.uuid4().hex
        self.cwd = folder / "cwd"
        self.state = folder / "state"
        self.temporary = folder / "tmp"
        for made in (self.cwd, self.state, self.temporary):
            made.mkdir()
        self.environment = {**os.environ, MARK: self.mark, "XDG_STATE_HOME": str(self.state),
                            "TMPDIR": str(self.temporary), "HOME": str(folder / "home"), "LC_ALL": "C.UTF-8"}
        self._started: list[subprocess.Popen[str]] = []

    # ---- running ---------------------------------------------------------------------------------------

    def start(self, *arguments: object, **options: Any) -> subprocess.Popen[str]:
        """The process has the binary's process id: it is mpmt itself. `under`: a command that execs what follows it;
        `binary`: another one than the tests'. No run waits for an idle machine, unless it is asked to."""
        if arguments[:1] == ("run",) and not any("--wait-idle" in str(argument) for argument in arguments):
            arguments = ("run", *AT_ONCE, *arguments[1:])
        settings = {"cwd": self.cwd, "env": self.environment, "text": True, "stdin": subprocess.DEVNULL,
                    "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "start_new_session": True, **options}
        island, under = settings.pop("island", self.island), settings.pop("under", ())
        binary = settings.pop("binary", BINARY)
        started = subprocess.Popen(island.command(self.cwd, [*under, binary, *arguments]), **settings)
        self._started.append(started)
        return started

    def run(self, *arguments: object, timeout: float = PATIENCE_S,
            **options: Any) -> subprocess.CompletedProcess[str]:
        return finish(self.start(*arguments, **options), timeout)

    def measure(self, *arguments: object, **options: Any) -> subprocess.CompletedProcess[str]:
        """`run` with a record at self.out."""
        return self.run("run", "--out", self.out, *arguments, **options)

    @property
    def out(self) -> Path:
        return self.folder / "record.json"

    # ---- looking ---------------------------------------------------------------------------------------

    def processes(self) -> list[Process]:
        """All that run and carry this bench's mark."""
        return marked(self.mark)

    def children(self, parent: int) -> list[Process]:
        return [process for process in self.processes() if process.parent == parent]

    def trial_of(self, run: subprocess.Popen[str], workers: int = 0, pilot: bool = False) -> Process:
        """The running trial, once it has that many child processes; `pilot`: it may be one of before the journal."""
        def find() -> Process | None:
            assert run.poll() is None, f"the run has ended: {run.communicate()}"
            if not (pilot or self.journals()):
                return None
            trials = [process for process in self.children(run.pid) if process.is_trial]
            return trials[0] if trials and len(self.children(trials[0].pid)) >= workers else None
        return until(find, "a trial")

    def whole_group(self, run: subprocess.Popen[str], contenders: int, workers: int = 0) -> list[Process]:
        """The trials of a round, once so many are alive, and have so many child processes together."""
        def find() -> list[Process]:
            assert run.poll() is None, f"the run has ended: {run.communicate()}"
            trials = [process for process in self.children(run.pid) if process.is_trial]
            there = len(trials) == contenders and sum(len(self.children(t.pid)) for t in trials) >= workers
            return trials if there and self.journals() else []
        return until(find, "all contenders of a group")

    def journals(self) -> list[Path]:
        return sorted(self.state.rglob("*.journal"))

    def journalled(self) -> list[dict[str, Any]]:
        """Entries so far, of all journals."""
        lines = [line for journal in self.journals() for line in journal.read_text("utf-8").splitlines(True)]
        return entries_in(lines)

    def await_entries(self, count: int, run: subprocess.Popen[str]) -> list[dict[str, Any]]:
        def find() -> bool:
            assert run.poll() is None, f"the run has ended: {run.communicate()}"
            return len(self.journalled()) >= count
        until(find, f"{count} entries in the journal")
        return self.journalled()

    def shared_names(self) -> list[str]:
        """mpmt's names in /dev/shm whose maker has gone."""
        names = [name for name in os.listdir(self.island.path("/dev/shm")) if name.startswith("mpmt-")]
        return [name for name in names if not Path("/proc", name.split("-")[1]).exists()]

    def expect_no_process(self) -> None:
        until(lambda: not self.processes(), "all processes to end", 5)

    def expect_nothing_left(self) -> None:
        self.expect_no_process()
        assert self.shared_names() == []
        assert [str(path) for path in self.state.rglob("*") if path.is_file() and path.name != LOCK_FILE] == []
        assert os.listdir(self.temporary) == []
        assert [str(path) for path in self.folder.rglob(".mpmt-*")] == []

    def clear(self) -> None:
        """Kills what a failed test has left: only what carries this bench's mark."""
        for process in self.processes():
            with contextlib.suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGKILL)
        for started in self._started:
            if started.poll() is None:
                started.kill()
            for stream in (started.stdin, started.stdout, started.stderr):
                if stream and not stream.closed:
                    stream.close()
            started.wait(PATIENCE_S)


def finish(process: subprocess.Popen[str], timeout: float = PATIENCE_S) -> subprocess.CompletedProcess[str]:
    out, err = process.communicate(timeout=timeout)
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


def kill_and_reap(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.communicate(timeout=PATIENCE_S)
    assert process.returncode == -signal.SIGKILL


def line_of(stream: Any, what: str, seconds: float = PATIENCE_S) -> str:
    """The next line of an unbuffered binary stream, "" at its end."""
    deadline = time.monotonic() + seconds
    line = b""
    while not line.endswith(b"\n"):
        left = deadline - time.monotonic()
        assert left > 0 and select.select([stream], [], [], left)[0], f"waited {seconds:g} s for {what}"
        byte = os.read(stream.fileno(), 1)
        if not byte:
            break
        line += byte
    return line.decode()


def ready_for_signals(run: subprocess.Popen[str]) -> bool:
    """It takes SIGINT itself now (or has ended)."""
    if run.poll() is not None:
        return True
    try:
        status = Path(f"/proc/{run.pid}/status").read_text()
    except OSError:
        return True
    blocked = int(status.partition("SigBlk:")[2].split()[0], 16)
    return bool(blocked & 1 << (signal.SIGINT - 1)) and Path(f"/proc/{run.pid}/comm").read_text().strip() == BINARY.name[:15]

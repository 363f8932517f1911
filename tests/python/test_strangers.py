"""The lock on measuring, held by processes of another user in every way there is, and by ours in other containers: what who
measures says of it. (tests/run_lock_test.cpp has the lock alone, with a short patience.)"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench import SHORTEST, USAGE, Bench, Island, finish, line_of, until
from desk import QUICK, Desk

NOBODY = 65534
INTERRUPTED = 130

HOLD = """import os, socket, sys, time
NAME, how = "\\0mpmt-measuring", sys.argv[1]
os.setresuid(*[int(sys.argv[2])] * 3)
held = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
held.bind(NAME)
if how != "bind":
    held.listen(0 if how == "queue" else 100)
queue = []
while how == "queue":
    queue.append(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM))
    queue[-1].setblocking(False)
    try:
        queue[-1].connect(NAME)
    except BlockingIOError:
        break
print("held", flush=True)
while how in ("close", "talk"):
    queue.append(held.accept()[0])
    if how == "close":
        queue.pop().close()
    else:
        queue[-1].send(b"!")
sys.stdin.read()
"""

WHO = {"bind": "it does not say whose", "listen": "pid {} of uid 65534", "close": "pid {} of uid 65534",
       "talk": "pid {} of uid 65534", "queue": "it does not say whose"}


@pytest.fixture(autouse=True)
def alone(island: Island) -> None:
    if island.why_not:
        pytest.skip(f"no network namespace: {island.why_not}")
    if os.geteuid() != 0:
        pytest.skip("only root can become another user")


@contextlib.contextmanager
def python(island: Island, code: str, *arguments: object, under: tuple[str, ...] = (), **options: object
           ) -> Iterator[subprocess.Popen[bytes]]:
    command = island.command(Path("/"), [*under, sys.executable, "-c", code, *arguments])
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0, **options) as started:
        try:
            yield started
        finally:
            if started.poll() is None:
                started.kill()


@contextlib.contextmanager
def stranger(island: Island, how: str) -> Iterator[int]:
    with python(island, HOLD, how, NOBODY) as started:
        assert line_of(started.stdout, "the name to be held") == "held\n"
        yield started.pid


@pytest.mark.parametrize("how", WHO)
def test_track_names_a_stranger_and_goes_on_when_it_ends(desk: Desk, island: Island, how: str) -> None:
    a, b = desk.program("a"), desk.program("b")
    with python(island, HOLD, how, NOBODY) as holder:
        assert line_of(holder.stdout, "the name to be held") == "held\n"
        who = (f"another run ({WHO[how].format(holder.pid)}) is measuring on this machine; waiting for it to end, for no "
               "longer than 600 s")
        started = desk.start("compare", a, b, *QUICK)
        until(lambda: started.err.exists() and who in started.err.read_text(), "it to wait")
        holder.kill()
        done = started.wait()
    assert done.code == 0 and "same" in done.out and "may have measured at once" not in done.out, done


@pytest.mark.parametrize("how", WHO)
def test_mpmt_names_a_stranger_and_can_be_interrupted(bench: Bench, how: str) -> None:
    with stranger(bench.island, how) as pid:
        run = bench.start("run", "--out", bench.out, *SHORTEST, text=False, bufsize=0)
        assert line_of(run.stderr, "it to wait") == (
            f"mpmt: another run ({WHO[how].format(pid)}) is measuring on this machine; waiting for it to end, for no longer "
            "than 600 s\n")
        run.terminate()
        assert finish(run).returncode == INTERRUPTED
        refused = bench.measure(*SHORTEST, "--no-wait")
        assert refused.returncode == USAGE and f"another run ({WHO[how].format(pid)}) is measuring" in refused.stderr
    assert not bench.out.exists()
    assert bench.measure(*SHORTEST).returncode == 0


def in_another_pid_namespace() -> tuple[str, ...]:
    under = ("unshare", "--pid", "--fork", "--kill-child")
    tried = subprocess.run([*under, "true"], capture_output=True, text=True, check=False)
    return under if tried.returncode == 0 else pytest.skip(f"no PID namespace: {tried.stderr.strip()}")


def test_a_run_in_another_container_is_called_so(bench: Bench) -> None:
    under = in_another_pid_namespace()
    long = ("--workload", "sleep_wait", "--grain", "2000", "--executor", "serial", "--tasks", "100", "--laps", "1",
            "--rounds", "100")
    holder = bench.start("run", "--out", bench.folder / "holder.json", *long)
    bench.await_entries(1, holder)
    run = bench.start("run", "--out", bench.out, *SHORTEST, under=under, text=False, bufsize=0)
    assert line_of(run.stderr, "it to wait") == ("mpmt: another run (in another container) is measuring on this machine; "
                                                 "waiting for it to end\n")
    holder.terminate()
    assert finish(holder).returncode == INTERRUPTED
    assert finish(run).returncode == 0

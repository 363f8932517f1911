"""The lock on measuring, held by processes of another user in every way there is, and by ours in other containers: as mpmt
and as track.py see it. (tests/run_lock_test.cpp has the same for mpmt's lock alone.)"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench import PATIENCE_S, ROOT, SHORTEST, USAGE, Bench, Island, finish, line_of, until
from desk import QUICK, SAME, Desk

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
# Takes the lock with a short patience; says what it was told, how often it looked, and whether it is alone.
TAKE = f"""import sys
sys.path.insert(0, {str(ROOT / 'scripts')!r})
from mpmt.measuring import measuring_lock as m
looks, look = [], m._Lock.look
m._Lock.look = lambda lock: looks.append(1) or look(lock)
with m.measuring_lock(lambda line: print(line, flush=True), float(sys.argv[1])) as warning:
    print(len(looks), bool(warning), flush=True)
    if len(sys.argv) > 2:
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
def test_track_waits_for_strangers_with_pauses_and_not_for_ever(desk: Desk, island: Island, how: str) -> None:
    with stranger(island, how) as pid, python(island, TAKE, 1.5, env=desk.environment) as taker:
        out = taker.communicate(timeout=PATIENCE_S)[0].decode().splitlines()
    who = WHO[how].format(pid)
    assert out[0] == (f"another measurement ({who}) is running on this machine; waiting for it to end, for no longer than "
                      "1.5 s")
    assert out[1].startswith(f"another measurement ({who}) kept the lock on measuring for 1.5 s")
    looks, warned = out[2].split()
    assert warned == "True" and int(looks) < 40  # a loop without pauses looks thousands of times


@pytest.mark.parametrize("how", WHO)
def test_track_goes_on_when_a_stranger_ends(desk: Desk, island: Island, how: str) -> None:
    with python(island, HOLD, how, NOBODY) as holder:
        assert line_of(holder.stdout, "the name to be held") == "held\n"
        with python(island, TAKE, 600, env=desk.environment) as taker:
            assert "waiting for it to end" in line_of(taker.stdout, "it to wait")
            holder.kill()
            assert line_of(taker.stdout, "its turn").endswith(" False\n")


def test_what_track_measured_beside_a_stranger_is_noted(desk: Desk, island: Island, monkeypatch: pytest.MonkeyPatch) -> None:
    short = "import sys; from mpmt.measuring import measuring_lock as m; m.measuring_lock.__wrapped__.__defaults__ = (0.3,)"
    script = f"{TAKE.splitlines()[1]}\n{short}\nfrom mpmt.commands import track\nsys.exit(track.main())"
    a, b = (desk.program(name, {"BM_x": SAME}) for name in "ab")
    with stranger(island, "listen"), python(island, f"import sys\n{script}", "compare", a, b, *QUICK, env=desk.environment,
                                            stderr=subprocess.DEVNULL) as track:
        out = track.communicate(timeout=PATIENCE_S)[0].decode()
    assert "both may have measured at once" in out and track.returncode == 0, out


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
    with python(bench.island, TAKE, 600, "stay", env=bench.environment) as holder:
        assert line_of(holder.stdout, "its turn") == "0 False\n"
        run = bench.start("run", "--out", bench.out, *SHORTEST, under=under, text=False, bufsize=0)
        assert line_of(run.stderr, "it to wait") == ("mpmt: another run (in another container) is measuring on this machine; "
                                                     "waiting for it to end\n")
        with python(bench.island, TAKE, 600, under=under, env=bench.environment) as other:
            assert line_of(other.stdout, "it to wait") == ("another measurement (in another container) is running on this "
                                                           "machine; waiting for it to end\n")
    done = finish(run)
    assert done.returncode == 0, done


@pytest.mark.parametrize("first", ["mpmt", "track"])
def test_mpmt_and_track_meet_at_the_file_whoever_has_the_name(bench: Bench, first: str) -> None:
    """The first is where nobody has the name; the other, of the same user, where a stranger has."""
    elsewhere = ("unshare", "--net")
    long = ("--workload", "sleep_wait", "--grain", "2000", "--executor", "serial", "--tasks", "100", "--laps", "1", "--rounds", "100")
    track = (TAKE, 600, "stay")
    with contextlib.ExitStack() as stack:
        stack.enter_context(stranger(bench.island, "listen"))
        if first == "mpmt":
            run = bench.start("run", "--out", bench.out, *long, under=elsewhere)
            bench.await_entries(1, run)
            waiter = stack.enter_context(python(bench.island, *track, env=bench.environment))
            said = line_of(waiter.stdout, "it to wait")
            assert said == "another measurement (of this user) is running on this machine; waiting for it to end\n"
            run.terminate()
            assert finish(run).returncode == INTERRUPTED
        else:
            holder = stack.enter_context(python(bench.island, *track, under=elsewhere, env=bench.environment))
            assert line_of(holder.stdout, "its turn") == "0 False\n"
            run = bench.start("run", "--out", bench.out, *SHORTEST, text=False, bufsize=0)
            said = line_of(run.stderr, "it to wait")
            assert said == "mpmt: another run (of this user) is measuring on this machine; waiting for it to end\n"
            run.terminate()
            assert finish(run).returncode == INTERRUPTED
    until(lambda: not bench.processes(), "all to end")

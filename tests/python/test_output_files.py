"""What a run writes where: records in place of files only, journals in folders of the user's own only."""

from __future__ import annotations

import json
import os
import signal
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from mpmt.records import record_file
from bench import SHORTEST, USAGE, Bench, Island, files, finish, kill_and_reap, line_of
from test_recovery import LONG

INTERRUPTED = 130
GIVE_A_FILE = "give a regular file, or - for standard output"


def kinds(folder: Path) -> dict[str, int]:
    return {str(path): stat.S_IFMT(path.lstat().st_mode) for path in sorted(folder.rglob("*"))}


@pytest.mark.parametrize("option", ["--out", "--benchmark_out"])
@pytest.mark.parametrize("kind", ["FIFO", "folder", "character device", "symbolic link to nothing"])
def test_what_is_no_file_is_refused_and_stays(bench: Bench, option: str, kind: str) -> None:
    out = bench.folder / "x.json"
    if kind == "FIFO":
        os.mkfifo(out)
    elif kind == "folder":
        out.mkdir()
    elif kind == "character device":
        out = Path("/dev/null")
    else:
        out.symlink_to(bench.folder / "nothing")
    before = kinds(bench.folder)
    done = bench.run("run", *SHORTEST, option, out)
    assert done.returncode == USAGE
    [line] = done.stderr.splitlines()
    assert line.startswith(f"mpmt: --out: {out} is a {kind}") and line.endswith(GIVE_A_FILE)
    assert kinds(bench.folder) == before and done.stdout == ""
    assert stat.S_ISCHR(os.stat("/dev/null").st_mode)


def test_a_link_stays_and_what_it_leads_to_is_replaced(bench: Bench) -> None:
    target = bench.folder / "target.json"
    target.write_text("former")
    bench.out.symlink_to(target)
    assert bench.measure(*SHORTEST).returncode == 0
    assert bench.out.is_symlink() and record_file.load(target)["context"]["trials"]["done"] == 1


def test_a_users_partial_file_is_never_touched(bench: Bench) -> None:
    victim = bench.folder / "victim"
    victim.write_text("precious")
    partial = bench.folder / "record.json.partial"
    partial.symlink_to(victim)
    assert bench.measure(*SHORTEST).returncode == 0
    assert victim.read_text() == "precious" and partial.is_symlink()
    partial.unlink()
    os.mkfifo(partial)
    assert bench.measure(*SHORTEST).returncode == 0
    assert partial.is_fifo()
    partial.unlink()
    assert files(bench.folder) == {victim, bench.out}


def test_nothing_is_written_before_the_lock_is_held(bench: Bench) -> None:
    owner = bench.start("run", "--out", bench.folder / "owner.json", *LONG)
    bench.await_entries(1, owner)
    before = kinds(bench.folder)
    for more in ([], ["--out", bench.out]):
        waiter = bench.start("run", *SHORTEST, *more, text=False, bufsize=0)
        assert "waiting" in line_of(waiter.stderr, "the waiter's word")
        assert kinds(bench.folder) == before
        kill_and_reap(waiter)
    owner.send_signal(signal.SIGINT)
    assert finish(owner).returncode == INTERRUPTED


@pytest.mark.parametrize("options", [["--out", "-"], ["--out=-"], ["--benchmark_out=/dev/stdout"]])
def test_a_record_on_standard_output_is_all_that_is_there(bench: Bench, options: list[str]) -> None:
    done = bench.run("run", *SHORTEST, *options)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["context"]["trials"] == {"done": 1}
    assert files(bench.folder) == set()


def test_a_record_that_standard_output_does_not_take_is_kept(bench: Bench) -> None:
    with open("/dev/full", "w") as full:
        done = bench.run("run", *SHORTEST, "--out", "-", stdout=full)
    assert done.returncode == USAGE and "standard output" in done.stderr.splitlines()[-1]
    [journal] = bench.journals()
    assert str(journal) in done.stderr
    assert bench.measure(*SHORTEST).returncode == 0
    [record] = (bench.cwd / "results").rglob("*.json")
    assert record_file.load(record)["context"]["recovered"]


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o777])
def test_a_record_has_what_the_umask_leaves_and_a_journal_is_private(bench: Bench, umask: int) -> None:
    bench.state.rmdir()
    run = bench.start("run", "--out", bench.folder / "lost.json", *LONG, umask=umask)
    bench.await_entries(1, run)
    [journal] = bench.journals()
    assert [stat.S_IMODE(path.stat().st_mode) for path in (journal, journal.parent, bench.state)] == \
        [0o600, 0o700, 0o700]
    kill_and_reap(run)
    bench.expect_no_process()
    done = bench.measure(*SHORTEST, umask=umask)
    assert done.returncode == 0 and "recovered" in done.stderr, done.stderr
    for record in (bench.out, bench.folder / "lost.json"):
        assert stat.S_IMODE(record.stat().st_mode) == 0o666 & ~umask


# ---- the state folder ------------------------------------------------------------------------------------


@pytest.fixture
def homeless(bench: Bench) -> Iterator[Island]:
    """No /run; and with no_home() no word of where one is at home."""
    with Island(mounts=(("/dev/shm", "64m"), ("/run", "1m"))) as island:
        if island.why_not:
            pytest.skip(island.why_not)
        yield island


def no_home(bench: Bench, **more: str) -> dict[str, str]:
    kept = {name: value for name, value in bench.environment.items() if name not in ("HOME", "XDG_STATE_HOME", "TMPDIR")}
    return {**kept, **more}


def test_without_a_home_a_fresh_folder_is_used_and_removed(bench: Bench, homeless: Island) -> None:
    done = bench.measure(*SHORTEST, env=no_home(bench, TMPDIR=str(bench.temporary)), island=homeless)
    assert done.returncode == 0
    [line] = [line for line in done.stderr.splitlines() if "state folder" in line]
    assert "$HOME is not set" in line and f"{bench.temporary}/mpmt-" in line
    assert os.listdir(bench.temporary) == []


def test_a_tmpdir_that_does_not_exist_is_named(bench: Bench, homeless: Island) -> None:
    done = bench.measure(*SHORTEST, env=no_home(bench, TMPDIR=str(bench.folder / "gone")), island=homeless)
    assert done.returncode == 0
    assert f"$TMPDIR: {bench.folder / 'gone'}: No such file" in done.stderr


def test_a_journal_planted_in_a_folder_for_everybody_is_not_followed(bench: Bench) -> None:
    victim = bench.folder / "victim.json"
    folder = bench.state / "mpmt"
    folder.mkdir()
    folder.chmod(0o777)
    (folder / "1.journal").write_text(json.dumps({"record": str(victim), "context": {}}) + '\n{"entry": {}}\n')
    done = bench.measure(*SHORTEST)
    assert done.returncode == 0
    assert f"{folder}: can be written by others" in done.stderr
    assert not victim.exists() and files(folder) == {folder / "1.journal"}
    (folder / "1.journal").unlink()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files away")
def test_root_makes_nothing_in_another_users_home(bench: Bench) -> None:
    home = bench.folder / "home"
    home.mkdir()
    os.chown(home, 65534, 65534)
    environment = {**no_home(bench, TMPDIR=str(bench.temporary)), "HOME": str(home)}
    done = bench.measure(*SHORTEST, env=environment)
    assert done.returncode == 0
    assert "uid 65534" in done.stderr and os.listdir(home) == []


# ---- reading -----------------------------------------------------------------------------------------------


def test_verdict_reads_files_only_and_does_not_wait(bench: Bench) -> None:
    fifo = bench.folder / "fifo"
    os.mkfifo(fifo)
    for path, kind in ((fifo, "a FIFO"), (Path("/dev/zero"), "a character device"), (bench.folder, "a folder")):
        done = bench.run("verdict", path, timeout=10)
        assert (done.returncode, done.stderr) == (USAGE, f"mpmt: {path}: is {kind}, not a regular file\n")


@pytest.mark.parametrize("contents, reason", [
    ("{}".encode("utf-16"), "is UTF-16; a record is UTF-8"),
    ("{}".encode("utf-16-be").join([b"\xfe\xff", b""]), "is UTF-16; a record is UTF-8"),
    (b'{"x": 1e999}', "number overflow parsing '1e999'"),
    (b'{"x": \x1b[31m', "is not JSON, or is cut off"),
])
def test_verdict_says_what_is_wrong_with_a_file(bench: Bench, contents: bytes, reason: str) -> None:
    bench.out.write_bytes(contents)
    done = bench.run("verdict", bench.out)
    assert (done.returncode, done.stderr) == (USAGE, f"mpmt: {bench.out}: {reason}\n")


def test_verdict_reads_over_a_byte_order_mark(bench: Bench) -> None:
    assert finish(bench.start("run", "--out", bench.out, *SHORTEST)).returncode == 0
    plain = bench.run("verdict", bench.out)
    bench.out.write_bytes(b"\xef\xbb\xbf" + bench.out.read_bytes())
    marked = bench.run("verdict", bench.out)
    assert (marked.returncode, marked.stdout, marked.stderr) == (plain.returncode, plain.stdout, plain.stderr)

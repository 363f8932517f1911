"""What is remembered of records: derived, disposable, shared by processes."""

from __future__ import annotations

import errno
import json
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import diskcache
import pytest

import make_history as made
from mpmt.history import memory, store
from mpmt.records import record_file, schemas, stored_files
from store_bench import COMMITS, cache, look, reads, results, summaries  # noqa: F401

# ---- good ones -------------------------------------------------------------------------------------------


def test_what_is_remembered_is_what_the_record_says(results: Path, reads: list[str]) -> None:
    for _ in range(2):
        records, _ = summaries(results)
        one = next(record for record in records if record.commit == COMMITS[1])
        assert (one.machine, one.dirty, one.interrupted, one.rounds) == (made.KEY, False, False, 5)
        assert json.loads(one.epoch) == made.EPOCH
        points = {point.name: point for point in one.points}
        assert set(points) == {"a", "b"}
        record = json.loads((results / one.path).read_text())
        times = [entry["ns_per_task"] for entry in record["benchmarks"] if entry["name"] == "b"]
        assert memoryview(points["b"].trials).cast("d").tolist() == times and points["b"].median == sorted(times)[2]
    assert len(reads) == 3


def test_a_second_look_reads_nothing(results: Path, reads: list[str]) -> None:
    (results / made.KEY / "000000000bad-20240101T000000Z.json").write_text("{")
    first = look(results)
    assert len(reads) == 4 and len(first[0]) == 3 and len(first[1]) == 1
    assert look(results) == first
    assert len(reads) == 4


def test_changed_new_and_gone_files_are_noticed(results: Path, reads: list[str]) -> None:
    look(results)
    paths = sorted((results / made.KEY).iterdir())
    paths[0].unlink()
    record = json.loads(paths[1].read_text())
    record["context"]["commit"]["dirty"] = True
    paths[1].write_text(json.dumps(record))
    made.write_history(results, COMMITS[3:4], {"c": [1.0]})
    reads.clear()
    records, _ = summaries(results)
    assert len(records) == 3 and len(reads) == 2
    assert [record.dirty for record in records].count(True) == 1


def test_another_folder_is_not_taken_for_it(results: Path, tmp_path: Path, reads: list[str]) -> None:
    look(results)
    results.rename(tmp_path / "moved")
    assert len(look(tmp_path / "moved")[0]) == 3 and len(reads) == 6


def test_many_records_are_read_by_several_processes(tmp_path: Path) -> None:
    made.write_history(tmp_path / "r", COMMITS, {"a": [100.0] * 20})
    commits, refused = look(tmp_path / "r")
    assert commits == COMMITS and refused == []


KILLER = COMMITS[7]


def deadly(results: str, path: str) -> stored_files.Summary:
    """Reading the killer's record costs the process its life, as running out of memory does."""
    if KILLER[:12] in path:
        os.kill(os.getpid(), signal.SIGKILL)
    return SUMMARISE(results, path)


SUMMARISE = stored_files.summarise


def test_a_reader_that_is_killed_costs_one_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made.write_history(tmp_path / "r", COMMITS, {"a": [100.0] * 20})
    with monkeypatch.context() as patched:
        patched.setattr(stored_files, "summarise", deadly)
        patched.setattr(store, "_workers", lambda largest: 2)
        patched.setattr(store, "FEW_FILES", 1)  # always by other processes
        for _ in range(2):
            commits, (refused,) = look(tmp_path / "r")
            assert commits == [commit for commit in COMMITS if commit != KILLER]
            assert refused.startswith(f"{made.KEY}/{KILLER[:12]}-") and "was killed" in refused
    assert look(tmp_path / "r")[1] == [], "another time it may be read"


def test_a_large_file_is_read_alone_and_bounds_the_number_of_readers(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = made.write_history(tmp_path / "r", COMMITS[:3], {"a": [100.0] * 3})
    paths[1].write_text(paths[1].read_text() + " " * 5000)
    alone: list[list[str]] = []
    original = store._by_several
    monkeypatch.setattr(store, "BIG_BYTES", paths[1].stat().st_size - 1)
    monkeypatch.setattr(store, "_by_several", lambda results, some, many: alone.append(some) or original(results, some, many))
    assert len(look(tmp_path / "r")[0]) == 3
    assert alone == [[f"{made.KEY}/{paths[1].name}"]]
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: range(64))
    assert [store._workers(size) for size in (0, 1 << 20, 20 << 20, 32 << 20)] == [16, 16, 4, 3]


def test_a_passing_failure_is_told_and_tried_again(results: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))
    look(results)
    path = next((results / made.KEY).iterdir())
    os.utime(path)  # another file, as far as one can see
    with monkeypatch.context() as patched:
        patched.setattr(record_file, "regular_file", refuse)
        commits, (refused,) = look(results)
    assert len(commits) == 2 and refused == f"{made.KEY}/{path.name}: cannot be read: Too many open files"
    assert (len(look(results)[0]), look(results)[1]) == (3, [])


# ---- it is derived ---------------------------------------------------------------------------------------


def database(cache: Path) -> Path:
    return cache / "cache.db"


def spoil_header(cache: Path) -> None:
    database(cache).write_bytes(b"not a database" * 1000)


def spoil_middle(cache: Path) -> None:
    data = bytearray(database(cache).read_bytes())
    data[1000:] = b"\xa5" * (len(data) - 1000)
    database(cache).write_bytes(data)


def foreign(cache: Path) -> None:
    database(cache).unlink()
    with sqlite3.connect(database(cache)) as opened:
        opened.execute("CREATE TABLE Cache (x)")


def no_settings(cache: Path) -> None:
    with sqlite3.connect(database(cache)) as opened:
        opened.execute("UPDATE Settings SET value = 'x'")


def bits_turned(cache: Path) -> None:
    with sqlite3.connect(database(cache)) as opened:
        opened.execute("UPDATE Cache SET value = x'00' || substr(value, 2)")


def another_answer(cache: Path) -> None:
    with diskcache.Cache(str(cache), disk=diskcache.JSONDisk) as opened:
        for at, key in enumerate(list(opened)):
            opened[key] = ([], 5, "x", [1, 2, 3], {"a": 1})[at % 5]


def empty(cache: Path) -> None:
    database(cache).write_bytes(b"")


@pytest.mark.parametrize("spoil", [spoil_header, spoil_middle, foreign, no_settings, bits_turned, another_answer, empty])
def test_what_is_spoilt_is_found_out_again(spoil: Callable[[Path], None], results: Path, cache: Path, reads: list[str],
                                           capsys: pytest.CaptureFixture[str]) -> None:
    good = look(results)
    spoil(cache)
    reads.clear()
    assert look(results) == good and len(reads) == 3
    assert look(results) == good and len(reads) == 3, "what was found out is kept"
    assert capsys.readouterr().err == ""


def test_without_a_place_all_is_read_each_time(results: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reads: list[str],
                                               capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert len(look(results)[0]) == len(look(results)[0]) == 3 and len(reads) == 6
    assert capsys.readouterr().err.count("no index of the records can be kept") == 2


@pytest.mark.parametrize("error", [sqlite3.OperationalError("database or disk is full"), diskcache.Timeout(),
                                   OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))])
def test_what_cannot_be_kept_is_said_once(error: Exception, results: Path, cache: Path, monkeypatch: pytest.MonkeyPatch,
                                          capsys: pytest.CaptureFixture[str]) -> None:
    def fail(*_: Any) -> None:
        raise error
    monkeypatch.setattr(diskcache.Cache, "set", fail)
    assert len(look(results)[0]) == 3
    assert capsys.readouterr().err.count("no index of the records can be kept") == 1 and database(cache).exists()


def test_it_is_this_users_alone(results: Path, cache: Path) -> None:
    before = os.umask(0)
    try:
        look(results)
    finally:
        os.umask(before)
    assert cache.stat().st_mode & 0o777 == 0o700 and memory.folder() == cache


def test_several_processes_at_once(tmp_path: Path) -> None:
    made.write_history(tmp_path / "r", COMMITS, {"a": [100.0] * 20, "b": [7.0] * 20})
    code = ("import sys; from pathlib import Path; from mpmt.history import memory, store\n"
            "records, refused = store.look(Path(sys.argv[1]), memory.Memory())\n"
            "print(len(records), sum(len(one.points) for one in records), refused)")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    running = [subprocess.Popen([sys.executable, "-c", code, str(tmp_path / "r")], env=environment,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(4)]
    for process in running:
        out, err = process.communicate(timeout=120)
        assert (out.decode().strip(), err.decode()) == ("20 40 []", "")


def test_other_code_remembers_nothing_of_this(
        results: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, reads: list[str]) -> None:
    look(results)
    before = store.version.__wrapped__()
    (tmp_path / "schema.json").write_text("{}")
    with monkeypatch.context() as patched:
        patched.setitem(schemas.SCHEMA_PATHS, 3, tmp_path / "schema.json")
        assert store.version.__wrapped__() != before
    monkeypatch.setattr(store, "version", lambda: "another")
    assert len(look(results)[0]) == 3 and len(reads) == 6

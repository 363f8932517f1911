"""The index of records: derived, disposable, shared by processes."""

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

import pytest

import make_history as made
from mpmt.history import index_file, reading, store
from mpmt.records import record_file, stored_files
from store_bench import COMMITS, cache, look, reads, results  # noqa: F401

# ---- good ones -------------------------------------------------------------------------------------------


def test_what_is_indexed_is_what_the_record_says(results: Path) -> None:
    def work(index: store.Index) -> None:
        first, = (row for row in index.files() if row["commit_id"] == COMMITS[1])
        assert first["machine"] == made.KEY
        assert (first["dirty"], first["interrupted"], first["rounds"]) == (0, 0, 5)
        assert index.epochs()[first["epoch"]] == made.EPOCH
        cases = {row["name"]: row["id"] for row in index.cases()}
        assert set(cases) == {"a", "b"}
        record = json.loads((results / first["path"]).read_text())
        times = [e["ns_per_task"] for e in record["benchmarks"] if e["name"] == "b"]
        (median, blob), = ((m, b) for file, m, b, _ in index.points(cases["b"]) if file == first["id"])
        assert list(store.trial_values(blob)) == times and median == sorted(times)[2]
    store.with_index(results, work)


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
    assert len(look(results)[0]) == 3 and len(reads) == 2
    assert store.with_index(results, lambda index: [row["dirty"] for row in index.files()]).count(1) == 1
    left = store.with_index(results, lambda index: len(index.database.execute("SELECT * FROM points").fetchall()))
    assert left == 5


def test_many_records_are_read_by_several_processes(tmp_path: Path) -> None:
    made.write_history(tmp_path / "r", COMMITS, {"a": [100.0] * 20})
    commits, refused = look(tmp_path / "r")
    assert sorted(commits) == COMMITS and refused == []


KILLER = COMMITS[7]


def deadly(results: str, path: str) -> stored_files.Summary:
    """Reading the killer's record costs the process its life, as running out of memory does."""
    if KILLER[:12] in path:
        os.kill(os.getpid(), signal.SIGKILL)
    return stored_files.summarise(results, path)


def test_a_reader_that_is_killed_costs_one_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made.write_history(tmp_path / "r", COMMITS, {"a": [100.0] * 20})
    with monkeypatch.context() as patched:
        patched.setattr(reading, "summarise", deadly)
        patched.setattr(reading, "_workers", lambda largest: 2)
        patched.setattr(reading, "FEW_FILES", 1)  # always by other processes
        for _ in range(2):
            commits, (refused,) = look(tmp_path / "r")
            assert sorted(commits) == [commit for commit in COMMITS if commit != KILLER]
            assert refused.startswith(f"{made.KEY}/{KILLER[:12]}-") and "was killed by SIGKILL" in refused
    assert look(tmp_path / "r")[1] == [], "another time it may be read"


def test_a_large_file_is_read_alone_and_bounds_the_number_of_readers(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = made.write_history(tmp_path / "r", COMMITS[:3], {"a": [100.0] * 3})
    paths[1].write_text(paths[1].read_text() + " " * 5000)
    alone: list[str] = []
    original = reading.alone
    monkeypatch.setattr(reading, "BIG_BYTES", paths[1].stat().st_size - 1)
    monkeypatch.setattr(reading, "alone", lambda results, path: alone.append(path) or original(results, path))
    assert len(look(tmp_path / "r")[0]) == 3
    assert alone == [f"{made.KEY}/{paths[1].name}"]
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: range(64))
    assert [reading._workers(size) for size in (0, 1 << 20, 20 << 20, 32 << 20)] == [16, 16, 4, 3]


def test_a_passing_failure_is_told_and_tried_again(results: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))
    look(results)
    path = next((results / made.KEY).iterdir())
    os.utime(path)  # new to the index
    with monkeypatch.context() as patched:
        patched.setattr(record_file, "regular_file", refuse)
        commits, (refused,) = look(results)
    assert len(commits) == 2 and refused == f"{made.KEY}/{path.name}: cannot be read: Too many open files"
    assert (len(look(results)[0]), look(results)[1]) == (3, [])


def test_answers_are_remembered_and_do_not_grow_without_end(results: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "MAX_ANSWERS", 3)
    store.with_index(results, lambda index: index.remember({"a": "1", "b": "2"}))
    assert store.with_index(results, lambda index: index.answers()) == {"a": "1", "b": "2"}
    store.with_index(results, lambda index: index.remember({"c": "3", "d": "4"}))
    assert store.with_index(results, lambda index: index.answers()) == {"c": "3", "d": "4"}


# ---- the index is derived --------------------------------------------------------------------------------


def spoil_header(path: Path) -> None:
    path.write_bytes(b"not a database" * 1000)


def spoil_middle(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[1000:] = b"\xa5" * (len(data) - 1000)
    path.write_bytes(data)


def older_version(path: Path) -> None:
    with sqlite3.connect(path) as database:
        database.execute("PRAGMA user_version = 99")


def foreign(path: Path) -> None:
    path.unlink()
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE files (x)")


def lacking_a_table(path: Path) -> None:
    with sqlite3.connect(path) as database:
        database.execute("DROP TABLE points")


def empty(path: Path) -> None:
    path.write_bytes(b"")


@pytest.mark.parametrize("spoil", [spoil_header, spoil_middle, older_version, foreign, lacking_a_table, empty])
def test_a_bad_index_is_made_again(spoil: Callable[[Path], None], results: Path, reads: list[str],
                                   capsys: pytest.CaptureFixture[str]) -> None:
    good = look(results)
    spoil(store.index_path(results))
    reads.clear()
    assert look(results) == good and len(reads) == 3
    assert look(results) == good and len(reads) == 3, "the new one is kept"
    assert capsys.readouterr().err == ""


def test_without_a_place_the_index_lives_in_memory(results: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                                                   capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert len(look(results)[0]) == 3
    assert "no index of the records can be kept" in capsys.readouterr().err


def test_a_full_disk_is_survived(results: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    original = store.Index.refresh

    def refresh(self: store.Index) -> dict[str, stored_files.Found]:
        if self.database.execute("PRAGMA database_list").fetchone()[2]:
            self.database.execute("PRAGMA max_page_count = 1")  # as many as there are
        return original(self)

    made.write_history(results, COMMITS[9:10], {f"case {at}": [1.0] for at in range(200)})
    monkeypatch.setattr(store.Index, "refresh", refresh)
    assert len(look(results)[0]) == 4
    assert "full" in capsys.readouterr().err


def test_a_locked_index_is_not_waited_for_without_end(results: Path, monkeypatch: pytest.MonkeyPatch,
                                                      capsys: pytest.CaptureFixture[str]) -> None:
    look(results)
    monkeypatch.setattr(index_file, "BUSY_S", 0.01)
    blocker = sqlite3.connect(store.index_path(results), isolation_level=None)
    blocker.execute("BEGIN EXCLUSIVE")
    assert len(look(results)[0]) == 3
    blocker.close()
    assert "locked" in capsys.readouterr().err


def test_several_processes_at_once(tmp_path: Path) -> None:
    made.write_history(tmp_path / "r", COMMITS, {"a": [100.0] * 20, "b": [7.0] * 20})
    code = ("import sys; from pathlib import Path; from mpmt.history import store\n"
            "print(store.with_index(Path(sys.argv[1]), lambda i: (len(i.files()), "
            "len(i.database.execute('SELECT * FROM points').fetchall()), i.refused())))")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    running = [subprocess.Popen([sys.executable, "-c", code, str(tmp_path / "r")], env=environment,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(4)]
    for process in running:
        out, err = process.communicate(timeout=120)
        assert (out.decode().strip(), err.decode()) == ("(20, 40, [])", "")


def test_what_another_process_changes_meanwhile_is_not_lost(results: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another process, which has looked before a record came, forgets it after we have read it."""
    look(results)
    new, = made.write_history(results, COMMITS[3:4], {"a": [1.0]})
    original, times = store.Index.refresh, []

    def refresh(self: store.Index) -> dict[str, stored_files.Found]:
        there = original(self)
        if not times:
            with sqlite3.connect(index_file.index_path(results)) as other:
                other.execute("DELETE FROM files WHERE path LIKE ?", (f"%{new.name}",))
        times.append(1)
        return there
    monkeypatch.setattr(store.Index, "refresh", refresh)
    assert COMMITS[3] in look(results)[0] and len(times) == 2


def test_a_question_sees_one_state_and_keeps_nobody_from_writing(results: Path) -> None:
    def work(index: store.Index) -> list[int]:
        before = len(index.files())
        with sqlite3.connect(index_file.index_path(results), timeout=0.1) as other:
            other.execute("DELETE FROM files")
        return [before, len(index.files())]
    assert store.with_index(results, work) == [3, 3]


def test_an_index_in_use_is_not_thrown_away(results: Path, monkeypatch: pytest.MonkeyPatch,
                                            capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(index_file, "USED_S", 0.01)
    path = index_file.index_path(results)
    with index_file.opened(path):
        older_version(path)
        assert len(look(results)[0]) == 3
        assert "no index of the records can be kept" in capsys.readouterr().err and path.exists()
    assert len(look(results)[0]) == 3 and capsys.readouterr().err == ""


def test_other_code_makes_another_index(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    before = index_file.version.__wrapped__()
    assert 0 < before < 1 << 31
    (tmp_path / "schema.json").write_text("{}")
    monkeypatch.setitem(index_file.schemas.SCHEMA_PATHS, 3, tmp_path / "schema.json")
    assert index_file.version.__wrapped__() != before

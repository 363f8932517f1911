"""An index of the records below a results folder, so that a history need not read them all again.

It is derived: the JSON files are the truth, and the index (SQLite, in the cache folder) may be deleted at any time, is
thrown away when it is corrupt, foreign or of another version, and lives in memory when the cache cannot be written.
Files that were refused are indexed too, with the reason. Processes may use one index at the same time.
"""

from __future__ import annotations

import gc
import hashlib
import json
import multiprocessing
import os
import signal
import sqlite3
import sys
from array import array
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from itertools import islice
from pathlib import Path
from typing import TypeVar

from mpmt_records import plain

from .places import cache_folder
from .problem import Problem
from .stored_files import Found, Point, Summary, find, summarise

APPLICATION = 0x6D706D74  # "mpmt"
VERSION = 1  # of the tables below and of what `summarise` puts into them
BUSY_S = 30.0
FILES_AT_ONCE = 50  # in one transaction
FEW_FILES = 8  # below this, processes are not worth starting
MAX_ANSWERS = 50_000

TABLES = """
CREATE TABLE files (
  id INTEGER PRIMARY KEY, path TEXT NOT NULL UNIQUE, size INTEGER, mtime_ns INTEGER, ctime_ns INTEGER, inode INTEGER,
  fault TEXT, machine TEXT, epoch INTEGER, commit_id TEXT, parents TEXT, commit_date TEXT, dirty INTEGER,
  started_utc TEXT, interrupted INTEGER, rounds INTEGER);
CREATE TABLE epochs (id INTEGER PRIMARY KEY, facts TEXT NOT NULL UNIQUE);
CREATE TABLE cases (
  id INTEGER PRIMARY KEY, name TEXT NOT NULL, version INTEGER NOT NULL, workload TEXT, placement TEXT NOT NULL,
  UNIQUE (name, version, placement));
CREATE TABLE points (
  case_id INTEGER NOT NULL, file_id INTEGER NOT NULL, median REAL, trials BLOB, cv REAL, unstable INTEGER,
  PRIMARY KEY (case_id, file_id)) WITHOUT ROWID;
CREATE INDEX points_of_a_file ON points (file_id);
CREATE TABLE answers (question TEXT PRIMARY KEY, answer TEXT NOT NULL);
"""

Answer = TypeVar("Answer")


class Index:
    """The open index of one results folder. Methods raise sqlite3.Error."""

    def __init__(self, database: sqlite3.Connection, results: Path) -> None:
        self.database, self.results = database, results

    def refresh(self) -> int:
        """Reads the records that are new or changed, forgets those that are gone; how many were read.

        Raises Problem when the results folder cannot be listed. """
        try:
            there = {found.path: found for found in find(self.results)}
        except OSError as error:
            raise Problem(f"--results: {plain(self.results, 300)}: {error.strerror}") from None
        known = {row[0]: row[1:] for row in self.database.execute(
            "SELECT path, size, mtime_ns, ctime_ns, inode, fault FROM files")}
        gone = [path for path in known if path not in there]
        fresh = [found for path, found in there.items() if known.get(path, ())[:4] != _stamp(found)
                 or (found.fault and known[path][4] != found.fault)]
        with _transaction(self.database):
            self._forget(gone)
            for found in fresh:
                if found.fault:
                    self._insert(found, Summary(found.path, found.fault))
        self._read([found for found in fresh if not found.fault])
        return len(fresh)

    def _read(self, fresh: list[Found]) -> None:
        stamps = {found.path: found for found in fresh}
        with summaries(str(self.results), [found.path for found in fresh]) as coming:
            while batch := list(islice(coming, FILES_AT_ONCE)):  # read first: others may write meanwhile
                with _transaction(self.database):
                    for summary in batch:
                        self._insert(stamps[summary.path], summary)

    def _forget(self, paths: Iterable[str]) -> None:
        for path in paths:
            self.database.execute("DELETE FROM points WHERE file_id = (SELECT id FROM files WHERE path = ?)", (path,))
            self.database.execute("DELETE FROM files WHERE path = ?", (path,))

    def _insert(self, found: Found, summary: Summary) -> None:
        self._forget([found.path])
        epoch = None if summary.fault else self._id("epochs", facts=summary.epoch)
        file_id = self.database.execute(
            f"INSERT INTO files VALUES ({', '.join('?' * 16)})",
            (None, found.path, *_stamp(found), summary.fault, summary.machine, epoch, summary.commit, summary.parents,
             summary.commit_date, summary.dirty, summary.started_utc, summary.interrupted, summary.rounds)).lastrowid
        self.database.executemany("INSERT INTO points VALUES (?, ?, ?, ?, ?, ?)", [
            (self._case(point), file_id, point.median, point.values.tobytes(), point.cv, point.unstable)
            for point in summary.points])

    def _case(self, point: Point) -> int:
        return self._id("cases", name=point.name, version=point.version, placement=point.placement,
                        workload=point.workload)

    def _id(self, table: str, **values: object) -> int:
        """The id of the row with these values (workload follows from the name), made if missing."""
        key = {column: value for column, value in values.items() if column != "workload"}
        where = " AND ".join(f"{column} = ?" for column in key)
        row = self.database.execute(f"SELECT id FROM {table} WHERE {where}", tuple(key.values())).fetchone()
        if row:
            return row[0]
        columns, marks = ", ".join(values), ", ".join("?" * len(values))
        return self.database.execute(f"INSERT INTO {table} ({columns}) VALUES ({marks})", tuple(values.values())).lastrowid

    # ---- questions -----------------------------------------------------------------------------------------

    def refused(self) -> list[str]:
        """One line for each file that cannot be used: "path: field: what"."""
        return [f"{plain(path, 300)}: {fault}" for path, fault in self.database.execute(
            "SELECT path, fault FROM files WHERE fault IS NOT NULL ORDER BY path")]

    def files(self) -> list[sqlite3.Row]:
        """The usable records."""
        return self.database.execute("SELECT * FROM files WHERE fault IS NULL ORDER BY path").fetchall()

    def epochs(self) -> dict[int, dict[str, object]]:
        return {number: json.loads(facts) for number, facts in self.database.execute("SELECT id, facts FROM epochs")}

    def cases(self) -> list[sqlite3.Row]:
        return self.database.execute("SELECT * FROM cases ORDER BY name, version, placement").fetchall()

    def points(self, case_id: int) -> list[tuple[int, float, bytes, int]]:
        """(file id, median, the trials' times as doubles, unstable) of one case."""
        cursor = self.database.cursor()
        cursor.row_factory = None  # plain tuples: there may be a million
        return cursor.execute("SELECT file_id, median, trials, unstable FROM points WHERE case_id = ?",
                              (case_id,)).fetchall()

    def answers(self) -> dict[str, str]:
        """What `remember` was told."""
        return dict(self.database.execute("SELECT question, answer FROM answers"))

    def remember(self, answers: dict[str, str]) -> None:
        """Keeps answers for later calls; all older ones are dropped when they become too many."""
        with _transaction(self.database):
            count, = self.database.execute("SELECT COUNT(*) FROM answers").fetchone()
            if count + len(answers) > MAX_ANSWERS:
                self.database.execute("DELETE FROM answers")
            self.database.executemany("INSERT OR REPLACE INTO answers VALUES (?, ?)", answers.items())


def trial_values(blob: bytes) -> array[float]:
    """The times that a point was stored with."""
    values = array("d")
    values.frombytes(blob)
    return values


def _stamp(found: Found) -> tuple[int, int, int, int]:
    # SQLite's integers are signed; an inode may have the highest bit.
    return found.size, found.mtime_ns, found.ctime_ns, found.inode & (1 << 63) - 1


@contextmanager
def _transaction(database: sqlite3.Connection) -> Iterator[None]:
    database.execute("BEGIN IMMEDIATE")
    try:
        yield
        database.execute("COMMIT")
    except BaseException:
        with suppress(sqlite3.Error):
            database.execute("ROLLBACK")
        raise


# ---- opening -----------------------------------------------------------------------------------------------


def with_index(results: Path, work: Callable[[Index], Answer]) -> Answer:
    """What `work` answers, given the refreshed index of a results folder.

    A bad index is thrown away and the work done once more; where none can be kept (no place, no permission, no space,
    locked for too long) it is done in memory, with a warning on standard error. """
    path = index_path(results)
    for last in (False, True):
        try:
            return _work(_open(path), results, work)
        except (sqlite3.Error, _NoPlace) as error:
            beyond_repair = isinstance(error, (sqlite3.OperationalError, _NoPlace)) and "no such" not in str(error)
            if last or beyond_repair:
                return _in_memory(results, work, str(error))
            for name in (path, *(path.with_name(path.name + end) for end in ("-journal", "-wal", "-shm"))):
                with suppress(OSError):
                    name.unlink()
    raise AssertionError


def _work(database: sqlite3.Connection, results: Path, work: Callable[[Index], Answer]) -> Answer:
    try:
        index = Index(database, results)
        index.refresh()
        return work(index)
    finally:
        database.close()


def _in_memory(results: Path, work: Callable[[Index], Answer], why: str) -> Answer:
    print(f"warning: no index of the records can be kept ({plain(why, 200)}): reading all of them", file=sys.stderr)
    return _work(_prepared(sqlite3.connect(":memory:", isolation_level=None)), results, work)


def index_path(results: Path) -> Path:
    """Where the index of a results folder is kept."""
    name = hashlib.sha256(os.fsencode(os.path.realpath(results))).hexdigest()[:32]
    return cache_folder() / "index" / f"{name}.sqlite"


class _Foreign(sqlite3.DatabaseError):
    """A database that is not this version's index."""


class _NoPlace(Exception):
    """The cache folder cannot be made."""


def _open(path: Path) -> sqlite3.Connection:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _NoPlace(f"{path.parent}: {error.strerror}") from None
    database = sqlite3.connect(path, timeout=BUSY_S, isolation_level=None)
    try:
        return _prepared(database)
    except BaseException:
        database.close()
        raise


def _prepared(database: sqlite3.Connection) -> sqlite3.Connection:
    """Makes the tables in an empty database. Raises _Foreign for any other than this version's."""
    database.row_factory = sqlite3.Row
    database.execute("PRAGMA synchronous = OFF")  # derived: after a power cut it is found corrupt, or made again
    with _transaction(database):
        known = [database.execute(f"PRAGMA {what}").fetchone()[0] for what in ("application_id", "user_version")]
        there = {row[0] for row in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        if known == [0, 0] and not there:
            for statement in TABLES.split(";"):
                database.execute(statement)
            database.execute(f"PRAGMA application_id = {APPLICATION}")
            database.execute(f"PRAGMA user_version = {VERSION}")
        elif known != [APPLICATION, VERSION] or there != {"files", "epochs", "cases", "points", "answers"}:
            raise _Foreign("another program's, or another version's, index")
    return database


# ---- reading -----------------------------------------------------------------------------------------------


@contextmanager
def summaries(results: str, paths: list[str]) -> Iterator[Iterator[Summary]]:
    """The records' summaries in any order, read by as many processes as there are CPUs to use."""
    workers = min(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1, 16)
    if workers < 2 or len(paths) < FEW_FILES:
        yield (summarise(results, path) for path in paths)
        return
    with multiprocessing.Pool(workers, _prepare_worker, maxtasksperchild=500) as pool:
        yield pool.imap_unordered(_summarise, [(results, path) for path in paths], chunksize=4)


def _prepare_worker() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends the pool
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    gc.disable()  # parsed JSON has no cycles; looking for them takes a third of the time


def _summarise(task: tuple[str, str]) -> Summary:
    return summarise(*task)

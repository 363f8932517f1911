"""The file of an index (store.py): where it is, its tables, and who may use it and throw it away."""

from __future__ import annotations

import fcntl
import functools
import hashlib
import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from mpmt.base.files import make_private, open_private
from mpmt.base.places import NoPlace, cache_folder
from mpmt.builds.worktrees import lock_within
from mpmt.records import families, histograms, json_text, record_file, schemas, stats, stored_files, tables

APPLICATION = 0x6D706D74  # "mpmt"
BUSY_S = 30.0
USED_S = 5.0  # how long to wait until nobody uses an index that is to be thrown away

TABLES = """
CREATE TABLE files (
  id INTEGER PRIMARY KEY, path TEXT NOT NULL UNIQUE, size INTEGER, mtime_ns INTEGER, ctime_ns INTEGER, inode INTEGER,
  fault TEXT, machine TEXT, epoch INTEGER, commit_id TEXT, commit_date TEXT, dirty INTEGER,
  started_utc TEXT, interrupted INTEGER, rounds INTEGER);
CREATE TABLE epochs (id INTEGER PRIMARY KEY, facts TEXT NOT NULL UNIQUE);
CREATE TABLE cases (
  id INTEGER PRIMARY KEY, name TEXT NOT NULL, version INTEGER NOT NULL, placement TEXT NOT NULL,
  family TEXT NOT NULL, UNIQUE (name, version, placement, family));
CREATE TABLE points (
  case_id INTEGER NOT NULL, file_id INTEGER NOT NULL, median REAL, trials BLOB, unstable INTEGER,
  PRIMARY KEY (case_id, file_id)) WITHOUT ROWID;
CREATE INDEX points_of_a_file ON points (file_id);
CREATE TABLE answers (question TEXT PRIMARY KEY, answer TEXT NOT NULL);
"""


def index_path(results: Path) -> Path:
    """Where the index of a results folder is kept. Raises NoPlace."""
    name = hashlib.sha256(os.fsencode(os.path.realpath(results))).hexdigest()[:32]
    return cache_folder() / "index" / f"{name}.sqlite"


class _Foreign(sqlite3.DatabaseError):
    """A database that is not this version's index."""


@contextmanager
def opened(path: Path) -> Iterator[sqlite3.Connection]:
    """Raises NoPlace, sqlite3.Error."""
    with _lock(path) as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_SH)
        except OSError as error:
            raise NoPlace(f"{path.parent}: cannot be locked: {error.strerror}") from None
        with closing(sqlite3.connect(path, timeout=BUSY_S, isolation_level=None)) as database:
            yield prepared(database)


@contextmanager
def _lock(path: Path) -> Iterator[int]:
    """A file beside the index that is locked by whoever uses it: SQLite's files may only be removed when nobody does."""
    try:
        make_private(path.parent)
        lock = open_private(path.with_suffix(".lock"))
    except OSError as error:
        raise NoPlace(f"{path.parent}: {error.strerror}") from None
    try:
        yield lock
    finally:
        os.close(lock)


def throw_away(path: Path) -> bool:
    """Whether the index could be removed: nobody uses it."""
    with _lock(path) as lock:
        if not lock_within(lock, fcntl.LOCK_EX, USED_S):
            return False
        for end in ("-journal", "-wal", "-shm", ""):
            with suppress(OSError):
                path.with_name(path.name + end).unlink()
        return True


def prepared(database: sqlite3.Connection) -> sqlite3.Connection:
    """Makes the tables in an empty database. Raises _Foreign for any other than this version's."""
    database.row_factory = sqlite3.Row
    _write_ahead(database)
    database.execute("PRAGMA synchronous = NORMAL")  # with a log: a power cut may lose the latest, and spoils nothing
    with transaction(database):
        known = [database.execute(f"PRAGMA {what}").fetchone()[0] for what in ("application_id", "user_version")]
        there = {row[0] for row in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        if known == [0, 0] and not there:
            for statement in TABLES.split(";"):
                database.execute(statement)
            database.execute(f"PRAGMA application_id = {APPLICATION}")
            database.execute(f"PRAGMA user_version = {version()}")
        elif known != [APPLICATION, version()] or there != {"files", "epochs", "cases", "points", "answers"}:
            raise _Foreign("another program's, or another version's, index")
    return database


def _write_ahead(database: sqlite3.Connection) -> None:
    """With a write-ahead log, readers and a writer do not wait for each other. In memory there is none."""
    ends_at = time.monotonic() + BUSY_S
    while database.execute("PRAGMA journal_mode").fetchone()[0] not in ("wal", "memory"):
        try:
            if database.execute("PRAGMA journal_mode = WAL").fetchone()[0] != "wal":
                return  # not on this file system: they do wait
        except sqlite3.OperationalError as error:  # for a lock on this SQLite itself does not wait
            if "locked" not in str(error) or time.monotonic() > ends_at:
                raise
            time.sleep(0.01)


@functools.cache
def version() -> int:
    """Of an index: what is in it depends on the tables above, and on all that checks and summarises records."""
    modules = (stored_files, record_file, json_text, tables, families, schemas, histograms,
               stats)
    sources = [Path(module.__file__) for module in modules] + sorted({*schemas.SCHEMA_PATHS.values()})
    digest = hashlib.sha256(TABLES.encode())
    for source in sources:
        digest.update(hashlib.sha256(source.read_bytes()).digest())
    return int.from_bytes(digest.digest()[:4], "big") >> 1 | 1  # SQLite keeps 31 bits; 0 is a new file


@contextmanager
def transaction(database: sqlite3.Connection, begin: str = "BEGIN IMMEDIATE") -> Iterator[None]:
    database.execute(begin)
    try:
        yield
        database.execute("COMMIT")
    except BaseException:
        with suppress(sqlite3.Error):
            database.execute("ROLLBACK")
        raise

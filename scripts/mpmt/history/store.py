"""An index of the records below a results folder, so that a history need not read them all again.

It is derived: the JSON files are the truth, and the index (SQLite, in the cache folder) may be deleted at any time, is
thrown away when it is corrupt, foreign or made by other code, and lives in memory when the cache cannot be written.
Files that were refused are indexed too, with the reason. Processes may use one index at the same time: each sees the
folder as it was when it last looked, whatever the others write meanwhile.
"""

from __future__ import annotations

import json
import sqlite3
import sys
from array import array
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import TypeVar

from mpmt.base.problem import Problem
from mpmt.base.shown import shown
from mpmt.history.index_file import NoPlace, index_path, opened, prepared, throw_away, transaction
from mpmt.history.reading import summaries
from mpmt.records.stored_files import Found, Point, Summary, find

FILES_AT_ONCE = 50  # in one transaction
MAX_ANSWERS = 50_000
MOST_LOOKS = 20
_NO_STAMP = (-1, -1, -1, -1)

Answer = TypeVar("Answer")


class Index:
    """The open index of one results folder. Methods raise sqlite3.Error."""

    def __init__(self, database: sqlite3.Connection, results: Path) -> None:
        self.database, self.results = database, results
        self._unread: set[str] = set()  # what could not be read just now, and need not be tried again
        self._news: dict[str, str] = {}

    def look(self, work: Callable[[Index], Answer]) -> Answer:
        """What `work` answers, which sees the folder as it is now. Raises Problem when that cannot be listed."""
        for _ in range(MOST_LOOKS):
            there = self.refresh()
            with transaction(self.database, "BEGIN"):  # one snapshot: others may write, but are not seen
                if not any(self._differences(there)):
                    answer = work(self)
                    break
        else:
            raise sqlite3.OperationalError("other processes keep changing it")
        if self._news:
            self._keep_answers()
        return answer

    def refresh(self) -> dict[str, Found]:
        """Reads the records that are new or changed, and forgets those that are gone; what was there.

        Raises Problem when the results folder cannot be listed. """
        with transaction(self.database):  # listed inside: an older listing must not undo what a newer one has done
            there = self._listed()
            gone, fresh = self._differences(there)
            self._forget(gone)
            for found in fresh:
                if found.fault:
                    self._insert(found, Summary(found.path, found.fault))
        self._read([found for found in fresh if not found.fault])
        return there

    def _listed(self) -> dict[str, Found]:
        try:
            return {found.path: found for found in find(self.results)}
        except OSError as error:
            raise Problem(f"--results: {shown(self.results, 300)}: {error.strerror}") from None

    def _differences(self, there: Mapping[str, Found]) -> tuple[list[str], list[Found]]:
        """(what is indexed and gone, what is there and not indexed as it is)."""
        known = {row[0]: row[1:] for row in self.database.execute(
            "SELECT path, size, mtime_ns, ctime_ns, inode, fault FROM files")}
        gone = [path for path in known if path not in there]
        fresh = [found for path, found in there.items() if path not in self._unread or path not in known
                 if known.get(path, ())[:4] != _stamp(found) or (found.fault and known[path][4] != found.fault)]
        return gone, fresh

    def _read(self, fresh: list[Found]) -> None:
        stamps = {found.path: found for found in fresh}
        with summaries(str(self.results), fresh) as coming:
            while batch := list(islice(coming, FILES_AT_ONCE)):  # read first: others may write meanwhile
                with transaction(self.database):
                    for summary in batch:
                        self._insert(stamps[summary.path], summary)

    def _forget(self, paths: Iterable[str]) -> None:
        for path in paths:
            self.database.execute("DELETE FROM points WHERE file_id = (SELECT id FROM files WHERE path = ?)", (path,))
            self.database.execute("DELETE FROM files WHERE path = ?", (path,))

    def _insert(self, found: Found, summary: Summary) -> None:
        self._forget([found.path])
        if summary.passing:
            self._unread.add(found.path)
        stamp = _NO_STAMP if summary.passing else _stamp(found)  # that no file has: it is read again next time
        epoch = None if summary.fault else self._id("epochs", facts=summary.epoch)
        file_id = self.database.execute(
            f"INSERT INTO files VALUES ({', '.join('?' * 15)})",
            (None, found.path, *stamp, summary.fault, summary.machine, epoch, summary.commit, summary.commit_date,
             summary.dirty, summary.started_utc, summary.interrupted, summary.rounds)).lastrowid
        self.database.executemany("INSERT INTO points VALUES (?, ?, ?, ?, ?)", [
            (self._case(point), file_id, point.median, point.values.tobytes(), point.unstable)
            for point in summary.points])

    def _case(self, point: Point) -> int:
        return self._id("cases", name=point.name, version=point.version, placement=point.placement, family=point.family)

    def _id(self, table: str, **values: object) -> int:
        """The id of the row with these values, made if missing."""
        where = " AND ".join(f"{column} = ?" for column in values)
        row = self.database.execute(f"SELECT id FROM {table} WHERE {where}", tuple(values.values())).fetchone()
        if row:
            return row[0]
        columns, marks = ", ".join(values), ", ".join("?" * len(values))
        return self.database.execute(f"INSERT INTO {table} ({columns}) VALUES ({marks})", tuple(values.values())).lastrowid

    # ---- questions -----------------------------------------------------------------------------------------

    def refused(self) -> list[str]:
        """One line for each file that cannot be used: "path: field: what"."""
        return [f"{shown(path, 300)}: {fault}" for path, fault in self.database.execute(
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
        """Keeps answers for later calls, from the end of `look` on; all older ones are dropped when they become too
        many."""
        self._news.update(answers)

    def _keep_answers(self) -> None:
        with transaction(self.database):
            count, = self.database.execute("SELECT COUNT(*) FROM answers").fetchone()
            if count + len(self._news) > MAX_ANSWERS:
                self.database.execute("DELETE FROM answers")
            self.database.executemany("INSERT OR REPLACE INTO answers VALUES (?, ?)", self._news.items())


def trial_values(blob: bytes) -> array[float]:
    """The times that a point was stored with."""
    values = array("d")
    values.frombytes(blob)
    return values


def _stamp(found: Found) -> tuple[int, int, int, int]:
    # SQLite's integers are signed; an inode may have the highest bit.
    return found.size, found.mtime_ns, found.ctime_ns, found.inode & (1 << 63) - 1


# ---- opening -----------------------------------------------------------------------------------------------


def with_index(results: Path, work: Callable[[Index], Answer]) -> Answer:
    """What `work` answers, given the refreshed index of a results folder.

    A bad index is thrown away and the work done once more; where none can be kept (no place, no permission, no space,
    locked for too long) it is done in memory, with a warning on standard error. """
    try:
        path = index_path(results)
    except NoPlace as why:
        return _in_memory(results, work, str(why))
    for last in (False, True):
        try:
            with opened(path) as database:
                return Index(database, results).look(work)
        except (sqlite3.Error, NoPlace) as error:
            beyond_repair = isinstance(error, (sqlite3.OperationalError, NoPlace)) and "no such" not in str(error)
            if last or beyond_repair or not throw_away(path):
                return _in_memory(results, work, str(error))
    raise AssertionError


def _in_memory(results: Path, work: Callable[[Index], Answer], why: str) -> Answer:
    print(f"warning: no index of the records can be kept ({shown(why, 200)}): reading all of them", file=sys.stderr)
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as database:
        return Index(prepared(database), results).look(work)

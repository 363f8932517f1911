"""What took long to find out, kept in the cache folder from call to call. It is derived: what is lost, spoilt or cannot be kept
is found out again."""

from __future__ import annotations

import shutil
import sqlite3
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from diskcache import Cache, JSONDisk, Timeout

from mpmt.base.files import make_private
from mpmt.base.places import cache_folder
from mpmt.base.problem import Problem
from mpmt.base.shown import shown

BUSY_S = 10.0  # how long another process may write
MOST_BYTES = 1 << 30  # what was kept longest ago goes first
IN_THE_DATABASE = 1 << 20  # larger answers, in bytes, are files


def folder() -> Path:
    """Raises NoPlace."""
    return cache_folder() / "history"


class Memory:
    """Answers by question; an answer is JSON, which zlib's checksum guards. No method raises: what goes wrong is a warning. A
    context manager."""

    def __init__(self) -> None:
        self._cache: Cache | None = None
        self._lost = False

    def __enter__(self) -> Memory:
        return self

    def __exit__(self, *_: object) -> None:
        if self._cache is not None:
            self._cache.close()
            self._cache = None

    def answer(self, question: str) -> Any:
        """None: it is not known."""
        return self._tried(lambda cache: cache.get(question))

    def keep(self, question: str, answer: Any) -> None:
        self._tried(lambda cache: cache.set(question, answer))

    def _tried(self, work: Callable[[Cache], Any]) -> Any:
        """A spoilt cache is thrown away, and the work tried once more."""
        for last in (False, True):
            try:
                if self._cache is None and not self._lost:
                    make_private(folder())
                    self._cache = Cache(str(folder()), timeout=BUSY_S, disk=JSONDisk, size_limit=MOST_BYTES,
                                        disk_min_file_size=IN_THE_DATABASE)
                return work(self._cache) if self._cache is not None else None
            except Exception as error:  # the library raises what it likes where the files are not its own
                self.__exit__()
                if last or not _is_spoilt(error):
                    self._lost = True
                    print(f"warning: no index of the records can be kept ({shown(error or 'locked', 200)}): reading all of "
                          "them", file=sys.stderr)
                    return None
                shutil.rmtree(folder(), ignore_errors=True)
        return None


def _is_spoilt(error: Exception) -> bool:
    """Else it is busy, the disk is full, or there is no place for it."""
    if isinstance(error, sqlite3.OperationalError):
        return not any(word in str(error) for word in ("locked", "full", "readonly", "unable to open"))
    return not isinstance(error, (OSError, Timeout, Problem))

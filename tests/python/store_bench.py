"""A results folder with a few records, and the index of them."""

from __future__ import annotations

from pathlib import Path

import pytest

import make_history as made
from mpmt.history import reading, store
from mpmt.records import stored_files

COMMITS = [f"{at:012x}{at:028x}" for at in range(0xA00, 0xA14)]


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "mpmt" / "index"


@pytest.fixture
def results(tmp_path: Path) -> Path:
    folder = tmp_path / "results"
    made.write_history(folder, COMMITS[:3], {"a": [100.0] * 3, "b": [5e6] * 3})
    return folder


def look(results: Path) -> tuple[list[str], list[str]]:
    """(commits of the usable records, refused)."""
    return store.with_index(results, lambda index: ([row["commit_id"] for row in index.files()], index.refused()))


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The records that were read since."""
    seen: list[str] = []
    original = stored_files.summarise
    monkeypatch.setattr(reading, "summarise", lambda results, path: seen.append(path) or original(results, path))
    return seen

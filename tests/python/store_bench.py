"""A results folder with a few records, and what is remembered of them."""

from __future__ import annotations

from pathlib import Path

import pytest

import make_history as made
from mpmt.history import store
from mpmt.history.memory import Memory
from mpmt.records import stored_files

COMMITS = [f"{at:012x}{at:028x}" for at in range(0xA00, 0xA14)]


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "mpmt" / "history"


@pytest.fixture
def results(tmp_path: Path) -> Path:
    folder = tmp_path / "results"
    made.write_history(folder, COMMITS[:3], {"a": [100.0] * 3, "b": [5e6] * 3})
    return folder


def summaries(results: Path) -> tuple[list[stored_files.Summary], list[str]]:
    """(usable records, refused)."""
    with Memory() as memory:
        return store.look(results, memory)


def look(results: Path) -> tuple[list[str], list[str]]:
    """(commits of the usable records, refused)."""
    records, refused = summaries(results)
    return [record.commit or "" for record in records], refused


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The records that were read since."""
    seen: list[str] = []
    original = stored_files.summarise
    monkeypatch.setattr(stored_files, "summarise", lambda results, path: seen.append(path) or original(results, path))
    return seen

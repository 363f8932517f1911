"""Where track.py keeps what it can make again, and what it has learned about this machine."""

from __future__ import annotations

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]  # the checkout that these scripts belong to


def cache_folder() -> Path:
    """$XDG_CACHE_HOME/mpmt, else ~/.cache/mpmt: builds and the index of records. May be deleted at any time."""
    return _home("XDG_CACHE_HOME", ".cache")


def state_folder() -> Path:
    """$XDG_STATE_HOME/mpmt, else ~/.local/state/mpmt: this machine's A/A figures."""
    return _home("XDG_STATE_HOME", ".local/state")


def _home(variable: str, default: str) -> Path:
    # The XDG base directory specification: a relative path is to be ignored.
    said = os.environ.get(variable, "")
    return (Path(said) if os.path.isabs(said) else Path.home() / default) / "mpmt"

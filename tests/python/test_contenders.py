"""What every program under test has to be, whatever it speaks."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mpmt_tracking import contender
from mpmt_tracking.google_binary import GoogleBinary
from mpmt_tracking.mpmt_binary import MpmtBinary
from mpmt_tracking.problem import Problem

def test_what_is_no_program_is_refused_at_once(tmp_path: Path) -> None:
    for kind in (GoogleBinary, MpmtBinary):
        for path in (tmp_path / "none", tmp_path):
            with pytest.raises(Problem, match="no such program"):
                kind(path)


def test_the_digest_is_of_the_contents(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"abc")
    assert contender.sha256_of(tmp_path / "x") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert json.loads(json.dumps(contender.sha256_of(tmp_path / "x")))

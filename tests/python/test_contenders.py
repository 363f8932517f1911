"""What every program under test has to be, whatever it speaks."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import pytest

from mpmt.base.problem import Problem
from mpmt.measuring import contender, sides
from mpmt.measuring.comparison import Side
from mpmt.measuring.google_binary import GoogleBinary
from mpmt.measuring.mpmt_binary import MpmtBinary

def test_what_is_no_program_is_refused_at_once(tmp_path: Path) -> None:
    for kind in (GoogleBinary, MpmtBinary):
        for path in (tmp_path / "none", tmp_path):
            with pytest.raises(Problem, match="no such program"):
                kind(path)


def test_the_digest_is_of_the_contents(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"abc")
    assert contender.sha256_of(tmp_path / "x") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert json.loads(json.dumps(contender.sha256_of(tmp_path / "x")))


class _Listed(GoogleBinary):
    """A program that is taken for one with a benchmark, and is not run."""

    def cases(self) -> list[contender.Case]:
        return [contender.Case("BM_x")]


def test_equal_files_are_one_program_if_they_are_machine_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def measured(*_: object) -> None:
        raise contender.Failed("measured")
    monkeypatch.setattr(measuring, "measure", measured)
    options = argparse.Namespace(cases=None, seed=1, pairs=10, gate=0.01, budget=1.0)

    def compared(content: bytes) -> dict[str, str]:
        for name in "ab":
            (tmp_path / name).write_bytes(content)
        sides = [_Listed(tmp_path / name) for name in "ab"]
        found = sides.compare_sides([(side, Side(side.label, str(side.path), side.sha256)) for side in sides], options,
                                        sides.Progress(lambda _: None, lambda _: None))
        return {row.name: row.verdict for row in found.rows}
    assert compared(Path(sys.executable).resolve().read_bytes()) == {"BM_x": "unchanged"}
    with pytest.raises(contender.Failed, match="measured"):
        compared(b"#!/bin/sh\nexec ./whatever is here\n")

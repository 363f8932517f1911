"""track.py diff on files of Google Benchmark programs as they are found: each has one right answer."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import pytest

from mpmt.commands import diff

FILES = Path(__file__).resolve().parents[1] / "data" / "google"


@pytest.fixture
def answer(capsys: pytest.CaptureFixture[str]) -> Any:
    """Of a file set against itself, or against another one: trials by benchmark, and what was said of the first."""
    def answer_(a: str, b: str = "") -> tuple[dict[str, int], list[str]]:
        parser = argparse.ArgumentParser()
        diff.add_arguments(parser)
        assert diff.run(parser.parse_args(["--json", str(FILES / f"{a}.json"), str(FILES / f"{b or a}.json")])) == 0
        shown = json.loads(capsys.readouterr().out)
        return {case["benchmark"]: case["trials_a"] for case in shown["cases"]}, shown["left_out"]["a"]
    return answer_


@pytest.mark.parametrize("file", ["good", "bom", "utf16", "nan_in_cv_of_a_counter"])
def test_repetitions_are_read_whatever_surrounds_them(file: str, answer: Any) -> None:
    assert answer(file) == ({"BM_a": 2, "BM_b": 2}, [])
    assert answer(file, "good") == ({"BM_a": 2, "BM_b": 2}, []), "in one encoding or another, it is the same name"


def test_two_benchmarks_of_one_name_are_kept_apart(answer: Any) -> None:
    cases, notes = answer("duplicate_names")
    assert cases == {"BM_a #1": 1, "BM_a #2": 1, "BM_b": 1}
    assert notes == ["2 benchmarks are called BM_a: they are numbered in the order of the file"]
    assert answer("duplicate_names", "good")[0] == {"BM_b": 1}, "neither is taken for the one of that name"


def test_where_there_are_only_aggregates_the_median_is_used_and_it_is_said(answer: Any) -> None:
    cases, notes = answer("aggregates_only")
    assert cases == {"BM_a": 1}
    assert len(notes) == 1 and "only aggregates: their median" in notes[0]


def test_before_1_5_fits_are_no_benchmarks(answer: Any) -> None:
    assert answer("old_with_complexity") == ({"BM_a/8": 1, "BM_a/16": 1}, [])


def test_what_skipped_itself_is_not_compared_and_the_reason_said(answer: Any) -> None:
    assert answer("skipped") == ({"BM_b": 1}, ["not compared: BM_skip: no GPU"])

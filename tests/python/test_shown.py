"""Untrusted text as it is shown; tests/shown_test.cpp holds C++ to the same cases."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from conftest import ROOT
from mpmt.base.shown import shown, shown_json

CASES = json.loads((ROOT / "tests" / "data" / "shown.json").read_text("utf-8"))


@pytest.mark.parametrize("case", CASES, ids=[ascii(case["shown"]) for case in CASES])
def test_text_is_shown_as_in_cpp(case: dict[str, Any]) -> None:
    text = bytes.fromhex(case["bytes"]) if "bytes" in case else case["text"]
    assert shown(text) == case["shown"]
    assert shown(shown(text)) == case["shown"]


def test_bytes_of_paths_and_halves_of_characters_are_escaped() -> None:
    assert shown("a\udcff") == shown(Path("a\udcff")) == shown(b"a\xff") == "a\\xff"
    assert shown("\ud800") == "\\ud800"
    assert shown(17) == "17" and shown(ValueError("a\nb")) == "a\\nb"


@pytest.mark.parametrize(("text", "expected"), [
    ("x" * 20, "x" * 20), ("x" * 21, "x" * 19 + "…"), ("\n" * 11, "\\n" * 9 + "\\…"), ("::" + "x" * 16,
                                                                                       "\\x3a:" + "x" * 14 + "…"),
])
def test_long_text_is_cut(text: str, expected: str) -> None:
    assert shown(text, 20) == expected and shown(expected, 20) == expected


def test_every_character_is_at_rest_after_one_time() -> None:
    everything = "".join(map(chr, range(0x110000)))
    assert shown(shown(everything)) == shown(everything)


def test_json_is_ascii_and_no_command() -> None:
    document = {"::a\n": ["\x1b\x7f\x9b\u202e\udcff", "###[error]", "##vso[", "\\##", 0.5, None, {"µ": []}]}
    text = shown_json(document)
    assert json.loads(text) == document
    assert all(" " <= c <= "~" or c == "\n" for c in text) and "##" not in text
    with pytest.raises(ValueError):
        shown_json(float("nan"))

"""Regular expressions mean what they mean to Python, and make nothing hang."""

from __future__ import annotations

import time

import pytest

from mpmt.base.command_line import Problem
from mpmt.base.patterns import MOST_S, BadPattern, Pattern

SLACK = 20  # for a machine that does other things as well


@pytest.mark.parametrize("text, name, found, whole", [
    ("hash", "hash_chain/serial", True, False),
    ("^hash_chain/serial$", "hash_chain/serial", True, True),
    ("hash.*|sort", "hash_chain/serial", True, True),
    ("(?i)HASH", "hash_chain", True, False),
    (r"\bchain\b", "hash_chain", False, False),
    (r"w:\d+", "pool/w:12", True, False),
    ("", "x", True, False),
    ("(?:a{1,9}){2,3}b?", "aaaa", True, True),
])
def test_a_pattern_is_found_or_is_the_whole(text: str, name: str, found: bool, whole: bool) -> None:
    assert (Pattern(text).search(name), Pattern(text).fullmatch(name)) == (found, whole)


@pytest.mark.parametrize("text", ["(", "a{2,1}", "*", "[", "(?V1)a", "(?au)a", "a{99999999999}", "(?:" * 5000 + ")" * 5000])
def test_what_is_no_pattern_is_refused(text: str) -> None:
    with pytest.raises(BadPattern):
        Pattern(text)


@pytest.mark.parametrize("text", [r"(x+x+)+y", r"^(([a-z])+.)+[A-Z]([a-z])+$", r"(a?){60}a{60}b",
                                  r"(.*)(.*)(.*)(.*)(.*)(.*)(.*)(.*)b",
                                  r"^(\w+\s?)*\1$"])
def test_no_pattern_takes_for_ever(text: str) -> None:
    began = time.monotonic()
    try:
        assert not Pattern(text).search("ax" * 20_000)
    except Problem as problem:
        assert "takes longer" in str(problem)
    assert time.monotonic() - began < MOST_S * SLACK


def test_one_that_takes_too_long_is_named() -> None:
    with pytest.raises(Problem, match=r"\(a\|aa\).*' takes longer than 0.5 s to be tried on 'a+"):
        Pattern(r"^(a|aa)+\1b$").search("a" * 200)

"""Regular expressions mean what they mean to Python, and take a time that grows with the text only."""

from __future__ import annotations

import random
import re
import warnings

import pytest

from mpmt_patterns import BadPattern, Pattern

PIECES = ["a", "b", "A", ".", "[ab]", "[^a]", "[a-z1-9]", r"\d", r"\w", r"\W", r"\s", r"\b", "^", "$", r"\A", r"\Z", "(?:)", "1", " ",
          "\n", "é", r"\\", "-", "[]^-]"]
REPEATS = ["*", "+", "?", "{2}", "{0,2}", "{1,3}", "*?", "+?", "??", "{2,}"]


def drawn(rng: random.Random, depth: int) -> str:
    kind = rng.random()
    if depth == 0 or kind < 0.4:
        return rng.choice(PIECES)
    inner = drawn(rng, depth - 1)
    if kind < 0.6:
        return inner + drawn(rng, depth - 1)
    if kind < 0.75:
        return f"(?:{inner}|{drawn(rng, depth - 1)})"
    return f"(?:{inner}){rng.choice(REPEATS)}" if kind < 0.95 else f"({rng.choice(['?i:', '?s:', '?-i:', ''])}{inner})"


@pytest.mark.parametrize("seed", range(4))
def test_drawn_patterns_match_what_python_matches(seed: int) -> None:
    rng = random.Random(seed)
    found = 0
    for _ in range(1500):
        text = rng.choice(["", "(?i)", "(?m)", "(?s)"]) + drawn(rng, 4)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            theirs = re.compile(text)
        ours = Pattern(text)
        for _ in range(5):
            name = "".join(rng.choice("abA1 \né\\-") for _ in range(rng.randrange(7)))
            assert ours.search(name) is bool(theirs.search(name)), (text, name)
            assert ours.fullmatch(name) is bool(theirs.fullmatch(name)), (text, name)
            found += ours.search(name)
    assert 1000 < found < 7000


@pytest.mark.parametrize("text", ["(", "a{2,1}", "*", "[", r"(a)\1", "(?=a)", "(?<!a)b", "(a{100}){1000}", "(?:" * 5000 + ")" * 5000])
def test_what_cannot_be_used_is_refused(text: str) -> None:
    with pytest.raises(BadPattern):
        Pattern(text)


@pytest.mark.parametrize("text", ["(a*)*b", "(a|aa)+$b", "(a|a)*c", "(.*)(.*)(.*)(.*)(.*)(.*)(.*)(.*)b", "(x+x+)+y|(a+a+)+y"])
def test_no_pattern_takes_for_ever(text: str) -> None:
    """Python's own would take longer than the world is old."""
    assert not Pattern(text).search("a" * 20_000)

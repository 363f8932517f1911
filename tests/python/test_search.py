"""Narrowing a range of commits, against all places that a change can have."""

from __future__ import annotations

import math
import random

import pytest

from mpmt.measuring.search import NEW, OLD, SKIPPED, UNCLEAR, Range, narrow


def searched(count: int, change: int, untold: set[int], why: str = SKIPPED) -> tuple[Range, list[int]]:
    """Commits 1 to `count` after 0; `change` is the first that is new."""
    asked: list[int] = []

    def ask(commit: str) -> str:
        asked.append(int(commit))
        return why if int(commit) in untold else NEW if int(commit) >= change else OLD
    found = Range("0", [str(i) for i in range(1, count + 1)])
    narrow(found, ask)
    return found, asked


@pytest.mark.parametrize("count", [1, 2, 3, 4, 7, 8, 12, 33])
def test_wherever_the_change_is_it_is_found_in_as_few_questions_as_a_bisection_needs(count: int) -> None:
    for change in range(1, count + 1):
        found, asked = searched(count, change, set())
        assert found.within == [str(change)] and found.found
        assert (found.good, found.bad) == (str(change - 1), str(change))
        assert len(asked) <= math.ceil(math.log2(count))


@pytest.mark.parametrize("why", [SKIPPED, UNCLEAR])
def test_with_any_commits_untold_the_range_is_the_smallest_that_can_be_known(why: str) -> None:
    rng = random.Random(3)
    for count in range(1, 15):
        for change in range(1, count + 1):
            for _ in range(12):
                untold = {c for c in range(1, count) if rng.random() < rng.choice([0.1, 0.4, 0.8, 1])}
                found, asked = searched(count, change, untold, why)
                told = [c for c in range(1, count) if c not in untold]
                last_good = max((c for c in told if c < change), default=0)
                first_bad = min((c for c in told if c >= change), default=count)
                assert (found.good, found.bad) == (str(last_good), str(first_bad))
                assert found.within == [str(c) for c in range(last_good + 1, first_bad + 1)]
                assert len(asked) == len(set(asked)) and count not in asked and 0 not in asked
                assert set(found.answers) == set(map(str, asked))


def test_the_bad_end_alone_needs_no_question() -> None:
    assert searched(1, 1, set())[1] == []


def test_when_asking_fails_what_was_learned_stays() -> None:
    found = Range("0", [str(i) for i in range(1, 9)])

    def ask(commit: str) -> str:
        if commit == "6":
            raise KeyboardInterrupt
        return OLD
    with pytest.raises(KeyboardInterrupt):
        narrow(found, ask)
    assert (found.good, found.within) == ("4", ["5", "6", "7", "8"])

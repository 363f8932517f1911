"""Narrowing a range of commits down, given somebody who can tell which side of a change a commit is on. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

OLD, NEW = "like good", "like bad"
UNCLEAR, SKIPPED = "unclear", "skipped"  # measured to the cap without an answer; not measurable, e.g. does not build


@dataclass
class Range:
    """The change lies in (good, bad]; `answers`: of every commit that was asked for. `within`: the commits from after good up to
    bad, oldest first. One commit, when all goes well."""

    good: str
    bad: str
    within: list[str]
    answers: dict[str, str] = field(default_factory=dict)

    @property
    def found(self) -> bool:
        return len(self.within) == 1


def narrow(good: str, chain: Sequence[str], ask: Callable[[str], str]) -> Range:
    """Bisects the chain, the commits after `good` up to and including the bad one, oldest first.

    `ask` gives OLD, NEW, UNCLEAR or SKIPPED. Of the commits that may be asked, the one nearest to the middle is next;
    after UNCLEAR and SKIPPED its neighbours are, as in `git bisect skip`. What cannot be told stays in the range.
    """
    found = Range(good, chain[-1], list(chain))
    while candidates := [commit for commit in found.within[:-1] if commit not in found.answers]:
        middle = (len(found.within) - 1) / 2
        commit = min(candidates, key=lambda c: abs(found.within.index(c) + 0.5 - middle))
        answer = found.answers[commit] = ask(commit)
        at = found.within.index(commit)
        if answer == OLD:
            found.good, found.within = commit, found.within[at + 1:]
        elif answer == NEW:
            found.bad, found.within = commit, found.within[:at + 1]
    return found

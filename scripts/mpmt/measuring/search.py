"""Narrowing a range of commits down, given somebody who can tell which side of a change a commit is on. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

OLD, NEW = "like good", "like bad"
UNCLEAR, SKIPPED = "unclear", "skipped"  # measured to the cap without an answer; not measurable, e.g. does not build


@dataclass
class Range:
    """The change lies after `good`, with one of the commits `within`, oldest first, of which the last is known to be bad.
    One commit, when all goes well. `answers`: of every commit that was asked for."""

    good: str
    within: list[str]
    answers: dict[str, str] = field(default_factory=dict)

    @property
    def bad(self) -> str:
        return self.within[-1]

    @property
    def found(self) -> bool:
        return len(self.within) == 1


def narrow(found: Range, ask: Callable[[str], str]) -> None:
    """Bisects the range, step by step: it is right at any time, should `ask` raise.

    `ask` gives OLD, NEW, UNCLEAR or SKIPPED. Of the commits that may be asked, the one nearest to the middle is next;
    after UNCLEAR and SKIPPED its neighbours are, as in `git bisect skip`. What cannot be told stays in the range.
    """
    while candidates := [at for at, commit in enumerate(found.within[:-1]) if commit not in found.answers]:
        at = min(candidates, key=lambda at: abs(at + 1 - len(found.within) / 2))
        commit = found.within[at]
        answer = found.answers[commit] = ask(commit)
        if answer == OLD:
            found.good, found.within = commit, found.within[at + 1:]
        elif answer == NEW:
            found.within = found.within[:at + 1]

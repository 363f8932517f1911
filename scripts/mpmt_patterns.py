"""Regular expressions of users and of files, matched in linear time: none makes a program hang.

Python's `re` parses them, so that they mean what they mean there; but it searches by trying, which can take for ever. Here all
ways to match are followed at once, and the sets of states that come up are remembered. What cannot be matched that way, and
what would take too many states, is refused: references back, what stands ahead or behind, repeats without a way back.
"""

from __future__ import annotations

import argparse
import re
import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Union

from mpmt_shown import shown

with warnings.catch_warnings():  # its older name is deprecated where there is the newer one
    warnings.simplefilter("ignore", DeprecationWarning)
    try:
        from re import _parser as _syntax
    except ImportError:
        import sre_parse as _syntax

MOST_STATES = 20_000
MOST_REMEMBERED = 10_000  # sets of states
_OTHER_KINDS = "is more than a regular language (a reference, what is ahead or behind, or the like)"


class BadPattern(ValueError):
    """The message says what is wrong with it."""


def pattern(text: str) -> Pattern:
    """A regular expression, as an option's value."""
    try:
        return Pattern(text)
    except BadPattern as error:
        raise argparse.ArgumentTypeError(f"'{shown(text, 60)}' is not a regular expression that can be used: {error}") from None


Test = Callable[[str], bool]
Place = tuple[str, str]  # the characters before and after; empty at an end


@dataclass
class _State:
    """Goes on to `then` after a character that passes `test`; where there is none, without one, if `where` permits."""

    test: Union[Test, None] = None
    where: Union[Callable[[Place], bool], None] = None
    then: list[int] = field(default_factory=list)


class Pattern:
    """Raises BadPattern."""

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        self._states = [_State()]  # the first is the end
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                parsed = _syntax.parse(pattern)
            self._start = self._sequence(parsed, parsed.state.flags, 0)
        except (re.error, RecursionError, OverflowError) as error:
            raise BadPattern(str(error) or "nested too deeply") from None
        self._followed: dict[Any, tuple[frozenset[int], bool]] = {}

    def search(self, text: str) -> bool:
        """Whether it is found in the text."""
        return self._run(text, anywhere=True)

    def fullmatch(self, text: str) -> bool:
        """Whether the text is what it describes, from its first to its last character."""
        return self._run(text, anywhere=False)

    # ---- matching --------------------------------------------------------------------------------------

    def _run(self, text: str, anywhere: bool) -> bool:
        waiting: frozenset[int] = frozenset()
        for at in range(len(text) + 1):
            starts = waiting | {self._start} if anywhere or at == 0 else waiting
            if not starts:
                return False
            before, after = text[at - 1:at] if at else "", text[at:at + 1]
            last = at + 1 >= len(text)
            waiting, ended = self._step(starts, before, after, last)
            if ended and (anywhere or at == len(text)):
                return True
        return False

    def _step(self, starts: frozenset[int], before: str, after: str, last: bool) -> tuple[frozenset[int], bool]:
        """The states after this character, and whether the end was reached before it."""
        key = (starts, before, after, last)
        if key not in self._followed:
            if len(self._followed) >= MOST_REMEMBERED:
                self._followed.clear()
            reached = self._without_a_character(starts, before, after, last)
            passed = (state for state in map(self._states.__getitem__, reached) if state.test and after and state.test(after))
            self._followed[key] = frozenset(number for state in passed for number in state.then), 0 in reached
        return self._followed[key]

    def _without_a_character(self, starts: Iterable[int], before: str, after: str, last: bool) -> set[int]:
        reached, left = set(starts), list(starts)
        place = (before, after if not (last and after == "\n") else "\n$")  # a line end that ends the text
        while left:
            state = self._states[left.pop()]
            if state.test is None and (state.where is None or state.where(place)):
                new = [number for number in state.then if number not in reached]
                reached.update(new)
                left += new
        return reached

    # ---- building: each returns where it begins, given where it goes on -----------------------------------

    def _new(self, state: _State) -> int:
        if len(self._states) >= MOST_STATES:
            raise BadPattern("is too large when its repeats are written out")
        self._states.append(state)
        return len(self._states) - 1

    def _sequence(self, parsed: Any, flags: int, then: int) -> int:
        for kind, value in reversed(list(parsed)):
            then = self._part(str(kind), value, flags, then)
        return then

    def _part(self, kind: str, value: Any, flags: int, then: int) -> int:
        if kind == "SUBPATTERN":
            _, added, removed, inner = value
            return self._sequence(inner, (flags | added) & ~removed, then)
        if kind == "BRANCH":
            return self._new(_State(then=[self._sequence(branch, flags, then) for branch in value[1]]))
        if kind in ("MAX_REPEAT", "MIN_REPEAT"):
            return self._repeat(*value, flags, then)
        if kind == "AT":
            return self._new(_State(where=_place_test(str(value), flags), then=[then]))
        return self._new(_State(test=_character_test(kind, value, flags), then=[then]))

    def _repeat(self, least: int, most: Any, inner: Any, flags: int, then: int) -> int:
        if most == _syntax.MAXREPEAT:
            loop = self._new(_State(then=[then]))
            self._states[loop].then.append(self._sequence(inner, flags, loop))
            begin = loop
        else:
            begin = then
            for _ in range(most - least):
                begin = self._new(_State(then=[then, self._sequence(inner, flags, begin)]))
        for _ in range(least):
            before = len(self._states)
            begin = self._sequence(inner, flags, begin)
            if len(self._states) == before:  # nothing to repeat
                break
        return begin


def _character_test(kind: str, value: Any, flags: int) -> Test:
    if kind == "ANY":
        return (lambda c: True) if flags & re.DOTALL else (lambda c: c != "\n")
    if kind in ("LITERAL", "NOT_LITERAL"):
        kind, value = "IN", [*([("NEGATE", None)] if kind == "NOT_LITERAL" else []), ("LITERAL", value)]
    if kind != "IN":
        raise BadPattern(_OTHER_KINDS)
    # One character against one class: `re` takes no time for that.
    negated = any(str(member) == "NEGATE" for member, _ in value)
    members = "".join(_member(str(member), what) for member, what in value if str(member) != "NEGATE")
    only = re.compile(f"[{'^' if negated else ''}{members}]", flags & (re.IGNORECASE | re.ASCII) | re.DOTALL)
    return lambda c: only.match(c) is not None


_CATEGORIES = {"CATEGORY_DIGIT": r"\d", "CATEGORY_NOT_DIGIT": r"\D", "CATEGORY_SPACE": r"\s", "CATEGORY_NOT_SPACE": r"\S",
               "CATEGORY_WORD": r"\w", "CATEGORY_NOT_WORD": r"\W"}


def _member(kind: str, value: Any) -> str:
    if kind == "CATEGORY":
        return _CATEGORIES[str(value)]
    return "-".join(f"\\U{code:08x}" for code in (value if kind == "RANGE" else (value,)))


def _place_test(kind: str, flags: int) -> Callable[[Place], bool]:
    lines = flags & re.MULTILINE
    if kind in ("AT_BEGINNING", "AT_BEGINNING_STRING"):
        several = lines and kind == "AT_BEGINNING"
        return lambda place: not place[0] or bool(several and place[0] == "\n")
    if kind in ("AT_END", "AT_END_STRING"):
        ends = ("",) if kind == "AT_END_STRING" else ("", "\n$", "\n") if lines else ("", "\n$")
        return lambda place: place[1] in ends
    word = re.compile(r"\w", flags & re.ASCII)
    boundary = kind == "AT_BOUNDARY"
    return lambda place: (bool(word.match(place[0])) != bool(word.match(place[1]))) is boundary

"""Regular expressions of users and of files: none makes a program hang.

They mean what they mean to Python's `re`, by the library `regex`, which can be told to give up: there are expressions that
any matcher that searches by trying would try for ever, and the interpreter takes no signal meanwhile.
"""

from __future__ import annotations

import argparse
import warnings
from collections.abc import Callable

import regex

from mpmt.base.command_line import Problem
from mpmt.base.shown import shown

MOST_S = 0.5  # for one name: a million times what a usual expression takes


class BadPattern(ValueError):
    """The message says what is wrong with it."""


def pattern(text: str) -> Pattern:
    """A regular expression, as an option's value."""
    try:
        return Pattern(text)
    except BadPattern as error:
        raise argparse.ArgumentTypeError(f"'{shown(text, 60)}' is not a regular expression that can be used: {error}") from None


class Pattern:
    """Raises BadPattern."""

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                self._compiled = regex.compile(pattern, regex.VERSION0)
        except (regex.error, OverflowError, ValueError, LookupError) as error:  # the last two: flags
            raise BadPattern(str(error)) from None
        except (RecursionError, MemoryError):
            raise BadPattern("nested too deeply, or too large") from None

    def search(self, text: str) -> bool:
        """Whether it is found in the text. Raises Problem when that takes too long."""
        return self._tried(self._compiled.search, text)

    def fullmatch(self, text: str) -> bool:
        """Whether the text is what it describes, from its first to its last character. Raises Problem likewise."""
        return self._tried(self._compiled.fullmatch, text)

    def _tried(self, match: Callable[..., object], text: str) -> bool:
        try:
            return match(text, timeout=MOST_S) is not None
        except TimeoutError:
            raise Problem(f"the regular expression '{shown(self.pattern, 60)}' takes longer than {MOST_S:g} s to be tried on "
                          f"'{shown(text, 60)}': write it without repeats inside repeats") from None

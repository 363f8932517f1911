"""Lines for a terminal: harmless whatever was put into them, of characters that it can show, and no longer than it is wide."""

from __future__ import annotations

import os
import re
import shutil
import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from mpmt.base.shown import shown

LEAST_WIDTH, WIDTH, MOST_WIDTH = 40, 100, 1000  # in columns; WIDTH: where there is no terminal
_LONGEST = 2000  # characters of a text
_UNICODE = "█▏▁●├─┤│…µ÷–≈"  # what is drawn and written
_ASCII = str.maketrans({"–": "-", "—": "-", "−": "-", "‐": "-", "…": "...", "µ": "u", "μ": "u", "÷": "/", "×": "x", "±": "+-",
                        "≤": "<=", "≥": ">=", "≈": "~", "→": "->", "·": "-", "\u2019": "'", "“": '"', "”": '"', "\xa0": " "})


class Stream(Protocol):
    @property
    def encoding(self) -> str | None: ...

    def isatty(self) -> bool: ...


def fits_unicode(stream: Stream) -> bool:
    """Whether the stream's encoding, which is that of the locale, has what we draw with."""
    try:
        _UNICODE.encode(stream.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def width_of(stream: Stream, otherwise: int = WIDTH) -> int:
    """Columns of the terminal that the stream is, or what COLUMNS says, within our bounds; `otherwise`: there is neither."""
    if not stream.isatty() and not os.environ.get("COLUMNS", "").isdecimal():
        return otherwise
    return min(MOST_WIDTH, max(LEAST_WIDTH, shutil.get_terminal_size((WIDTH, 24)).columns))


def fit(stream: Stream) -> tuple[int, bool]:
    """Width and `unicode` for the text of a command whose lines stay whole where no terminal is: others' programs read them."""
    return width_of(stream, MOST_WIDTH), fits_unicode(stream)


class _Wrapper(textwrap.TextWrapper):
    """Breaks lines behind slashes, too, and not at hyphens: names of benchmarks have no blanks."""

    wordsep_re = re.compile(r"(\s+|(?<=/)(?=[^\s/]))")


@dataclass(frozen=True)
class Form:
    """What lines have to fit."""

    width: int
    unicode: bool

    def said(self, text: object, limit: int = _LONGEST) -> str:
        """As one line of its characters, cut to `limit`; at times a little longer in ASCII."""
        made = shown(text, limit)
        return made if self.unicode else made.translate(_ASCII).encode("ascii", "backslashreplace").decode()

    def cut(self, text: object, limit: int) -> str:
        """`said`, and never longer than `limit`."""
        made = self.said(text, limit + 1)
        return made if len(made) <= limit else self.end_of_cut(made, limit)

    def end_of_cut(self, made: str, limit: int) -> str:
        dots = "…" if self.unicode else "..."
        return made[:max(0, limit - len(dots))] + dots[:limit]

    def wrapped(self, text: object, indent: str = "", limit: int = _LONGEST) -> list[str]:
        """A paragraph; its lines but the first are indented."""
        return self.folded(self.said(text, limit), self.width, indent) or [""]

    def folded(self, made: str, width: int, indent: str = "") -> list[str]:
        """What was `said` already, in lines of `width`."""
        return _Wrapper(width=max(1, width), subsequent_indent=indent, break_long_words=True).wrap(made)

    def command(self, text: str, indent: str) -> list[str]:
        """A command to be copied: where it is too long, its lines end as a shell's do."""
        lines = textwrap.wrap(self.said(text), self.width - 2, initial_indent=indent, subsequent_indent=indent + "  ",
                              break_long_words=False, break_on_hyphens=False)
        return [f"{line} \\" for line in lines[:-1]] + lines[-1:]

    def closed(self, lines: Iterable[str]) -> list[str]:
        """All of them once more: what became the beginning of a line may be read as a command now."""
        return [self.cut(line.rstrip(), self.width) for line in lines]

    def plural(self, count: int, more: str) -> str:
        return self.said(f"… {count} more{more}")


def widest(texts: Sequence[str]) -> int:
    return max(map(len, texts), default=0)

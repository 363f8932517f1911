"""Texts that fit: measured, wrapped and cut. Sizes are in points, lengths in inches."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Sequence

from matplotlib.backends.backend_agg import RendererAgg
from matplotlib.font_manager import FontProperties

from mpmt.base.shown import shown

_DPI = 300  # fine, so that rounding to dots does not matter
_SPACE = re.compile("(?<![0-9]) ")  # a number stays with its unit
_MOST = 600  # characters of any text
_SLACK = 1.02  # another resolution rounds in another way


def width(text: str, size: float, bold: bool = False) -> float:
    return _width(text, size, bold) if text else 0.0


@functools.lru_cache(1 << 14)
def _width(text: str, size: float, bold: bool) -> float:
    font = FontProperties(family="DejaVu Sans", size=size, weight="bold" if bold else "normal")
    wide, _, _ = _renderer().get_text_width_height_descent(text, font, False)
    return float(wide) / _DPI * _SLACK


@functools.lru_cache(1)
def _renderer() -> RendererAgg:
    return RendererAgg(8, 8, _DPI)


def widest(texts: Sequence[str], size: float) -> float:
    return max((width(text, size) for text in texts), default=0.0)


def pitch(size: float) -> float:
    """From one line of text to the next."""
    return size / 72 * 1.36


def harmless(text: object) -> str:
    """As one line, of what is untrusted."""
    return shown(text, _MOST)


def cut(text: str, room: float, size: float, bold: bool = False) -> str:
    """Its beginning and "…", where it is wider than `room`."""
    if width(text, size, bold) <= room:
        return text
    return _longest(lambda count: text[:count].rstrip() + "…", len(text) - 1, room, size, bold)


def cut_middle(text: str, room: float, size: float) -> str:
    """Both ends, since names of benchmarks often differ at their ends."""
    if width(text, size) <= room:
        return text
    return _longest(lambda count: text[:count - count // 3].rstrip() + "…" + text[len(text) - count // 3:].lstrip(),
                    len(text) - 1,
                    room, size, False)


def _longest(made: Callable[[int], str], most: int, room: float, size: float, bold: bool) -> str:
    low, high = 0, most
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if width(made(middle), size, bold) <= room else (low, middle - 1)
    return made(low)


def wrapped(text: str, room: float, size: float, most: int = 99, bold: bool = False) -> list[str]:
    """In at most `most` lines, the last one cut where that is not enough."""
    lines: list[str] = []
    words = _SPACE.split(harmless(text))
    while words:
        if len(lines) == most - 1:
            return [*lines, cut(" ".join(words), room, size, bold)]
        line = words.pop(0)
        while words and width(f"{line} {words[0]}", size, bold) <= room:
            line += f" {words.pop(0)}"
        if width(line, size, bold) > room:  # one word that is too long
            head = _head(cut(line, room, size, bold)[:-1] or line[:1])
            words.insert(0, line[len(head):])
            line = head
        lines.append(line)
    return [line for line in lines if line]


def _head(line: str) -> str:
    """Of a word that has to be broken: up to a sign that parts it, if one is near."""
    place = max(line.rfind(sign) for sign in "/:_-,")
    return line[:place + 1] if place > len(line) // 2 else line

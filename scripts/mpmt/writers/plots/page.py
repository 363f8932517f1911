"""A sheet of paper, in inches from its upper left corner: blocks of text and charts, one below the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mpmt.base.files import whole_file
from mpmt.writers.plots import texts
from mpmt.writers.plots.style import BLACK

WIDTH = 7.2  # inches: two columns of a paper
MARGIN = 0.12
INNER = WIDTH - 2 * MARGIN


class Page:
    def __init__(self, height: float) -> None:
        self.height = height
        self.figure = Figure(figsize=(WIDTH, height))

    def text(self, x: float, y: float, text: str, size: float, color: str = BLACK, **more: Any) -> None:
        """`y`: of its upper edge, unless `va` says otherwise. `text` fits: see texts.py."""
        self.figure.text(x / WIDTH, 1 - y / self.height, text, fontsize=size, color=color, **{"va": "top", **more})

    def axes(self, x: float, y: float, width: float, height: float) -> Axes:
        return self.figure.add_axes((x / WIDTH, 1 - (y + height) / self.height, width / WIDTH, height / self.height))

    def add(self, artist: Artist) -> None:
        """That has its place in inches from the lower left corner."""
        artist.set_transform(self.figure.dpi_scale_trans)
        self.figure.add_artist(artist)


class Block(Protocol):
    height: float

    def draw(self, page: Page, top: float) -> None: ...


@dataclass
class Gap:
    height: float

    def draw(self, page: Page, top: float) -> None:
        pass


class Words:
    """Wrapped to the width of the sheet, in at most `most` lines."""

    def __init__(self, text: str, size: float, color: str = BLACK, bold: bool = False, most: int = 4) -> None:
        self._lines = texts.wrapped(text, INNER, size, most, bold)
        self._look: dict[str, Any] = {"size": size, "color": color, "fontweight": "bold" if bold else "normal"}
        self._pitch = texts.pitch(size)
        self.height = self._pitch * len(self._lines)

    def draw(self, page: Page, top: float) -> None:
        for at, line in enumerate(self._lines):
            page.text(MARGIN, top + at * self._pitch, line, **self._look)


def height_of(blocks: Sequence[Block]) -> float:
    return 2 * MARGIN + sum(block.height for block in blocks)


def drawn(blocks: Sequence[Block]) -> Figure:
    page, top = Page(height_of(blocks)), MARGIN
    for block in blocks:
        block.draw(page, top)
        top += block.height
    return page.figure


def save(figure: Figure, target: Path, form: str, dpi: int) -> Path:
    """Writes the figure as `form` (png, svg), whole or not at all. Raises OSError."""
    with whole_file(target) as file:
        figure.savefig(file, format=form, dpi=dpi, metadata={"Date": None} if form == "svg" else None)
    return target

"""Charts of bare channels: round trips and bandwidth by size, and one CPU against two."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from mpmt.answers import words
from mpmt.views.measured import Case, side_of
from mpmt.views.view import DOTS, FLOOR, LINES, PROCESSES, THREADS, Axis, Chart, Panel, Point, Series

MOST_SERIES = 7  # of a panel; more become further panels
PLACEMENTS = {"spread": "two CPUs", "same": "one CPU", "free": "not pinned"}
SIDES = ("processes", "threads")
WAITS = ("block", "yield", "spin")
_ENDS = ("same", "spread")
_CPUS_BYTES = (64, 65536)  # one CPU against two: of the sizes nearest to these


@dataclass(frozen=True)
class Drawn:
    """What is drawn of one record; `prefix`: of its panels' titles; `labels` by case."""

    cases: Sequence[Case]
    labels: dict[str, str]
    prefix: str
    number: int


@dataclass(frozen=True)
class _Kind:
    pattern: str
    title: str
    reading: str
    y: Axis
    value: Callable[[float, int], float]  # of a round's ns, and bytes
    untouched: bool


_KINDS = (
    _Kind("ping_pong", "Round trip by size of the message", "Lower is better: median of the rounds, and from the lowest to the "
          "highest. Floors: the barest way, one message at a time.", Axis("round trip", "ns", True), lambda ns, _: ns, True),
    _Kind("stream", "Bandwidth of a stream by size of the message", "Higher is better: median of the rounds, and from the "
          "lowest "
          "to the highest. Floors: the barest way, one message at a time.", Axis("bandwidth", "bytes/s", True),
          lambda ns, size: size * 1e9 / ns, False),
)


def nearest(sizes: Sequence[int], wanted: Sequence[int]) -> list[int]:
    """The sizes, in bytes, that are nearest to those that are wanted, by their ratio; each once, ascending."""
    return sorted({min(sizes, key=lambda size: max((size + 1) / (want + 1), (want + 1) / (size + 1))) for want in wanted
                   if sizes})


def charts(drawn: Sequence[Drawn]) -> list[Chart]:
    made = [chart for kind in _KINDS if (chart := _by_size(drawn, kind))]
    cpus = _cpus(drawn)
    return [*made, *([cpus] if cpus else [])]


# ---- by size -----------------------------------------------------------------------------------------------


def _by_size(drawn: Sequence[Drawn], kind: _Kind) -> Chart | None:
    """Lines over sizes; of one size alone, dots over channels."""
    found = [(one, [case for case in one.cases if case.said["pattern"] == kind.pattern
                    and (case.said["touched"] or kind.untouched)])
             for one in drawn]
    sizes = {case.said["message_bytes"] for _, cases in found for case in cases}
    if not sizes:
        return None
    panels = tuple(panel for one, cases in found for panel in _panels(one, cases, kind))
    channels = len({series.name for panel in panels for series in panel.series if series.side != FLOOR})
    description = (f"{kind.title}, for {words.plural(channels, 'channel')} and messages from {words.size(min(sizes))} to "
                   f"{words.size(max(sizes))}; the table has every value.")
    if len(sizes) > 1:
        return Chart(LINES, kind.title, kind.reading, description, Axis("message", "bytes", True), kind.y, panels)
    names = tuple(dict.fromkeys(series.name for panel in panels for series in panel.series))
    dotted = tuple(Panel(panel.name, panel.title, tuple(_dotted(series) for series in panel.series), note=panel.note)
                   for panel in panels)
    title = f"{kind.title.split(' by size')[0]}, messages of {words.size(min(sizes))}"
    return Chart(DOTS, title, kind.reading, description, kind.y, Axis("", "", values=names), dotted)


def _dotted(series: Series) -> Series:
    points = tuple(Point(point.y, series.name, point.low, point.high, marks=point.marks) for point in series.points)
    return Series(series.name, series.side, points, series.channel, series.number, line=False)


def _panels(one: Drawn, cases: Sequence[Case], kind: _Kind) -> Iterator[Panel]:
    """One for sides, placement and way to wait, with the floors of those. Where that would be too many lines, the fastest
    channels come first, and of the floors the best alone is there."""
    for sides in SIDES:
        for placement in PLACEMENTS:
            here = [case for case in cases if (case.said["sides"], case.said["placement"]) == (sides, placement)]
            floors = [case for case in here if case.said["floor"]]
            channels = [case for case in here if not case.said["floor"]]
            title = f"{one.prefix}between {sides}, {PLACEMENTS[placement]}"
            stem = f"{kind.pattern}-{sides}-{placement}" + (f"-{one.number}" if one.prefix else "")
            for wait in [wait for wait in WAITS if any(case.said["wait"] == wait for case in channels)]:
                lines = _series(one, [case for case in channels if case.said["wait"] == wait], kind)
                yield from _dealt(Panel(f"{stem}-{wait}", f"{title}, {wait}", tuple(lines)), _series(one, floors, kind),
                                  _envelope(floors, kind))
            if floors and not channels:
                yield Panel(f"{stem}-floors", f"{title}, floors", tuple(_series(one, floors, kind)))


def _dealt(panel: Panel, floors: Sequence[Series], best: Sequence[Series]) -> Iterator[Panel]:
    """The panel with its floors; or as many as it takes, each with the best of them."""
    lines = panel.series
    if len(lines) + len(floors) <= MOST_SERIES:
        yield Panel(panel.name, panel.title, (*lines, *floors))
        return
    note = f"the best of {words.plural(len(floors), 'floor')}; the table has all" if len(floors) > 1 else ""
    count = -(-len(lines) // (MOST_SERIES - len(best)))
    each = -(-len(lines) // count)
    for at in range(count):
        part_of = (f"-{at + 1}", f" ({at + 1} of {count})") if count > 1 else ("", "")
        yield Panel(panel.name + part_of[0], panel.title + part_of[1], (*lines[at * each:(at + 1) * each], *best), note=note)


def _envelope(floors: Sequence[Case], kind: _Kind) -> list[Series]:
    """The best of all floors at each size, as one line."""
    best: dict[int, Case] = {}
    for case in sorted(floors, key=lambda case: -case.median):
        best[case.said["message_bytes"]] = case
    return [Series("the best floor", FLOOR, tuple(_point(best[size], kind) for size in sorted(best)))] if best else []


def _series(one: Drawn, cases: Sequence[Case], kind: _Kind) -> list[Series]:
    """A line for each channel, and variant of it; the fastest at the middle size first."""
    by_label: dict[str, list[Case]] = {}
    for case in cases:
        by_label.setdefault(one.labels[case.name], []).append(case)
    made = []
    for label, found in by_label.items():
        points = tuple(_point(case, kind) for case in sorted(found, key=lambda case: case.said["message_bytes"]))
        channel = "" if found[0].said["floor"] else found[0].said["channel"]
        made.append((found[len(found) // 2].median, Series(label, side_of(found[0].said), points, channel, one.number,
                                                           band=True)))
    return [series for _, series in sorted(made, key=lambda pair: (pair[0], pair[1].name))]


def _point(case: Case, kind: _Kind) -> Point:
    size = case.said["message_bytes"]
    ends = sorted((kind.value(case.low, size), kind.value(case.high, size)))
    several = len(case.rounds) > 1
    return Point(size, kind.value(case.median, size), ends[0] if several else None, ends[1] if several else None,
                 marks=case.marks)


# ---- one CPU against two -----------------------------------------------------------------------------------


def _cpus(drawn: Sequence[Drawn]) -> Chart | None:
    """Round trips with both sides on one CPU and on two, a row for each."""
    panels = tuple(panel for one in drawn for panel in _cpus_panels(one))
    names = tuple(dict.fromkeys(str(point.y) for panel in panels for series in panel.series for point in series.points))
    if not panels:
        return None
    return Chart(DOTS, "One CPU against two: round trips", "Left is better. On one CPU each switch is the scheduler's; on two "
                 "a waker has to reach "
                 "another CPU, or a cache line has to travel.",
                 "For each channel its median round trip with both sides on one CPU and on two, from the lowest to the highest "
                 "round.",
                 Axis("round trip", "ns", True), Axis("", "", values=names), panels)


def _cpus_panels(one: Drawn) -> Iterator[Panel]:
    """One for each size and way to wait; floors, which have none, are in the first of a size."""
    found: dict[tuple[Any, ...], dict[tuple[str, str], dict[str, Case]]] = {}
    for case in one.cases:
        said = case.said
        if said["pattern"] == "ping_pong" and said["touched"] and said["placement"] in _ENDS:
            pairs = found.setdefault((said["message_bytes"], said["wait"]), {}).setdefault((side_of(said), said["channel"]), {})
            before = pairs.get(said["placement"])
            if before is None or (case.unstable, case.median) < (before.unstable, before.median):  # the fastest variant
                pairs[said["placement"]] = case
    sizes = sorted({size for size, _ in found})
    for size in nearest(sizes, _CPUS_BYTES):
        waits: list[str | None] = [wait for wait in WAITS if (size, wait) in found] or [None]
        for wait in waits:
            floors = found.get((size, None), {}) if wait == waits[0] else {}
            both = {key: pair for key, pair in {**floors, **found.get((size, wait), {})}.items() if len(pair) == len(_ENDS)}
            if both:
                stem = f"cpus-{size}" + (f"-{wait}" if wait else "") + (f"-{one.number}" if one.prefix else "")
                yield Panel(stem, f"{one.prefix}{words.size(size)}" + (f", {wait}" if wait else ""),
                            tuple(_cpus_series(one, both)))


def _cpus_series(one: Drawn, both: dict[tuple[str, str], dict[str, Case]]) -> Iterator[Series]:
    for side, name in ((PROCESSES, "between processes"), (THREADS, "between threads"), (FLOOR, "floor")):
        rows = sorted(((channel, pair) for (its, channel), pair in both.items() if its == side),
                      key=lambda row: row[1]["same"].median)
        points = tuple(Point(case.median, f"{channel}, {PLACEMENTS[placement]}", case.low, case.high, marks=case.marks)
                       for channel, pair in rows for placement, case in ((end, pair[end]) for end in _ENDS))
        if points:
            yield Series(name, side, points, number=one.number, line=False)

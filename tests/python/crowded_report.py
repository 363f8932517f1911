"""Invented views that are hard to draw: many and long names, many panels, values far apart; for tests of pictures."""

from __future__ import annotations

from mpmt.views.view import (BARS, BASELINE, DOTS, FEW_ROUNDS, FLOOR, HEAT, IDEAL, LINES, OVERSUBSCRIBED, PROCESSES, PROGRAM,
                             THREADS,
                             UNDECIDED, UNSTABLE, Axis, Chart, Line, Panel, Point, Series, View)

CHANNELS = ("shm_ring", "shm_arena", "eventfd_ring", "by_reference", "boost_queue", "boost_condition", "pipe", "unix_stream",
            "unix_seqpacket", "tcp_loopback", "posix_queue", "a_channel_of_tomorrow", "another_one_that_nobody_knows")
SIZES = (0, 64, 4096, 65536, 1 << 20)
LONG = "a_workload_with_a_name_that_nobody_would_type/grain:123456789/payload:1048576/channel:unix_seqpacket/workers:128 " * 3
HOSTILE = ("</script><script>alert(1)</script>", "$x_1$ $\\frac{", "_hidden", "a\nb\x1b[2J", "名前 " * 30, "\u202eabc", "%s{0}",
           "x" * 900)


def _curve(channel: str, side: str, at: int) -> Series:
    points = tuple(Point(size, (1 + at) * 1e3 * (1 + size / 3e3), (1 + at) * 0.8e3 * (1 + size / 3e3),
                         (1 + at) * 1.3e3 * (1 + size / 3e3),
                         marks=((), (UNSTABLE,), (FEW_ROUNDS,), (), (OVERSUBSCRIBED,))[(at + where) % 5]) for where,
                   size in enumerate(SIZES))
    return Series(f"{side} over {channel}", side, points, channel, band=bool(at % 2))


def channels(panels: int) -> View:
    """13 channels on both sides, and a floor, in so many panels."""
    series = tuple(_curve(channel, side, at) for at, channel in enumerate(CHANNELS) for side in (THREADS, PROCESSES))
    floor = Series("a cache line across two CPUs", FLOOR, tuple(Point(size, 200.0) for size in SIZES))
    chart = Chart(LINES, "Latency against the size of a message", "Lower is better.", "", Axis("size", "bytes", True),
                  Axis("round trip", "ns", True),
                  tuple(Panel(f"p{at}", f"placement {at}, {LONG}" if at % 2 else f"placement {at}", (*series, floor),
                                                              (Line(500.0, "what the kernel allows"),),
                              "a note " * 40 * (at % 3))
                                                        for at in range(panels)))
    return View("channels", "Channels", "Which?", (LONG, "short."), (chart,))


def per_channel() -> View:
    """As part of the real views has it: a panel for each channel."""
    panels = tuple(Panel(channel, channel, (_curve(channel, THREADS, at), _curve(channel, PROCESSES, at + 1))) for at,
                   channel in enumerate(CHANNELS))
    chart = Chart(LINES, "By size", "Lower is better.", "", Axis("size", "bytes", True), Axis("round trip", "ns", True), panels)
    return View("per-channel", "Channels", "Which?", (), (chart,))


def rows(count: int, panels: int = 1) -> View:
    """Dots and bars of many rows with long names, some of them wide beyond any axis."""
    names = tuple(f"{LONG[:at * 7 % 300]}{at}" for at in range(count))
    marks = ((), (UNSTABLE,), (FEW_ROUNDS,), (UNDECIDED,), (UNSTABLE, FEW_ROUNDS))
    sides = (Series("B against A", PROGRAM, tuple(Point(1 + at / 50, name, 0.9 + at / 50, 1.2 + at / 50 if at % 7 else 1e6,
                                                        marks=marks[at % 5],
                                                        text=f"{at} % slower") for at, name in enumerate(names)), number=1,
                    line=False),
             Series("C against A", PROGRAM, tuple(Point(2.0, name) for name in names[::3]), number=2, line=False))
    charts = [Chart(kind, f"{kind} of {LONG}", LONG, "", *(axes if kind == DOTS else reversed(axes)),
                    tuple(Panel(f"{kind}{at}", f"{kind} {at} {LONG}", sides if kind == DOTS
                                else tuple(_turned(one) for one in sides),
                                (Line(1.0, "equal"), Line(0.97, "margin", 1.03)), LONG) for at in range(panels)))
              for kind in (DOTS, BARS) for axes in [(Axis(LONG, "ratio", True), Axis("", "", values=names))]]
    return View("rows", LONG, "?", (LONG, LONG, LONG), tuple(charts), notes=(LONG,) * 9)


def _turned(series: Series) -> Series:
    return Series(series.name, series.side, tuple(Point(point.y, point.x, point.low, point.high, marks=point.marks)
                                                  for point in series.points),
                  number=series.number)


def heat(columns: int, height: int, panels: int) -> View:
    xs, ys = tuple(f"{4 ** at} KiB of data" for at in range(columns)), tuple(f"{LONG[:40]}{at}" if at % 5 == 4 else f"{at} µs"
                                                                             for at in range(height))
    points = tuple(Point(x, y, value=(1 + at) ** (1.0 if under % 2 else -0.5), marks=(UNSTABLE,) if at == under else (),
                         text="≈" if at == 0 else "")
                   for at, x in enumerate(xs) for under, y in enumerate(ys))
    chart = Chart(HEAT, "Processes ÷ threads", "Blue: threads.", "", Axis("payload", "", values=xs),
                  Axis("a task takes", "", values=ys),
                  tuple(Panel(f"h{at}", f"{LONG[:90]} {at}", (Series("ratio", "", points),)) for at in range(panels)),
                  Axis("ratio", "ratio", True))
    return View("heat", "Where", "?", (), (chart,))


def workers(panels: int, counts: tuple[int, ...] = (1, 2, 4, 8, 16, 32, 64, 128)) -> View:
    def series(name: str, side: str, share: float, number: int) -> Series:
        return Series(name, side, tuple(Point(count, count ** share, count ** share * 0.9, count ** share * 1.1,
                                              marks=(OVERSUBSCRIBED,) if count > 16 else ()) for count in counts),
                      "shm_ring" * (side != IDEAL),
                      number, band=True)
    chart = Chart(LINES, "Speed-up", "Higher is better.", "", Axis("workers", "count", True), Axis("speed-up", "ratio", True),
                  tuple(
        Panel(f"w{at}", f"workload {at}", (series("threads", THREADS, 0.95, 0), series("processes", PROCESSES, 0.8, 0),
                                           series("threads, again", THREADS, 0.9, 1),
                                          series("processes, again", PROCESSES, 0.75, 1), series("serial", BASELINE, 0.0, 0),
                                           series("ideal", IDEAL, 1.0, 0)),
              (Line(13.0, "capacity of the CPUs"),)) for at in range(panels)))
    return View("workers", "Scaling", "?", ("With 128 workers.",), (chart,))


def percentiles(panels: int, categories: tuple[str, ...] = ("p50", "p90", "p99", "p99.9", "p99.99")) -> View:
    series = tuple(Series(f"program {at}", PROGRAM,
                          tuple(Point(name, (1 + at) * 10.0 ** (3 + place % 5), (0.8 + at) * 10.0 ** (3 + place % 5),
                                      (2 + at) * 10.0 ** (3 + place % 5))
                                                          for place, name in enumerate(categories)), number=at)
                   for at in range(6))
    chart = Chart(LINES, "Percentiles", "Lower is better.", "", Axis("percentile", "", values=categories),
                  Axis("latency", "ns", True),
                  tuple(Panel(f"l{at}", f"rate {at}", series) for at in range(panels)))
    return View("percentiles", "Latency", "?", (), (chart,))


def hostile() -> View:
    series = tuple(Series(name, PROGRAM, (Point(1, 1.0 + at), Point(2, 2.0 + at)), name, at) for at,
                   name in enumerate(HOSTILE[:5]))
    lines = Chart(LINES, HOSTILE[0], HOSTILE[1], "", Axis(HOSTILE[2], "count"), Axis(HOSTILE[3], "ratio"),
                  (Panel("a", HOSTILE[4], series),))
    dots = Chart(DOTS, HOSTILE[5], HOSTILE[6], "", Axis("x", "ns"), Axis("", "", values=HOSTILE),
                 (Panel("b", HOSTILE[7],
                        (Series("all", THREADS, tuple(Point(float(at), name, text=name) for at,
                                                      name in enumerate(HOSTILE))),)),))
    return View("hostile", HOSTILE[7], "?", HOSTILE, (lines, dots), notes=HOSTILE)


CROWDED = {
    "13 channels, 1 panel": channels(1), "13 channels, 12 panels": channels(12), "a panel per channel": per_channel(),
    "3 rows": rows(3), "150 rows": rows(150), "12 panels of rows": rows(5, 12), "heat 3 x 3": heat(3, 3, 1),
           "heat 40 x 40": heat(40, 40, 1),
    "12 heat maps": heat(5, 6, 12), "scaling": workers(1), "12 panels of scaling": workers(12),
           "one worker count": workers(1, (4,)),
    "one worker count, 12 panels": workers(12, (4,)), "percentiles": percentiles(1), "percentiles, 12 panels": percentiles(12),
    "100 commits": percentiles(2, tuple(f"{at:010x}" for at in range(100))), "hostile names": hostile(),
}

"""A report with a chart of every kind, for tests of writers: no record stands behind it."""

from __future__ import annotations

from mpmt.answers.rows import Row
from mpmt.views.view import (BARS, BASELINE, DOTS, FEW_ROUNDS, FLOOR, HEAT, IDEAL, LINES, OVERSUBSCRIBED, PROCESSES, THREADS,
                             UNSTABLE, Axis, Chart, Column, Line, Missing, Panel, Point, Report, Series, Subject, Table, View)

WORKERS = (1, 2, 4, 8)
GRAINS = {1: 1_000.0, 50: 50_000.0, 1000: 1_000_000.0}  # and ns per task


def rows(workload: str = "hash_chain") -> tuple[Row, ...]:
    """Threads are faster the shorter the task and the larger the payload; from a millisecond on both are the same."""
    return tuple(_row(workload, grain, task_ns, payload, workers)
                 for grain, task_ns in GRAINS.items() for payload in (0, 1024, 65536) for workers in (1, 2, 4))


def _row(workload: str, grain: int, task_ns: float, payload: int, workers: int) -> Row:
    ratio = 1 + (0.2 + payload / 200_000) * 1_000 / task_ns * workers
    verdict = "a" if ratio > 1.05 else "same"
    return Row(0, "controlled", "threads", "processes", workload, grain, task_ns, payload, workers, "spread", "shm_ring", 1, 2,
               "block", ratio, ratio * 0.985, ratio * 1.015, verdict, 0.04, 8, "", 0.03, 0.95)


def _speedups(name: str, side: str, channel: str, loss: float) -> Series:
    points = tuple(Point(w, w * (1 - loss * w), w * (1 - loss * w) * 0.95, w * (1 - loss * w) * 1.05,
                         marks=(OVERSUBSCRIBED,) if w > 4 else ()) for w in WORKERS)
    return Series(name, side, points, channel, band=True)


def scaling() -> View:
    panels = tuple(Panel(name, f"{name}, 1 ms a task", (
        _speedups("threads over shm_ring", THREADS, "shm_ring", 0.01),
        _speedups("processes over shm_ring", PROCESSES, "shm_ring", 0.03),
        Series("ideal", IDEAL, tuple(Point(w, w) for w in WORKERS))), note="peak predicted at 12 workers")
        for name in ("prime_count", "hash_chain"))
    chart = Chart(LINES, "Speed-up over workers", "Higher is better; the dotted line is the ideal.",
                  "Threads reach 7.4 with 8 workers, processes 6.1.", Axis("workers", "count", True),
                  Axis("speed-up", "ratio", True), panels)
    table = Table((Column("workload"), Column("side"), Column("workers", "count"), Column("speed-up", "ratio")),
                  tuple((panel.name, series.name, point.x, point.y)
                        for panel in panels for series in panel.series for point in series.points))
    return View("scaling", "Scaling", "How many workers?", ("With 8 workers threads are 7.4x as fast as one.",), (chart,),
                (table,))


def where() -> View:
    payloads, times = ("0 B", "1 KiB", "64 KiB"), ("1 µs", "50 µs", "1 ms")
    points = tuple(Point(p, t, value=1 + 0.3 * x / (1 + y), text="≈" if y == 2 else "")
                   for x, p in enumerate(payloads) for y, t in enumerate(times))
    chart = Chart(HEAT, "Processes ÷ threads", "Blue: threads are faster; orange: processes; ≈: the interval holds 1.",
                  "Threads win at short tasks with large payloads.", Axis("payload", "", values=payloads),
                  Axis("a task takes", "", values=times),
                  (Panel("hash_chain", "hash_chain on 2 workers", (Series("ratio", "", points),)),))
    table = Table((Column("payload"), Column("task"), Column("ratio", "ratio")),
                  tuple((point.x, point.y, point.value) for point in points))
    return View("where", "Which is faster, where", "From which task size is it the same?",
                ("From 1 ms on both are the same.",), (chart,), (table,))


def latency() -> View:
    names = ("threads over shm_ring", "processes over shm_ring", "a pipe")
    sides, marks = (THREADS, PROCESSES, FLOOR), ((), (FEW_ROUNDS,), (UNSTABLE,))
    series = tuple(Series(name, side, (Point(20_000.0 * (1 + at), name, 15_000.0, 90_000.0, marks=mark),), "shm_ring",
                          line=False) for at, (name, side, mark) in enumerate(zip(names, sides, marks)))
    dots = Chart(DOTS, "Latency of a task", "Left is better; the line reaches from p50 to p99.", "A thread answers in 20 µs.",
                 Axis("latency", "ns", True), Axis("", "", values=names),
                 (Panel("latency", "empty on 2 workers", series, (Line(10_000.0, "floor"),)),))
    bars = Chart(BARS, "Memory", "Lower is better.", "A process needs 1.4 MiB.", Axis("", "", values=("serial", "process")),
                 Axis("PSS", "bytes"),
                 (Panel("memory", "per worker", (Series("PSS", BASELINE, (Point("serial", 1e6), Point("process", 1.4e6))),)),))
    table = Table((Column("case"), Column("p50", "ns")), tuple((one.name, one.points[0].x) for one in series), "Latency",
                  folded=("12 more are the same within 3 %",), rest=(("x", 12.0),))
    return View("latency", "Task latency", "How long does a task take?", ("Half of all tasks are back within 20 µs.",),
                (dots, bars), (table,))


def report(title: str = "mpmt: an invented machine") -> Report:
    subject = Subject("deadbeef", "0123456789ab", (("cpu model", "Invented CPU"), ("commit", "deadbeef")))
    return Report(title, (subject,), (scaling(), where(), latency()),
                  (Missing("channels", "Channels", "no bare channel was measured", "mpmt run --family channel"),
                   Missing("claims", "Claims", "nothing measures them yet")), rows(), ("a virtual machine (kvm)",))

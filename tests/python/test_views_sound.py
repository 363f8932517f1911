"""What must hold of every view of any record: writers rely on it."""

from __future__ import annotations

import importlib
import math
import re
import subprocess
from pathlib import Path

import pytest

from mpmt.records.record_file import load
from mpmt.records.schemas import with_cases
from mpmt.views.report import Shown, subjects_of
from mpmt.views.view import (BARS, BASELINE, DOTS, FEW_ROUNDS, FLOOR, HEAT, IDEAL, LINES, OVERSUBSCRIBED, PROCESSES, PROGRAM, THREADS, UNDECIDED,
                             UNSTABLE, Missing, View)

ROOT = Path(__file__).resolve().parents[2]
RECORDS = sorted((ROOT / "results").glob("*/*.json")) + sorted((ROOT / "tests" / "data").glob("golden_record*.json"))
OURS = ("verdict", "scaling", "where", "latency", "startup", "memory")
SIDES = {THREADS, PROCESSES, BASELINE, FLOOR, IDEAL, PROGRAM, ""}
MARKS = {UNSTABLE, FEW_ROUNDS, OVERSUBSCRIBED, UNDECIDED}


def made(records):
    shown = [Shown(record, subject, at) for at, (record, subject) in enumerate(zip(records.values(), subjects_of(records)))]
    return [importlib.import_module(f"mpmt.views.{name}").view(shown) for name in OURS]


def check_point(chart, point):
    measured, category = (point.y, point.x) if chart.kind in (LINES, BARS) else (point.x, point.y)
    if chart.kind == HEAT:
        assert point.x in chart.x.values and point.y in chart.y.values
        measured = point.value
    elif chart.kind in (DOTS, BARS):
        assert category in (chart.y if chart.kind == DOTS else chart.x).values
    axis = chart.value if chart.kind == HEAT else chart.y if chart.kind in (LINES, BARS) else chart.x
    assert math.isfinite(measured) and (measured > 0 or not axis.log)
    assert all(end is None or math.isfinite(end) for end in (point.low, point.high))
    assert set(point.marks) <= MARKS


def check(view):
    assert view.question and view.sentences and view.tables
    names = [panel.name for chart in view.charts for panel in chart.panels]
    assert len(names) == len(set(names))
    for chart in view.charts:
        assert 1 <= len(chart.panels) <= 12 and chart.reading and chart.description
        for panel in chart.panels:
            assert panel.series and all(series.side in SIDES and series.points for series in panel.series)
            keys = [(series.name, series.side, series.number) for series in panel.series]
            assert len(keys) == len(set(keys))
            for series in panel.series:
                for point in series.points:
                    check_point(chart, point)
    for table in view.tables:
        for row in (*table.rows, *table.rest):
            assert len(row) == len(table.columns)
            assert all(cell is None or isinstance(cell, str) or math.isfinite(cell) for cell in row)


@pytest.mark.parametrize("path", RECORDS, ids=lambda path: path.stem)
def test_views_of_a_kept_record_are_sound(path):
    views = made({"record": load(path)})
    assert sum(isinstance(view, View) for view in views) >= 2
    for view in views:
        assert isinstance(view, Missing) or check(view) is None


def test_views_of_bare_channels_are_sound(channels_once):
    for view in made({"record": with_cases(channels_once)}):
        assert isinstance(view, Missing) or check(view) is None


def test_views_of_several_machines_are_sound_and_name_them():
    records = {str(path): load(path) for path in RECORDS[:2] + RECORDS[-1:]}
    titles = [subject.title for subject in subjects_of(records)]
    for view in made(records):
        if isinstance(view, View):
            check(view)
            assert all(any(title in text for title in titles) for text in view.sentences if not text.startswith("Where"))


def test_times_beyond_all_measure_are_passed_over():
    record = load(RECORDS[0])
    for entry, value in zip(record["benchmarks"], (1e300, 5e-324)):
        entry["ns_per_task"] = value
    for row, value in zip(record["comparisons"], (1e308, 5e-324)):
        row.update(ratio=value, low=value, high=value, verdict="threads")
    for view in made({"record": record}):
        assert isinstance(view, Missing) or check(view) is None


def test_a_command_that_is_named_has_options_that_there_are(binary):
    options = subprocess.run([binary, "run", "--help"], capture_output=True, text=True, timeout=30, check=True).stdout
    empty = {"context": {**load(RECORDS[0])["context"]}, "benchmarks": [], "comparisons": []}
    commands = [view.command for view in made({"record": empty})]
    assert len(commands) == len(OURS)
    for command in commands:
        assert command.startswith("mpmt run ")
        assert set(re.findall(r"--[a-z-]+", command)) <= set(re.findall(r"--[a-z-]+", options))

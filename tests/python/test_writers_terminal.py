"""A report as text: what of it is said, how it fits a terminal, and that nothing in it commands one."""

from __future__ import annotations

import io
import os
import pty
import re
from dataclasses import replace

import pytest

import invented_report
from mpmt.views.view import (BARS, DOTS, HEAT, LINES, Axis, Chart, Column, Line, Missing, Panel, Point, Report, Series, Subject,
                             Table, View)
from mpmt.writers.terminal import chart_text, fits_unicode, table_text, text, view_text, width_of
from test_hostile_text import HOSTILE

WIDTHS = (40, 60, 80, 120, 200)
REPORT = invented_report.report()
LONG = Table((Column("workload"), Column("ratio", "ratio"), Column("task", "ns"), Column("why")),
             tuple((f"workload_{at}", 0.5 + at, 10.0 ** (at % 9), f"because of {at}" if at % 2 else "") for at in range(40)))


def lines(made: str) -> list[str]:
    return made.splitlines()


# ---- what is said ------------------------------------------------------------------------------------------


def test_all_of_a_report_is_said() -> None:
    said = text(REPORT, 100, True)
    for view in REPORT.views:
        for part in (view.title, view.question, *view.sentences, *(chart.title for chart in view.charts),
                     *(panel.title for chart in view.charts for panel in chart.panels)):
            assert part in said
    for part in ("an invented machine", "commit deadbeef", "warning: a virtual machine (kvm)",
                 "12 more are the same within 3 %", "peak predicted at 12 workers",
                 "Channels: no bare channel was measured\n    mpmt run --family channel\n"):
        assert part in said


def test_a_long_table_says_how_many_rows_are_left_out_and_how_to_see_them() -> None:
    cut = table_text(LONG, 100, True, whole=False)
    assert "workload_14" in "\n".join(cut) and "workload_15" not in "\n".join(cut) and cut[-1] == "… 25 more: --all"
    assert len([line for line in table_text(LONG, 100, True) if line.startswith("workload_")]) == 40


def test_one_row_more_is_no_reason_to_cut() -> None:
    table = replace(LONG, rows=LONG.rows[:16])
    assert "more" not in "\n".join(table_text(table, 100, True, whole=False))


def test_folded_rows_are_told_in_one_line_or_in_full() -> None:
    table = Table((Column("case"), Column("time", "ns")), (("a", 1.0),), folded=("2 more are the same",),
                  rest=(("b", 2.0), ("c", 3.0)))
    assert table_text(table, 80, True, whole=False)[-1] == "2 more are the same"
    whole = table_text(table, 80, True)
    assert whole[-2:] == ["b     2 ns", "c     3 ns"] and "2 more are the same" not in whole


def test_long_tables_beside_charts_are_named_unless_all_is_asked_for() -> None:
    view = replace(invented_report.scaling(), tables=(replace(LONG, title="All of it"),))
    assert "Table (All of it): 40 rows: --all" in view_text(view, 80, True, whole=False)
    assert any("workload_39" in line for line in view_text(view, 80, True))


def test_why_stands_below_its_row() -> None:
    made = table_text(LONG, 100, True)
    at = next(at for at, line in enumerate(made) if line.startswith("workload_3 "))
    assert made[at + 1] == "    why: because of 3" and not made[at - 1].startswith("    why")


def test_what_a_table_too_wide_says_of_all_rows_alike_stands_once() -> None:
    columns = (*(Column(f"column {at}") for at in range(5)), Column("ratio", "ratio"))
    table = Table(columns, tuple((*["always the same text"] * 5, float(at)) for at in range(3)))
    narrow, wide = table_text(table, 60, True), table_text(table, 200, True)
    assert "\n".join(narrow).count("always") == 5 and narrow[-1].split() == ["2.00"]
    assert "\n".join(wide).count("always") == 15


def test_a_text_in_a_column_of_numbers_stands_as_it_is() -> None:
    assert table_text(Table((Column("change", "share"), Column("name")), (("+4.6%", "x"),)), 80, True)[-1] == " +4.6%  x"


# ---- numbers -----------------------------------------------------------------------------------------------


def test_numbers_have_their_unit_and_end_at_one_place() -> None:
    table = Table((Column("a"), Column("time", "ns"), Column("size", "bytes"), Column("rate", "bytes/s"),
                   Column("ratio", "ratio"), Column("share", "share"), Column("count", "count")),
                  (("x", 1_500.0, 2048, 3 << 20, 1.184, 0.031, 12), ("long name", 999.0, 64, 1 << 30, 12.5, 0.5, 1_000_000),
                   ("y", *[None] * 6)))
    heads, *rows = table_text(table, 120, True)
    assert rows[0].split() == ["x", "1.5", "µs", "2", "KiB", "3", "MiB/s", "1.18", "3.1", "%", "12"]
    assert rows[2].split() == ["y", *"––––––"]
    ends = [match.end() for match in re.finditer(r"\S+", heads)][1:]
    for row in rows:
        assert all(row[end - 1] != " " and row[end:end + 1] in ("", " ") for end in ends), row


def test_charts_place_numbers_by_their_value_and_not_by_their_digits() -> None:
    series = Series("s", "threads", tuple(Point(x, float(x)) for x in (1, 2, 4, 8, 16, 100)))
    chart = Chart(LINES, "t", "", "", Axis("workers", "count"), Axis("speed-up", "ratio"), (Panel("p", "", (series,)),))
    heads = next(line for line in chart_text(chart, 100, True) if line.startswith("workers"))
    assert heads.split() == ["workers", "1", "2", "4", "8", "16", "100"]


def test_bars_are_as_long_as_their_values() -> None:
    points = (Point("a", 50.0), Point("b", 100.0), Point("c", 0.0))
    chart = Chart(BARS, "t", "", "", Axis("", "", values=("a", "b", "c")), Axis("x", "count"),
                  (Panel("p", "", (Series("s", "", points),)),))
    for unicode, sign in ((True, "█"), (False, "=")):
        bars = [line.count(sign) for line in chart_text(chart, 80, unicode)[-3:]]
        assert bars == [20, 40, 0]


def test_intervals_stand_where_their_values_are() -> None:
    series = Series("s", "threads", (Point(50.0, "a", 0.0, 100.0), Point(25.0, "b", 25.0, 25.0)))
    chart = Chart(DOTS, "t", "", "", Axis("x", "count"), Axis("", "", values=("a", "b")),
                  (Panel("p", "", (series,), (Line(100.0, "limit"),)),))
    a, b, legend = chart_text(chart, 80, False)[-3:]
    field = a.index("|"), a.rindex("|")
    assert abs(a.index("o") - sum(field) / 2) <= 1 and abs(b.index("o") - (field[0] * 3 + field[1]) / 4) <= 1
    assert b[field[1]] == ":" and legend == "x: from 0 to 100 - : limit 100"


def test_a_map_has_its_categories_in_their_order() -> None:
    points = tuple(Point(x, y, value=1.0) for x in ("10", "9") for y in ("b", "a"))
    chart = Chart(HEAT, "t", "", "", Axis("x", "", values=("9", "10")), Axis("y", "", values=("b", "a")),
                  (Panel("p", "", (Series("s", "", points),)),))
    heads, *rows = chart_text(chart, 80, True)[-3:]
    assert heads.split()[-2:] == ["9", "10"] and [row.split()[0] for row in rows] == ["b", "a"]


def test_marks_are_told_in_words() -> None:
    said = text(REPORT, 100, True)
    assert "7.36^" in said and "^ oversubscribed" in said and "! unstable · * few rounds" in said


# ---- fitting -----------------------------------------------------------------------------------------------


def wild(name: str) -> Report:
    """A report all of whose texts are this one."""
    axis = Axis(name, "count")
    named = Axis(name, "", values=(name, "other"))
    point, cell = Point(1.0, 2.0, 1.0, 3.0, text=name), Point(name, name, value=1.0, text=name)
    line = (Line(1.0, name),)
    curves = (Panel(name, name, (Series(name, "threads", (point,)),), line, name),)
    dots = (Series(name, "threads", (Point(1.0, name, 0.5, 2.0),)), Series("b", "threads", (Point(2.0, name),)))
    charts = (Chart(LINES, name, name, name, axis, axis, curves),
              Chart(DOTS, name, name, name, axis, named, (Panel(name, name, dots, line),)),
              Chart(BARS, name, name, name, named, axis, (Panel(name, name, (Series(name, "", (Point(name, 1.0),)),)),)),
              Chart(HEAT, name, name, name, named, named, (Panel(name, name, (Series(name, "", (cell,)),)),)))
    columns = (Column(name), Column(name, "ratio"), Column("why"))
    tables = (Table(columns, ((name, 1.0, name),) * 3, name, (name,), ((name, None, None),)),
              Table(columns * 6, ((name, 1.0, name) * 6,) * 3))
    view = View("v", name, name, (name,), charts, tables, (name,))
    return Report(name, (Subject(name, "m", ((name, name),)),), (view, replace(view, charts=())),
                  (Missing("m", name, name, name),), (), (name,))


NAMES = ("plain", "a name of several words that does not end soon " * 5, "x" * 500, "name/with:1/many:2/parts:3/" * 20, HOSTILE,
         "filler " * 8 + "::error::x", "##[error]" * 30, "\x1b]0;title\a" * 20, "\u202e" * 50, "日本" * 20, "")


@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("whole", [False, True], ids=["cut", "whole"])
def test_no_line_is_wider_than_the_terminal_and_none_commands_it(width: int, name: str, whole: bool) -> None:
    for unicode in (True, False):
        made = text(wild(name), width, unicode, whole)
        assert max(map(len, lines(made))) <= width
        assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]|##\\[", made)
        for line in lines(made):
            assert not re.match(r"\s*::", line), line
        assert unicode or made.isascii()


@pytest.mark.parametrize("width", WIDTHS)
def test_the_invented_report_fits(width: int) -> None:
    for whole in (False, True):
        made = text(REPORT, width, True, whole)
        assert max(map(len, lines(made))) <= width
        assert "…" not in made or width < 80 or not whole


def test_a_name_of_ten_megabytes_is_cut() -> None:
    made = text(wild("n" * 10_000_000), 80, True, True)
    assert len(made) < 100_000


def test_extreme_numbers_are_written() -> None:
    for value in (1e300, -1e300, 5e-324, 0.0):
        points = {BARS: Point("a", value), DOTS: Point(value, "a", value, value), LINES: Point(value, value)}
        axis, names = Axis("x", "ns", True), Axis("", "", values=("a",))
        axes = {BARS: (names, axis), DOTS: (axis, names), LINES: (axis, axis)}
        charts = tuple(Chart(kind, "t", "", "", *axes[kind], (Panel("p", "", (Series("s", "", (point,)),)),))
                       for kind, point in points.items())
        view = View("v", "t", "", (), charts, (Table((Column("x", "ns"), Column("y", "ratio")), ((value, value),)),))
        assert max(map(len, view_text(view, 80, True))) <= 80


def test_a_command_can_be_copied_however_long_it_is() -> None:
    command = "mpmt run " + " ".join(f"--option-{at} 64,4Ki,64Ki,{at}" for at in range(9))
    made = text(Report("t", (), (), (Missing("m", "M", "none", command),)), 60, True)
    copied = made[made.index("    mpmt"):].replace("\\\n", " ")
    assert copied.split() == command.split() and max(map(len, lines(made))) <= 60


def test_ascii_has_words_for_what_it_lacks() -> None:
    table = Table((Column("± µs", "ns"), Column("b ÷ a", "ratio")), ((1500.0, None),))
    assert table_text(table, 80, False) == [" +- us  b / a", "1.5 us      -"]


# ---- the terminal ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("encoding", "fits"), [("utf-8", True), ("ascii", False), ("iso8859-1", False), ("no-such", False)])
def test_whether_unicode_fits_is_asked_of_the_stream(encoding: str, fits: bool) -> None:
    class Stream(io.StringIO):
        pass
    stream = Stream()
    Stream.encoding = encoding  # type: ignore[misc,assignment]
    assert fits_unicode(stream) is fits


def test_the_width_is_that_of_the_terminal_of_columns_or_a_hundred(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    assert width_of(io.StringIO()) == 100
    for said, width in (("72", 72), ("7", 40), ("1" * 30, 1000), ("x", 100), ("", 100)):
        monkeypatch.setenv("COLUMNS", said)
        assert width_of(io.StringIO()) == width
    monkeypatch.delenv("COLUMNS")
    ours, theirs = pty.openpty()
    with os.fdopen(ours, "rb"), os.fdopen(theirs, "w") as stream:
        assert 40 <= width_of(stream) <= 1000

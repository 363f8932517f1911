"""What `mpmt track compare` found, as a view, and its picture."""

from __future__ import annotations

from pathlib import Path

import pytest

from mpmt.commands import compare
from mpmt.measuring.comparison import Comparison, Row, Rules, Side, as_json
from mpmt.views.comparison import report_of, view_of
from mpmt.views.view import PROGRAM, UNDECIDED, UNSTABLE, Missing, View

A, B = (Side(label, f"/{label}", None, subject="</text><script>") for label in ("before", "after"))
ROWS = [
    Row("x/same/1", "same", "", 0.001, -0.01, 0.012, 0.03, 8), Row("x/same/2", "same", "", -0.002, -0.02, 0.011, 0.03, 8),
    Row("x/faster", "faster", "", -0.2, -0.25, -0.15, 0.03, 8), Row("x/slower/little", "slower", "", 0.05, 0.04, 0.06, 0.03, 8),
    Row("x/slower/much", "slower", "", 0.3, 0.28, 0.33, 0.03, 8, gated=False), Row("x/open", "undecided", "", 0.02, -0.1, 0.2,
                                                                                   0.1, 8),
    Row("x/two modes", "unstable", "two modes", 0.1, -0.4, 0.9, None, 8), Row("x/broken", "failed", "B: it crashed"),
]


def document(rows: list[Row]) -> dict[str, object]:
    return as_json(Comparison(A, B, list(rows), Rules(0.03, 0.95), 3.0, 42, "0123456789ab", ["a note"], 12.0))


def view(rows: list[Row] = ROWS) -> View:
    made = view_of(document(rows))
    assert isinstance(made, View)
    return made


def test_what_is_decided_and_large_comes_first_and_what_is_the_same_is_one_row() -> None:
    chart, = view().charts
    assert chart.y.values == ("x/slower/much", "x/slower/little", "x/faster", "x/open", "x/two modes", "2 that are the same")
    same = chart.panels[0].series[-1].points[0]
    assert (same.low, same.high) == (-0.02, 0.012)


def test_a_change_has_the_colour_of_the_faster_program_and_says_how_large_it_is() -> None:
    series = {one.name: one for one in view().charts[0].panels[0].series}
    assert (series["slower"].side, series["slower"].number) == (PROGRAM, 0) and series["faster"].number == 1
    assert [point.text for point in series["slower"].points] == ["+30.0 %, not gated", "+5.0 %"]
    assert series["faster"].points[0].text == "−20.0 %"
    assert series["undecided"].points[0].marks == (UNDECIDED,) and series["unstable"].points[0].marks == (UNSTABLE,)


def test_what_gave_no_figure_is_named() -> None:
    made = view()
    assert made.notes == ("x/broken: failed: B: it crashed", "a note") and len(made.tables[0].rows) == len(ROWS)
    assert isinstance(view_of(document([ROWS[-1]])), Missing) and isinstance(view_of(document([])), Missing)


def test_it_is_drawn_as_one_figure(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    compare.draw(document(ROWS), tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"comparison.png", "comparison.svg"}
    text = (tmp_path / "comparison.svg").read_text("utf-8")
    assert "<script" not in text and "slower/much" in text and "before" in text
    compare.draw(document([ROWS[-1]]), tmp_path / "none")
    assert "not drawn: comparison: no benchmark was measured" in capsys.readouterr().err and not (tmp_path / "none").exists()


def test_both_programs_and_the_machine_are_told() -> None:
    report = report_of(document(ROWS))
    assert [subject.title.split(" ")[:2] for subject in report.subjects] == [["A:", "before"], ["B:", "after"]]
    assert {subject.machine for subject in report.subjects} == {"0123456789ab"}

"""What the writer of pictures makes of views: looks, axes, legends, small multiples, and what it leaves out."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

import crowded_report
import invented_report
from crowded_report import CHANNELS, CROWDED
from mpmt.views.view import (BARS, BASELINE, DOTS, FLOOR, IDEAL, LINES, PROCESSES, PROGRAM, THREADS, UNDECIDED, UNSTABLE, Axis,
                             Chart, Panel, Point,
                             Series, View)
from mpmt.writers.plots import direct_labels, figure, flags, keys, lines, reach, reshape, rows, scales, texts
from mpmt.writers.plots.style import CHANNELS as MARKERS
from mpmt.writers.plots.style import PROGRAMS, SIDES, Looks


WORKERS, TIME = Axis("workers", "count", True), Axis("time", "ns", True)


def chart_of(*series: Series, kind: str = LINES, x: Axis = WORKERS, y: Axis = TIME) -> Chart:
    return Chart(kind, "a chart", "how to read it", "", x, y, (Panel("a", "a panel", series),))


def line(name: str, side: str, *values: float, channel: str = "", number: int = 0) -> Series:
    return Series(name, side, tuple(Point(2**at, value) for at, value in enumerate(values)), channel, number)


# ---- looks -------------------------------------------------------------------------------------------------


def test_a_colour_has_one_meaning() -> None:
    assert len({*SIDES.values(), *PROGRAMS}) == len(SIDES) + len(PROGRAMS)
    assert (SIDES[THREADS], SIDES[PROCESSES]) == ("#0072B2", "#D55E00")


def test_a_channel_is_a_marker_whatever_the_side() -> None:
    looks = Looks()
    for channel in MARKERS:
        assert looks.of(line("a", THREADS, 1, channel=channel)).marker == looks.of(line("b", PROCESSES, 1,
                                                                                        channel=channel)).marker
    assert len(set(MARKERS.values())) == len(MARKERS)


def test_channels_that_no_table_knows_have_markers_of_their_own_in_all_figures() -> None:
    views = crowded_report.per_channel(), crowded_report.channels(1)
    looks = Looks(chart for view in views for chart in view.charts)
    markers = {channel: looks.of(line("a", THREADS, 1, channel=channel)).marker for channel in CHANNELS}
    assert len(set(markers.values())) == len(CHANNELS)


def test_sides_of_several_records_differ_without_colour() -> None:
    looks = Looks()
    seen = {(look.dashes, look.fill) for number in range(2) for side in (THREADS, PROCESSES)
            for look in [looks.of(line("x", side, 1, channel="pipe", number=number))]}
    assert len(seen) == 4


def test_unstable_is_hollow_and_undecided_pale() -> None:
    look = Looks().of(line("x", THREADS, 1))
    plain, unstable, undecided = (lines.marker_look(Point(1, 1, marks=marks), look, 4)
                                  for marks in ((), (UNSTABLE,), (UNDECIDED,)))
    assert plain["markerfacecolor"] == look.color and unstable["markerfacecolor"] == "white"
    assert undecided["color"] not in (look.color, "white")


# ---- axes --------------------------------------------------------------------------------------------------


def test_zero_has_a_place_on_a_logarithmic_axis() -> None:
    scale = scales.scale_of(Axis("payload", "bytes", True), [0, 64, 4096])
    assert scale.low < scale.at(0) < scale.at(64) < scale.at(4096) < scale.high
    assert [text for _, text in scales.ticks(scale, 5.0, 7.0, own=True)] == ["0 B", "64 B", "4 KiB"]


def test_numbers_are_ordered_as_numbers_and_categories_as_they_are() -> None:
    scale = scales.scale_of(Axis("workers", "count", True), [16, 2, 1, 128])
    assert [text for _, text in scales.ticks(scale, 5.0, 7.0, own=True)] == ["1", "2", "16", "128"]
    named = scales.scale_of(Axis("", "", values=("p50", "p99", "p9")), ["p9", "p50"])
    assert [text for _, text in scales.ticks(named, 5.0, 7.0)] == ["p50", "p9"]


@pytest.mark.parametrize(("unit", "log", "low", "high"), [("ns", True, 3.0, 9e9), ("ns", True, 1.0e6, 1.02e6),
                                                          ("ns", False, 0.0, 7.0), ("bytes", True, 64, 2**40),
                                                          ("share", False, -0.2, 0.4), ("ratio", True, 0.98, 1.02),
                                                          ("ratio", True, 1e-4, 2), ("count", False, 5, 5)])
@pytest.mark.parametrize("length", [0.6, 1.5, 6.0])
def test_ticks_are_inside_apart_and_readable(unit: str, log: bool, low: float, high: float, length: float) -> None:
    scale = scales.scale_of(Axis("", unit, log), [low, high])
    found = scales.ticks(scale, length, 7.0)
    assert found and all(scale.low <= place <= scale.high for place, _ in found) and len({text for _,
                                                                                          text in found}) == len(found)
    ends = [(place * length / (scale.high - scale.low), texts.width(text, 7.0) / 2) for place, text in found]
    assert all(a + half < b - other for (a, half), (b, other) in zip(ends, ends[1:]))


def test_what_is_unstable_or_far_away_does_not_press_the_others_together() -> None:
    steady = [Point(f"{at}", 100.0 + at, 95.0, 110.0) for at in range(6)]
    chart = chart_of(Series("x", THREADS, (*steady, Point("6", 1e9, marks=(UNSTABLE,)), Point("7", 103.0, 1.0, 1e6))),
                     x=Axis("", "", values=tuple("01234567")))
    scale = reach.measured_scale(chart, chart.panels)
    assert scale.at(100) > scale.low and scale.at(105) < scale.high < scale.at(1000)


def test_the_ideal_is_left_when_it_is_far_away() -> None:
    near, far = (chart_of(line("x", THREADS, value, 2 * value, 4 * value), line("ideal", IDEAL, 1, 2, 4),
                          y=Axis("speed-up", "ratio", True)) for value in (0.9, 1e-4))
    assert reach.measured_scale(near, near.panels).high > 0.6 and reach.measured_scale(far, far.panels).high < -2


def test_panels_share_an_axis_only_where_each_stays_readable() -> None:
    made = [scales.scale_of(Axis("", "ns", True), [low, 10 * low]) for low in (1, 2, 3)]
    assert len({id(scale) for scale in reach.shared(made, True)}) == 1
    far = [*made, scales.scale_of(Axis("", "ns", True), [1e8, 1e9])]
    assert reach.shared(far, True) == far


# ---- shapes ------------------------------------------------------------------------------------------------


def test_an_axis_with_one_value_becomes_dots() -> None:
    chart, left_out = reshape.for_paper(chart_of(line("threads", THREADS, 5), line("ideal", IDEAL, 1, 2)))
    assert (chart.kind, chart.y.values, left_out) == (DOTS, ("threads",), "")
    several, _ = reshape.for_paper(CROWDED["one worker count, 12 panels"].charts[0])
    assert several.kind == DOTS and len(several.panels) == 1 and several.y.values == tuple(f"workload {at}" for at in range(12))


def test_many_series_become_a_panel_for_each_channel() -> None:
    chart, _ = reshape.for_paper(CROWDED["13 channels, 1 panel"].charts[0])
    assert len(chart.panels) == len(CHANNELS)
    for panel, channel in zip(chart.panels, CHANNELS):
        assert channel in panel.title and {series.channel for series in panel.series} == {channel, ""}
        assert {series.side for series in panel.series} == {THREADS, PROCESSES, FLOOR}


@pytest.mark.parametrize("name", CROWDED)
def test_no_legend_names_more_than_seven_series(name: str) -> None:
    for chart in CROWDED[name].charts:
        drawn, _ = reshape.for_paper(reshape.without_empty(chart))
        legend, _ = keys.entries(drawn, Looks([drawn]))
        marks = len(keys.mark_keys(drawn)) + len(keys.line_keys(drawn))
        assert len(legend) - marks <= keys.MOST


def test_lines_that_look_alike_are_named_beside_them() -> None:
    series = [line(f"variant {at}", THREADS, 1 + at, 2 + at, channel="pipe") for at in range(9)]
    _, direct = keys.entries(chart_of(*series), Looks())
    assert direct
    _, direct = keys.entries(chart_of(*series[:3]), Looks())
    assert not direct


def test_rows_that_name_their_series_need_no_legend() -> None:
    named = chart_of(Series("a", THREADS, (Point(1.0, "a"),)), Series("b", PROCESSES, (Point(2.0, "b"),)), kind=DOTS,
                     x=Axis("t", "ns"), y=Axis("", ""))
    assert keys.entries(named, Looks()) == ([], False)


def test_whole_series_of_one_mark_show_it_in_the_legend() -> None:
    chart = chart_of(Series("open", "", (Point(1.0, "a", marks=(UNDECIDED,)),)), Series("same", "", (Point(2.0, "b"),)),
                     kind=DOTS, x=Axis("t", "ns"))
    (pale, plain), _ = keys.entries(chart, Looks())
    assert (pale.text, plain.text) == ("open", "same") and pale.color != plain.color


@pytest.mark.parametrize("count", [1, 2, 13, 27])
def test_labels_beside_lines_are_apart_and_within_the_axes(count: int) -> None:
    gap = 1 / (count + 1)
    places = direct_labels.within(direct_labels.apart([0.0, *[0.98] * (count - 1)], gap), gap)
    assert all(b - a >= gap - 1e-9 for a, b in zip(places, places[1:]))
    assert places[0] >= -1e-9 and places[-1] <= 1 + 1e-9


def test_rows_stay_in_their_category_and_the_rest_is_counted() -> None:
    for chart in CROWDED["150 rows"].charts:
        drawing = rows.Rows(chart, chart.panels[0], Looks())
        bounds = [place for place, _ in drawing._labels]
        assert len(bounds) == rows.MOST and drawing.left_out == 150 - rows.MOST and "102 more rows" in drawing.note()
        for entry in drawing._entries:
            category = entry.point.x if chart.kind == BARS else entry.point.y
            nearest = min(range(len(bounds)), key=lambda at: abs(bounds[at] - entry.y))
            assert list(chart.x.values if chart.kind == BARS else chart.y.values)[nearest] == category


def test_too_few_rounds_are_said_in_words() -> None:
    chart = CROWDED["3 rows"].charts[0]
    assert any("few rounds" in text for text in rows.Rows(chart, chart.panels[0], Looks())._words)


def test_what_is_written_at_points_stands_apart_in_lanes() -> None:
    axis = Axis("commit", "", values=tuple(f"{at}" for at in range(50)))
    panel = Panel("a", "a",
                  (Series("x", PROGRAM, tuple(Point(f"{at}", 1.0, text="12 % slower (11 %–13 %)" if at % 8 == 0 else "")
                                              for at in range(50))),))
    found = flags.of_panel(panel, scales.scale_of(axis, axis.values or ()), 2.0, 0.3, 0.1)
    assert len(found.placed) + found.left_out == 7 and found.left_out and "more change" in flags.note(found)[0]
    for lane in range(3):
        spans = sorted((flag.start, flag.start + texts.width(flag.text, 6.2)) for flag in found.placed if flag.lane == lane)
        assert spans and all(a[1] < b[0] for a, b in zip(spans, spans[1:])) and spans[0][0] >= -0.3 and spans[-1][1] <= 2.1


# ---- texts -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", [*crowded_report.HOSTILE, crowded_report.LONG])
@pytest.mark.parametrize("room", [0.4, 2.0])
def test_texts_are_cut_and_wrapped_to_what_fits(text: str, room: float) -> None:
    made = [texts.cut(texts.harmless(text), room, 8.0), texts.cut_middle(texts.harmless(text), room, 8.0),
            *texts.wrapped(text, room, 8.0, 3)]
    assert all(texts.width(one, 8.0) <= room and not re.search("[\x00-\x1f\u202e]", one) for one in made)
    assert len(made) <= 5


def test_a_number_stays_with_its_unit() -> None:
    for room in (0.5, 0.8, 1.2, 2.0):
        assert not any(line.endswith("64") for line in texts.wrapped("payload_copy, 64 KiB", room, 8.0))


# ---- reports -----------------------------------------------------------------------------------------------


def test_what_shows_nothing_is_named_and_not_drawn(tmp_path: Path) -> None:
    empty = View("empty", "Empty", "?", charts=(chart_of(Series("x", THREADS, ())),))
    report = replace(invented_report.report(), views=(View("words", "Words", "?", ("said",)), empty))
    drawn = figure.draw(report, tmp_path, ["svg"])
    assert not drawn.files and not list(tmp_path.iterdir())
    assert [line.split(":")[0] for line in drawn.left_out] == ["words", "empty", "channels", "claims"]


def test_a_view_is_one_file_a_format_the_same_each_time(tmp_path: Path) -> None:
    for name in ("a", "b"):
        drawn = figure.draw(invented_report.report(), tmp_path / name, ["png", "svg"], 60)
        assert [path.name for path in drawn.files] == [f"{view}.{form}" for view in ("scaling", "where", "latency")
                                                       for form in ("png", "svg")]
    for path in (tmp_path / "a").iterdir():
        assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes()


def test_panels_beyond_what_a_figure_holds_are_counted() -> None:
    chart = crowded_report.workers(reshape.MOST_PANELS + 2).charts[0]
    kept, said = reshape.for_paper(chart)
    assert len(kept.panels) == reshape.MOST_PANELS and said.startswith("2 more panels")


def test_a_baseline_of_many_points_is_a_level_without_markers() -> None:
    assert keys.has_markers(line("serial", BASELINE, 1, 2)) and not keys.has_markers(line("level", BASELINE, *range(1, 20)))

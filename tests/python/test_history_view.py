"""History as a view: change points of a whole history, and records that are shown together."""

from __future__ import annotations

import copy
import hashlib
import math
import random
import re
import struct
from typing import Any

import pytest

import make_history as made
from mpmt.history.series import Gathered, Order, gather
from mpmt.records.stored_files import CasePoint, Summary
from mpmt.views import history
from mpmt.views.history import MOST_PANELS, view_of
from mpmt.views.view import FEW_ROUNDS, LINES, UNSTABLE, Missing, View
from view_rules import cells, check, shown_of, table_of

Json = dict[str, Any]
COMMITS = [hashlib.sha1(str(at).encode()).hexdigest() for at in range(40)]
SHORT = [commit[:12] for commit in COMMITS]
EPOCH, OTHER = '{"governor":"a"}', '{"governor":"b"}'


def summary(at: int, points: dict[str, float], **changes: Any) -> Summary:
    """A record of the at-th commit, five rounds a case, each a little off."""
    random_ = random.Random(at)
    trials = {name: [level * math.exp(random_.gauss(0, 0.004)) for _ in range(5)] for name, level in points.items()}
    said = tuple(CasePoint(name, 1, changes.get("placement", "spread"), "pool", sorted(values)[2],
                           changes.get("unstable", False),
                           b"".join(map(as_double, values))) for name, values in trials.items())
    return Summary(f"r{at}", None, False, changes.get("machine", made.KEY), changes.get("epoch", EPOCH), COMMITS[at],
                   f"2024-05-{1 + at // 24:02}T{at % 24:02}:00:00+00:00", changes.get("dirty", False),
                   f"2024-05-{1 + at // 24:02}T{at % 24:02}:30:00Z",
                   False, 5, said)


def as_double(value: float) -> bytes:
    return struct.pack("d", value)


def gathered(*records: Summary) -> tuple[Gathered, Order]:
    order = Order(COMMITS, {commit: at for at, commit in enumerate(COMMITS)})
    return gather(records, order, None, history._Forgetful()), order


def seen(*records: Summary) -> View:
    view = view_of(*gathered(*records))
    check(view)
    return view


def stepped(step: float, at: int = 20, count: int = 40, level: float = 1e5) -> list[Summary]:
    return [summary(place, {"hash_chain/serial/grain:1": level * (1 + step * (place >= at)), "empty/serial/grain:1": level})
            for place in range(count)]


# ---- a whole history ---------------------------------------------------------------------------------------


def test_a_change_is_told_by_its_size_interval_and_commits() -> None:
    view = seen(*stepped(0.10))
    assert view.sentences[0] == "1 step slower and 0 faster, in 2 benchmarks over 40 commits."
    said = re.fullmatch(r"hash_chain/serial: (\S+) % slower \((\S+) %–(\S+) %\), after (\w+) and at or before (\w+)\.",
                        view.sentences[1])
    assert said and float(said[2]) <= float(said[1]) <= float(said[3]) and float(said[1]) == pytest.approx(10, abs=1)
    assert (said[4], said[5]) == (SHORT[19], SHORT[20])


def test_what_changed_most_comes_first_and_its_change_is_written_where_it_is() -> None:
    (chart,) = seen(*stepped(0.10)).charts
    assert chart.kind == LINES and [panel.title for panel in chart.panels] == ["hash_chain/serial", "empty/serial"]
    series = chart.panels[0].series
    assert [one.name for one in series] == ["median of a commit's rounds", "level between changes"]
    written = {point.x: point.text for point in series[0].points if point.text}
    assert list(written) == [SHORT[20]] and " % slower (" in written[SHORT[20]]
    levels = [point.y for point in series[1].points]
    assert len(set(levels)) == 2 and levels[-1] / levels[0] == pytest.approx(1.1, abs=0.01)
    assert not [one for one in chart.panels[1].series if one.name.startswith("level")]


def test_nothing_changed_is_said_with_the_step_that_would_have_been_found() -> None:
    view = seen(*stepped(0))
    assert view.sentences[0] == "Nothing changed in 2 benchmarks over 40 commits."
    assert re.fullmatch(r"A step of \S+ % would have been found in four of five cases, in half of the benchmarks\.",
                        view.sentences[1])


def test_a_faster_step_is_called_faster() -> None:
    assert any(" % faster (" in sentence for sentence in seen(*stepped(-0.10)).sentences)


def test_commits_that_nobody_measured_widen_the_range() -> None:
    view = seen(*[record for at, record in enumerate(stepped(0.10)) if at not in (18, 19)])
    assert any(f"after {SHORT[17]} (2 commits between were not measured)" in sentence for sentence in view.sentences)
    assert list(cells(table_of(view, "Changes"), "not measured between")) == [(2,)]


def test_of_too_few_commits_the_last_two_stand_side_by_side() -> None:
    view = seen(*stepped(0.5, at=2, count=3))
    (sentence,) = view.sentences
    assert sentence.startswith("Too few commits for change points in 2 benchmarks of 2: they take 8. ")
    assert "hash_chain/serial, which takes 1.5" in sentence
    assert sentence.endswith(f"To be sure: mpmt track compare {SHORT[1]} {SHORT[2]}")
    ratios = dict(cells(table_of(view, "The last two"), "benchmark", "B ÷ A"))
    assert ratios["hash_chain/serial"] == pytest.approx(1.5, abs=0.02) and ratios["empty/serial"] == pytest.approx(1, abs=0.02)


def test_a_drift_has_no_commit_to_blame() -> None:
    view = seen(*[summary(at, {"empty/serial": 1e5 * 1.01 ** at}) for at in range(40)])
    assert any("drifted, with no step for which one commit could be to blame" in sentence for sentence in view.sentences)
    assert view.charts[0].panels[0].note.startswith("drifted: ")
    assert table_of(view, "Drifts").rows


def test_a_new_epoch_is_a_series_of_its_own_and_a_note() -> None:
    records = [summary(at, {"empty/serial": 1e5 * (1 if at < 20 else 2)}, epoch=EPOCH if at < 20 else OTHER)
               for at in range(40)]
    view = seen(*records)
    assert [series.name for series in view.charts[0].panels[0].series] == ["epoch 1", "epoch 2"]
    assert view.sentences[0].startswith("Nothing changed in 2 benchmarks")
    assert any(f"epoch 2 from {SHORT[20]}, not compared with what was before: governor" in note for note in view.notes)


def test_what_is_not_trusted_is_marked_and_counted() -> None:
    view = seen(*[summary(at, {"empty/serial": 1e5}, unstable=at == 5) for at in range(20)])
    points = view.charts[0].panels[0].series[0].points
    assert [point.x for point in points if UNSTABLE in point.marks] == [SHORT[5]]
    assert any("not trusted: 1 value" in note for note in view.notes)


def test_records_that_are_left_out_are_counted() -> None:
    view = seen(*stepped(0), summary(5, {"empty/serial": 1e5}, dirty=True))
    assert "left out: 1 record: dirty build." in view.notes


def test_at_most_twelve_benchmarks_are_drawn_and_the_rest_are_counted() -> None:
    view = seen(*[summary(at, {f"b{name:02}/serial": 1e5 * (1 + name / 100 * (at >= 20)) for name in range(30)})
                  for at in range(40)])
    titles = [panel.title for panel in view.charts[0].panels]
    assert len(titles) == MOST_PANELS and titles[0] == "b29/serial" and titles == sorted(titles, reverse=True)
    assert any(note.startswith("18 benchmarks of 30 are not drawn") for note in view.notes)


def test_machines_are_told_apart_and_never_compared() -> None:
    view = seen(*[summary(at, {"empty/serial": 1e5 * (1 + (machine == "f" * 12))}, machine=machine)
                  for at in range(10) for machine in (made.KEY, "f" * 12)])
    assert {sentence.split(":")[0] for sentence in view.sentences} == {f"Machine {made.KEY}", "Machine ffffffffffff"}
    assert len({panel.name for panel in view.charts[0].panels}) == 2
    assert view.sentences[0].endswith("Nothing changed in 1 benchmark over 10 commits.")


def test_a_link_to_a_benchmark_stays_the_same_and_no_name_leads_astray() -> None:
    hostile = "../</script>\u202e" + "x" * 200
    view = seen(*[summary(at, {hostile: 1e5, "empty/serial": 1e5}) for at in range(10)])
    names = {panel.name for panel in view.charts[0].panels}
    assert len(names) == 2 and all(re.fullmatch(r"[A-Za-z0-9-]+", name) for name in names)
    assert {panel.name for panel in seen(*[summary(at, {"empty/serial": 1e5}) for at in range(3)]).charts[0].panels} <= names


def test_commits_that_begin_alike_keep_their_names_apart() -> None:
    order = Order(["a" * 39 + "0", "a" * 39 + "1", "b" * 40], {})
    told = history.history_tables.Told(gathered()[0], order)
    assert [told.label(at) for at in range(3)] == ["a" * 39 + "0", "a" * 39 + "1", "b" * 12]


def test_a_history_of_nothing_is_an_empty_view() -> None:
    view = view_of(*gathered())
    assert (view.charts, view.tables) == ((), ())


# ---- rounds ------------------------------------------------------------------------------------------------


def test_a_commit_s_interval_is_of_its_median_and_of_few_rounds_reaches_over_all() -> None:
    record = summary(0, {"empty/serial": 1e5})
    (point,) = record.points
    more = record._replace(points=(point._replace(median=1e5 + 4.5, trials=b"".join(as_double(1e5 + at) for at in range(10))),))
    points = seen(more, summary(1, {"empty/serial": 1e5})).charts[0].panels[0].series[0].points
    assert (points[0].low, points[0].high) == (1e5 + 1, 1e5 + 8)
    (few,) = summary(1, {"empty/serial": 1e5}).points
    values = struct.unpack("5d", few.trials)
    assert (points[1].low, points[1].high) == (min(values), max(values))


def test_few_rounds_are_marked() -> None:
    record = summary(0, {"empty/serial": 1e5})
    (point,) = record.points
    few = record._replace(points=(point._replace(trials=point.trials[:16]),))
    view = seen(few, summary(1, {"empty/serial": 1e5}))
    assert [FEW_ROUNDS in one.marks for one in view.charts[0].panels[0].series[0].points] == [True, False]


# ---- records shown together --------------------------------------------------------------------------------


def of_commit(record: Json, commit: str, hour: int, factor: float = 1.0) -> Json:
    other = copy.deepcopy(record)
    other["context"]["commit"].update(id=commit, date=f"2024-05-01T{hour:02}:00:00+00:00")
    for entry in other["benchmarks"]:
        if entry["run_type"] == "iteration" and entry.get("ns_per_task"):
            entry["ns_per_task"] *= factor
    return other


def test_records_of_one_machine_are_a_history_in_the_order_of_their_commits(small: Json) -> None:
    records = [of_commit(small, "b" * 40, 2, 1.5), of_commit(small, "a" * 40, 1)]
    view = history.view(shown_of(*records))
    assert isinstance(view, View)
    check(view)
    assert view.charts[0].x.values == ("a" * 12, "b" * 12)
    assert all(ratio == pytest.approx(1.5) for (ratio,) in cells(table_of(view, "The last two"), "B ÷ A"))


@pytest.mark.parametrize("change", ["one record", "one commit", "other machines", "no commit"])
def test_what_is_no_history_names_how_to_get_one(small: Json, change: str) -> None:
    other = of_commit(small, "0123456789abcdef0123456789abcdef01234567" if change == "one commit" else "b" * 40, 2)
    if change == "other machines":
        other["context"]["machine"]["key"] = "f" * 12
    if change == "no commit":
        other["context"]["commit"] = None
    view = history.view(shown_of(*([small] if change == "one record" else [small, other])))
    assert isinstance(view, Missing) and view.command == "mpmt track record"


def test_records_whose_times_nobody_can_have_measured_take_no_part(small: Json) -> None:
    view = history.view(shown_of(small, of_commit(small, "b" * 40, 2, 1e300)))
    assert isinstance(view, Missing)


def test_older_records_are_read(older_once: Json) -> None:
    view = history.view(shown_of(older_once, of_commit(older_once, "b" * 40, 2)))
    assert isinstance(view, View)
    check(view)

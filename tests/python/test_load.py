"""What others do is read from /proc/stat where that can be believed, and is unknown elsewhere."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import pytest

from bench import PATIENCE_S, Island, with_file_over
from desk import QUICK, SAME, Desk
from mpmt.measuring import load
from mpmt.measuring.load import LoadSample, Ticks, Unbelievable, between, read_stat
from tracker import SCRIPT

STAT = """cpu  100 200 300 10000 20000 400 500 600 700 800
cpu0 10 20 30 1000 2000 40 50 60 70 80
cpu1 1 2 3 100 200 4 5 6 7 8
intr 1 2 3
"""
TICK_S = 1 / os.sysconf("SC_CLK_TCK")
CPUS = frozenset({0, 1})


@pytest.mark.parametrize(("cpus", "wanted"), [({0}, Ticks(150, 60, 3210)), ({1}, Ticks(15, 6, 321)),
                                              ({0, 1}, Ticks(165, 66, 3531))])
def test_the_lines_of_our_cpus_are_added_up(cpus: set[int], wanted: Ticks) -> None:
    assert read_stat(STAT, cpus) == wanted


UNBELIEVABLE = {
    "masked": ("", "is empty"),
    "gVisor": ("cpu  0 0 0 0 0 0 0 0 0 0\ncpu0 0 0 0 0 0 0 0 0 0 0\ncpu2 0 0 0 0 0 0 0 0 0 0\n", "only zeros for CPU 0"),
    "numbered anew": ("cpu0 1 1 1 1 1 1 1 1\ncpu1 1 1 1 1 1 1 1 1\n", "no line for CPU 2"),
    "the sum alone": ("cpu  1 1 1 1 1 1 1 1\n", "no line for CPU 0"),
    "four columns": ("cpu0 1 2 3 4\ncpu2 1 2 3 4\n", "4 columns of numbers for CPU 0, not 8"),
    "words": ("cpu0 10 20 x\n", "2 columns of numbers for CPU 0, not 8"),
    "negative": ("cpu0 10 -20 3 4 5 6 7 8\n", "1 columns of numbers for CPU 0, not 8"),
    "digits of another script": ("cpu0 ٣ 2 3 4 5 6 7 8\n", "0 columns"),
    "thousands of digits": ("cpu0 " + "9" * 10_000 + " 2 3 4 5 6 7 8\n", "0 columns"),
    "another file": ("root:x:0:0\n\0cpu", "no line for CPU 0"),
}


@pytest.mark.parametrize("name", UNBELIEVABLE)
def test_what_containers_make_of_stat_is_not_taken_for_quiet(name: str) -> None:
    text, reason = UNBELIEVABLE[name]
    with pytest.raises(Unbelievable, match=f"^/proc/stat .*{reason}"):
        read_stat(text, {0, 2})


def sample(when: float, busy: int = 0, stolen: int = 0, of_all: int = 100, own: float = 0.0, **other: Any) -> LoadSample:
    return LoadSample(**{"when": when, "own": own, "cpus": CPUS, "ticks": Ticks(busy, stolen, of_all), **other})


def test_what_others_used_is_what_is_left() -> None:
    start = sample(0)
    found = between(start, start, sample(1, busy=30, stolen=5, of_all=300, own=10 * TICK_S))
    assert found.foreign == pytest.approx(25 * TICK_S)
    assert found.available == 2 and found.disturbing
    assert not between(start, start, sample(1, busy=10, of_all=300, own=11 * TICK_S)).disturbing


def test_of_what_cannot_be_seen_nothing_is_said() -> None:
    start, unseen = sample(0), sample(1, ticks=None, why_not="masked")
    for three in ((unseen, start, start), (start, unseen, start), (start, start, unseen)):
        found = between(*three)
        assert (found.foreign, found.why_unknown, found.disturbing) == (None, "masked", False)


@pytest.mark.parametrize(("before", "after", "believed"), [
    (sample(0), sample(1, of_all=101), True), (sample(0), sample(0.05), True), (sample(0), sample(1), False),
    (sample(5), sample(5.01), False), (sample(5, of_all=700), sample(6, of_all=700), False),
    (sample(5, of_all=700), sample(6, of_all=500), False)])
def test_counters_that_do_not_go_on_are_not_believed(before: LoadSample, after: LoadSample, believed: bool) -> None:
    found = between(sample(0), before, after)
    assert (found.foreign is not None) == believed
    assert found.why_unknown == ("" if believed else "/proc/stat stands still")


def test_cpus_that_were_changed_disturb() -> None:
    found = between(sample(0), sample(1), sample(1.01, of_all=200, cpus=frozenset({1})))
    assert found.disturbing and found.change == "the usable CPUs were changed from 0, 1 to 1"


@pytest.mark.parametrize("refused", [PermissionError(13, "Permission denied"), FileNotFoundError(2, "No such file or directory")])
def test_what_cannot_be_read_is_unknown(monkeypatch: pytest.MonkeyPatch, refused: OSError) -> None:
    def open_(*_: Any, **__: Any) -> Any:
        raise refused
    monkeypatch.setattr(load, "open", open_, raising=False)
    meter = load.LoadMeter()
    assert meter.since(meter.sample()).foreign is None
    assert meter.why_unknown == f"/proc/stat cannot be read: {refused.strerror}"


def test_usable_cpus_that_are_not_known_are_no_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: int) -> Any:
        raise OSError(38, "Function not implemented")
    monkeypatch.setattr(os, "sched_getaffinity", refuse)
    meter = load.LoadMeter()
    assert meter.since(meter.sample()).foreign is None
    assert meter.why_unknown == "the usable CPUs are not known"


# ---- the whole program ---------------------------------------------------------------------------------


def compared(desk: Desk, island: Island, under: list[str]) -> dict[str, Any]:
    a, b = (desk.program(name, {"BM_x": SAME, "BM_y": SAME}) for name in "ab")
    command = [*under, sys.executable, SCRIPT, "compare", a, b, *QUICK, "--json"]
    done = subprocess.run(island.command(desk.folder, command), env=desk.environment, stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=PATIENCE_S)
    assert "Traceback" not in done.stderr, done.stderr
    return json.loads(done.stdout)


def test_a_comparison_says_how_much_others_took(desk: Desk, island: Island) -> None:
    document = compared(desk, island, [])
    if any("is not known" in note for note in document["notes"]):
        pytest.skip(str(document["notes"]))
    assert all(row["foreign_share"] >= 0 for row in document["benchmarks"])


@pytest.mark.parametrize("name", ["gVisor", "masked"])
def test_a_comparison_beside_unseen_others_says_so_once(desk: Desk, island: Island, name: str) -> None:
    if island.why_not:
        pytest.skip(island.why_not)
    text, _ = UNBELIEVABLE[name]
    stat = desk.folder / "stat"
    stat.write_text(text)
    document = compared(desk, island, with_file_over(stat, "/proc/stat"))
    assert [row["foreign_share"] for row in document["benchmarks"]] == [None, None]
    [note] = [note for note in document["notes"] if "/proc/stat" in note]
    assert "what others did on these CPUs is not known" in note

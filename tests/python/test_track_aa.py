"""track.py aa, end to end: a program against itself."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest

from desk import MODES, QUICK, SAME, Desk


def test_a_program_against_itself_gives_gates_for_later(desk: Desk) -> None:
    a = desk.program("a", {"BM_quiet": SAME, "BM_wide": "1000 * noise(0.05)", "BM_bad": MODES})
    done = desk.run("aa", a, "--runs", "2", "--json", *QUICK)
    document = done.json
    assert done.code == document["exit_code"] == 3 and document["runs"] == 2
    # What is unstable could have raised no alarm, and says nothing of the rate.
    assert (document["experiments"], document["alarms"]) == (4, 0)
    assert document["alarm_rate_95"] == [0.0, pytest.approx(1 - 0.025 ** (1 / 4))]
    widths_file, = desk.state.rglob("*.json")
    known = json.loads(widths_file.read_text())["half_widths"]
    assert str(widths_file) in done.err and set(known) == {"BM_quiet", "BM_wide"}
    assert known["BM_quiet"] < 0.02 < known["BM_wide"]
    # A change of 2.5 % is of interest, unless the program is known to differ from itself by more.
    widths_file.write_text(json.dumps({"half_widths": {"BM_wide": 0.0999, "BM_quiet": 0.001}}))
    b = desk.program("b", {"BM_quiet": f"1.05 * {SAME}", "BM_wide": f"1.025 * {SAME}"})
    later = desk.compare(a, b, "--cases", "quiet|wide", "--json")
    rows = {row["name"]: row for row in later.json["benchmarks"]}
    assert [(rows[name]["verdict"], rows[name]["gate"]) for name in ("BM_quiet", "BM_wide")] == [("slower", 0.02), ("same", 0.0999)]
    assert any("1 of the benchmarks differ from themselves" in note and "10.0%" in note for note in later.json["notes"])


@pytest.mark.parametrize("content", [
    b"", b"{", b"[]", b"\xff\xfe", b'{"half_widths": 3}', b'{"half_widths": {"BM_x": true}}', b'{"half_widths": {"BM_x": "1"}}',
    b'{"half_widths": {"BM_x": NaN}}', b'{"half_widths": {"BM_x": 1e300}}', b'{"half_widths": {"BM_x": -1}}',
    b'{"half_widths": {"BM_x": 1' + b"0" * 400 + b"}}", b"[" * 100_000, b'{"half_widths": {"BM_x": null}}', b'{"half_widths": {"BM_x": 0.5}}',
], ids=lambda content: content[:30].decode("ascii", "replace"))
def test_a_damaged_file_of_widths_is_as_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes) -> None:
    from mpmt.measuring import widths
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert widths.place("0123456789ab") is None and widths.gates(None, ["BM_x"], 0.02) == {"BM_x": 0.02}
    target = widths.place_to_write("0123456789ab")
    assert target == widths.place("0123456789ab") and widths.gates(target, ["BM_x"], 0.02) == {"BM_x": 0.02}
    target.write_bytes(content)
    assert widths.gates(target, ["BM_x"], 0.02) == {"BM_x": 0.02}
    widths.save(target, {"BM_y": 0.05})
    assert widths.gates(target, ["BM_x", "BM_y"], 0.02) == {"BM_x": 0.02, "BM_y": 0.05}


def test_a_program_that_differs_from_itself_by_much_gets_no_wider_gate(tmp_path: Path) -> None:
    from mpmt.measuring import widths
    target = tmp_path / "aa.json"
    widths.save(target, {"BM_x": 0.05, "BM_y": 0.05, "BM_z": 0.05})
    widths.save(target, {"BM_x": 0.4, "BM_y": None})
    assert widths.gates(target, ["BM_x", "BM_y", "BM_z"], 0.02) == {"BM_x": 0.02, "BM_y": 0.02, "BM_z": 0.05}


def test_quiet_programs_pass_and_broken_ones_measure_nothing(desk: Desk) -> None:
    quiet = desk.run("aa", desk.program("quiet", {"BM_x": SAME}), "--runs", "1", *QUICK)
    assert quiet.code == 0 and re.search(r"^0 false alarms in 1 experiments, 1 runs of .*quiet against itself;", quiet.out, re.M)
    assert "± 0." in quiet.out
    failing = desk.run("aa", desk.program("failing", then="sys.exit(1)"), "--runs", "1", *QUICK)
    assert failing.code == 5 and "failed: BM_x" in failing.out


def test_alarms_of_a_self_test_set_the_exit_code() -> None:
    from mpmt.commands.aa import CaseTally, SelfTest, as_json, table
    found = SelfTest("p", {"x": CaseTally(True, ["same", "slower"]), "y": CaseTally(False, ["unstable"])}, {}, 2)
    assert (found.exit_code(), found.alarms, len(found.verdicts)) == (1, 1, 2)
    assert as_json(found, 1)["alarm_rate_95"] == [pytest.approx(0.0126, abs=1e-3), pytest.approx(0.9874, abs=1e-3)]
    assert "1 false alarms in 2 experiments" in table(found) and "(not gated)" in table(found)
    assert SelfTest("p").exit_code() == 5


def test_widths_that_cannot_be_kept_are_a_warning(desk: Desk) -> None:
    desk.state.write_text("a file")
    done = desk.run("aa", desk.program("a", {"BM_x": SAME}), "--runs", "1", *QUICK, HOME="/proc/none")
    assert done.code == 0 and "0 false alarms in 1 experiments" in done.out
    assert "half-widths are not kept" in done.err and "XDG_STATE_HOME" in done.err
    (desk.folder / "home").mkdir()
    done = desk.run("aa", desk.program("a", {"BM_x": SAME}), "--runs", "1", *QUICK)
    assert done.code == 0 and f"kept in {desk.folder}/home/.local/state/mpmt/aa/" in done.err


def test_what_is_kept_is_this_users_alone_whatever_the_umask(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from mpmt.measuring import widths
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    before = os.umask(0)
    try:
        widths.save(widths.place_to_write("0123456789ab"), {"BM_x": 0.05})
    finally:
        os.umask(before)
    modes = {path: path.stat().st_mode & 0o077 for path in (tmp_path / "state").rglob("*")}
    assert len(modes) == 3 and not any(modes.values()), modes

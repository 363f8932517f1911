"""mpmt plot as its user runs it: files, words, exit codes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import xml.etree.ElementTree
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from conftest import GOLDEN, ROOT
from tracker import run_script

Json = dict[str, Any]
PLOT = ROOT / "scripts" / "plot.py"
VIEWS = {"verdict", "scaling", "latency", "startup"}  # of which the golden record has pictures
MOST_FIGURES = 12


def plot(*arguments: object) -> subprocess.CompletedProcess[str]:
    return run_script("plot.py", *arguments)


def refused(*arguments: object) -> str:
    done = plot(*arguments)
    lines = done.stderr.strip().splitlines()
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr and lines[-1].startswith("mpmt plot: ")
    return lines[-1]


def words(svg: Path) -> str:
    root = xml.etree.ElementTree.parse(svg).getroot()
    assert not root.findall(".//{http://www.w3.org/2000/svg}script")
    return "\n".join("".join(e.itertext()) for e in root.iter("{http://www.w3.org/2000/svg}text"))


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, subprocess.CompletedProcess[str]]:
    folder = tmp_path_factory.mktemp("plots") / "deep" / "folder"
    return folder, plot(GOLDEN, "-o", folder)


def test_there_is_one_figure_a_view_written_twice(drawn: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    folder, done = drawn
    assert (done.returncode, done.stderr) == (0, "")
    stems = {path.stem for path in folder.iterdir()}
    assert stems >= VIEWS and len(stems) <= MOST_FIGURES
    assert {path.name for path in folder.iterdir()} == {f"{stem}.{form}" for stem in stems for form in ("png", "svg")}
    for path in folder.iterdir():
        assert path.stat().st_size > 15_000
        assert str(path) in done.stdout
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in folder.glob("*.png"))


def test_what_is_not_drawn_is_named_with_the_reason(drawn: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    said = [line for line in drawn[1].stdout.splitlines() if line.startswith("not drawn: ")]
    named = {line.split(": ")[1] for line in said}
    assert {"memory", "history"} <= named and not named & {path.stem for path in drawn[0].iterdir()}
    assert any("mpmt run --command" in line for line in said), "the command that would measure it"


@pytest.mark.parametrize(("view", "expected"), [
    ("verdict", ["Verdict", "processes ÷ threads", "± 3 %", "file_cached", "unstable"]),
    ("scaling", ["Scaling", "speed-up", "workers", "prime_count", "ideal"]),
    ("latency", ["latency", "threads over boost_queue", "ms", "unstable"]),
])
def test_figures_say_what_they_show(drawn: tuple[Path, subprocess.CompletedProcess[str]], view: str,
                                    expected: list[str]) -> None:
    text = words(drawn[0] / f"{view}.svg")
    for said in [*expected, "usable cpus 2", "hypervisor kvm", "0123456789ab", "2024-05-01T12:00:00Z"]:
        assert said in text, said


def test_the_same_record_gives_the_same_file(small: Json, write: Callable[..., Path], tmp_path: Path) -> None:
    path = write(small)
    for name in ("a", "b"):
        assert plot(path, "-o", tmp_path / name, "--format", "svg").returncode == 0
    files = sorted((tmp_path / "a").iterdir())
    assert files
    for file in files:
        assert file.read_bytes() == (tmp_path / "b" / file.name).read_bytes()


ODD_NAMES = ["</script><script>alert(1)</script>", "$x_1$ $\\frac{", "_hidden", "-->", "a\nb\x1b[2J",
             "名前", "x" * 200, "%s{0}"]


def test_names_are_drawn_as_they_are(small: Json, write: Callable[..., Path], tmp_path: Path) -> None:
    def renamed(entry: Json, name: str) -> Json:
        odd = {key: name + entry[key] for key in ("name", "run_name", "processes_case", "threads_case") if key in entry}
        channel = name if entry["channel"] == "by_reference" else entry["channel"]
        return entry | odd | {"workload": name, "channel": channel}

    for part in ("benchmarks", "comparisons"):
        small[part] = [renamed(entry, name) for name in ODD_NAMES for entry in small[part] if entry["workload"] == "empty"]
    done = plot(write(small), "-o", tmp_path / "out", "--format", "svg")
    assert (done.returncode, done.stderr) == (0, "")
    assert "\x1b" not in done.stdout
    text = "".join(words(svg) for svg in (tmp_path / "out").glob("*.svg"))
    for shown in ("</script>", "<script>", "$x_1$", "$\\frac{", "_hidden", "-->", "名前", "%s{0}"):
        assert shown in text, shown


def test_without_ok_trials_nothing_is_drawn(small: Json, write: Callable[..., Path], tmp_path: Path) -> None:
    small["benchmarks"], small["comparisons"] = [], []
    done = plot(write(small), "-o", tmp_path / "out")
    assert done.returncode == 5 and "nothing to draw" in done.stdout
    assert not (tmp_path / "out").exists()


def test_bare_channels_have_a_figure_and_pools_none(channels_once: Json, write: Callable[..., Path], tmp_path: Path) -> None:
    done = plot(write(channels_once), "-o", tmp_path / "out", "--format", "svg")
    assert (done.returncode, done.stderr) == (0, "")
    files = {path.stem for path in (tmp_path / "out").iterdir()}
    assert "channels" in files and "scaling" not in files and len(files) <= MOST_FIGURES
    assert "floor_futex" in words(tmp_path / "out" / "channels.svg")


@pytest.mark.parametrize("key", ["", "f" * 12])
def test_several_records_stand_side_by_side(key: str, small: Json, write: Callable[..., Path], tmp_path: Path) -> None:
    first = write(small, "first.json")
    small["context"]["machine"]["key"] = key or small["context"]["machine"]["key"]
    small["context"]["commit"]["id"] = "e" * 40
    done = plot(first, write(small, "second.json"), "-o", tmp_path / "out", "--format", "svg")
    assert (done.returncode, done.stderr) == (0, "")
    text = words(tmp_path / "out" / "verdict.svg")
    assert "0123456789ab" in text and "eeeeeeeeeeee" in text and key in text


@pytest.mark.parametrize(("content", "said"), [
    ("", "empty file"), ("{\"context\":", "truncated"), ("[NaN]", "NaN"), ("[" * 9999, "nested too deeply"),
    ("{\"context\": {\"library_build_type\": \"release\"}, \"benchmarks\": []}", "not an mpmt record"),
])
def test_bad_records_are_refused_in_one_line(content: str, said: str, write: Callable[..., Path],
                                             tmp_path: Path) -> None:
    path = write(content, "bad.json")
    message = refused(path, "-o", tmp_path / "out")
    assert said in message and str(path) in message
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(("arguments", "said"), [
    (["--format", "jpg"], "unknown format 'jpg'"), (["--format", ""], "unknown format"),
    (["--dpi", "9"], "50 to 600"),
    (["--colour"], "unrecognized"),
])
def test_wrong_options_are_refused(arguments: list[str], said: str, tmp_path: Path) -> None:
    done = plot(GOLDEN, "-o", tmp_path / "out", *arguments)
    assert done.returncode == 2 and said in done.stderr


def test_an_unwritable_folder_is_refused(small: Json, write: Callable[..., Path]) -> None:
    path = write(small)
    for folder in ("/proc/nowhere", path):
        assert "--out" in refused(path, "-o", folder)


def test_nothing_half_written_stays_when_it_is_interrupted(tmp_path: Path) -> None:
    out = tmp_path / "out"
    for number, expected in ((signal.SIGINT, 130), (signal.SIGTERM, 130)):
        # A shell's background job is born with SIGINT ignored, and so would be what it starts.
        process = subprocess.Popen([sys.executable, PLOT, GOLDEN, "-o", out], stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, text=True, start_new_session=True,
                                   preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
        deadline = time.monotonic() + 60
        while not (out.exists() and any(out.iterdir())) and time.monotonic() < deadline:
            time.sleep(0.02)
        os.kill(process.pid, number)
        _, errors = process.communicate(timeout=60)
        assert process.returncode == expected and "Traceback" not in errors
        assert not [path for path in out.iterdir() if path.suffix == ".tmp"]
        for path in out.iterdir():
            path.unlink()


def test_help_names_the_figures_and_the_exit_codes() -> None:
    from mpmt.views.report import ORDER
    done = plot("--help")
    assert done.returncode == 0
    assert all(said in done.stdout for said in (*ORDER, "exit codes"))

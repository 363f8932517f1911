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
KINDS = {"speedup", "processes_vs_threads-controlled", "processes_vs_threads-deployed", "latency", "costs-1",
         "costs-2"}


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


def test_every_figure_is_written_twice(drawn: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    folder, done = drawn
    assert (done.returncode, done.stderr) == (0, "")
    assert {path.name for path in folder.iterdir()} == {f"{kind}.{form}" for kind in KINDS
                                                        for form in ("png", "svg")}
    for path in folder.iterdir():
        assert path.stat().st_size > 15_000
        assert str(path) in done.stdout
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in folder.glob("*.png"))


def test_what_is_left_out_is_said(drawn: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    folder, done = drawn
    for said in ("sort_block: worker died", "hash_chain: disturbed", "file_sync: unsupported here (98 trials",
                 "unstable, drawn and marked: loopback_echo/process_pool"):
        assert said in done.stdout
    for svg in folder.glob("*.svg"):
        assert "Left out: sort_block: worker died" in words(svg)


@pytest.mark.parametrize(("kind", "expected"), [
    ("speedup", ["Speed-up over workers", "speed-up (×)", "workers", "prime_count", "grain 20000",
                 "95 % interval",
                 "ideal: × workers", "measured capacity of the CPUs", "process_pool · boost_queue"]),
    ("processes_vs_threads-controlled", ["only the address space differs", "file_cached, 2 workers", "± 3 %",
                                         "processes 1.27× faster", "same within ± 3 %", "unstable",
                                         "undecided"]),
    ("processes_vs_threads-deployed", ["as deployed",
                                       "process_pool · boost_queue ÷ thread_pool · by_reference",
                                       "threads 2.84× faster"]),
    ("latency", ["Latency of a message", "p99.9", "latency (log scale)", "µs", "ms",
                 "thread_pool · boost_queue"]),
    ("costs-1", ["CPU time per task", "context switches per task", "submitter (CPU time)", "serial ×1"]),
])
def test_figures_say_what_they_show(drawn: tuple[Path, subprocess.CompletedProcess[str]], kind: str,
                                    expected: list[str]) -> None:
    text = words(drawn[0] / f"{kind}.svg").replace("\N{NO-BREAK SPACE}", " ")
    for said in [*expected, "Golden CPU 9000", "2 usable CPUs", "hypervisor kvm", "commit 0123456789ab",
                 "2024-05-01T12:00:00Z", "14 rounds of 4 laps", "seed 20240501"]:
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
        odd = {key: name + entry[key] for key in ("name", "run_name", "processes_case", "threads_case")
               if key in entry}
        channel = name if entry["channel"] == "by_reference" else entry["channel"]
        error = {"status": "error", "error": f"{name} broke"} if entry.get("round") == 3 else {}
        return entry | odd | error | {"workload": name, "channel": channel}

    for part in ("benchmarks", "comparisons"):
        small[part] = [renamed(entry, name) for name in ODD_NAMES for entry in small[part]
                       if entry["workload"] == "empty"]
    done = plot(write(small), "-o", tmp_path / "out", "--format", "svg")
    assert (done.returncode, done.stderr) == (0, "")
    assert "\x1b" not in done.stdout
    text = "".join(words(svg) for svg in (tmp_path / "out").glob("*.svg"))
    for shown in ("</script><script>", "$x_1$ $\\frac{", "_hidden", "-->", "名前", "%s{0}"):
        assert shown in text, shown


def test_many_workers_are_drawn_on_log_axes_and_marked(small: Json, write: Callable[..., Path],
                                                       tmp_path: Path) -> None:
    extra = []
    for entry in small["benchmarks"]:
        if entry["workers"] == 2:
            for workers in (4, 8):
                more = {**entry, "workers": workers, "batch_split": True, "batch": 16 // workers}
                more |= {key: entry[key].replace("workers:2", f"workers:{workers}")
                         for key in ("name", "run_name")}
                extra.append(more)
    for entry in small["benchmarks"]:
        entry["batch_split"], entry["batch"] = True, 16 // entry["workers"]
    small["benchmarks"] += extra
    assert plot(write(small), "-o", tmp_path, "--format", "svg").returncode == 0
    text = words(tmp_path / "speedup.svg")
    assert "more workers than CPUs (2)" in text and "batch split" in text


def test_figures_without_data_are_named_with_the_reason(small: Json, write: Callable[..., Path],
                                                        tmp_path: Path) -> None:
    small["comparisons"] = []
    small["benchmarks"] = [e for e in small["benchmarks"] if e["workers"] == 1 and e["executor"] != "serial"]
    for entry in small["benchmarks"]:
        if "latency_ns" in entry:
            entry["latency_ns"] = None
    done = plot(write(small), "-o", tmp_path / "out", "--format", "png")
    assert done.returncode == 0
    for said in ("not drawn: processes_vs_threads: no comparisons", "not drawn: latency: no ok trial"):
        assert said in done.stdout
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"costs.png", "speedup.png"}


def test_without_pools_there_is_no_speed_up(small: Json, write: Callable[..., Path], tmp_path: Path) -> None:
    small["benchmarks"] = [e for e in small["benchmarks"] if e["channel"] is None]
    done = plot(write(small), "-o", tmp_path / "out", "--format", "png")
    assert "not drawn: speedup: no pool has an ok trial" in done.stdout


def test_without_ok_trials_nothing_is_drawn(small: Json, write: Callable[..., Path], tmp_path: Path) -> None:
    small["benchmarks"], small["comparisons"] = [], []
    done = plot(write(small), "-o", tmp_path / "out")
    assert done.returncode == 5 and "nothing to draw" in done.stdout
    assert not (tmp_path / "out").exists()


def test_one_round_gives_points_without_intervals(small: Json, write: Callable[..., Path],
                                                  tmp_path: Path) -> None:
    small["benchmarks"] = [e for e in small["benchmarks"] if e.get("round") == 0]
    for row in small["comparisons"]:
        row |= dict.fromkeys(("ratio", "low", "high", "detectable")) | {"verdict": "undecided", "rounds_looked_at": 0}
    assert plot(write(small), "-o", tmp_path, "--format", "svg").returncode == 0
    assert "95 % interval" not in words(tmp_path / "speedup.svg")


def test_two_records_get_a_folder_each(small: Json, write: Callable[..., Path], tmp_path: Path) -> None:
    paths = [write(small, "a/run.json"), write(small, "b/run.json"), write(small, "other.json")]
    assert plot(*paths, "-o", tmp_path / "out", "--format", "png").returncode == 0
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"run", "run~2", "other"}


def test_records_of_two_machines_are_refused(small: Json, write: Callable[..., Path], tmp_path: Path) -> None:
    first = write(small, "first.json")
    small["context"]["machine"]["key"] = "f" * 12
    assert "context.machine.key is ffffffffffff" in refused(first, write(small, "second.json"), "-o",
                                                            tmp_path / "x")
    assert not (tmp_path / "x").exists()


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
    done = plot("--help")
    assert done.returncode == 0
    assert all(said in done.stdout for said in ("speedup", "processes_vs_threads", "latency", "costs",
                                                "exit codes"))


def speedup_words(record: Json, write: Callable[..., Path], tmp_path: Path) -> str:
    done = plot(write(record), "-o", tmp_path / "out", "--format", "svg")
    assert (done.returncode, done.stderr) == (0, "")
    return words(tmp_path / "out" / "speedup.svg")


def without_serial(record: Json, *workloads: str) -> Json:
    record["benchmarks"] = [e for e in record["benchmarks"]
                            if e["channel"] is not None or e["workload"] not in workloads]
    return record


def test_without_a_serial_case_time_per_task_is_drawn_and_said(small: Json, write: Callable[..., Path],
                                                               tmp_path: Path) -> None:
    text = speedup_words(without_serial(small, "empty", "prime_count"), write, tmp_path)
    assert "Time per task over workers" in text and text.count("no serial case: time per task") == 2
    for word in ("speed-up (×)", "ideal: × workers", "measured capacity"):
        assert word not in text
    assert "pool ×1" in text  # whose time stands beside the grain


def test_a_panel_without_a_serial_case_stands_beside_speed_ups(small: Json, write: Callable[..., Path],
                                                               tmp_path: Path) -> None:
    text = speedup_words(without_serial(small, "empty"), write, tmp_path)
    assert "Speed-up over workers" in text and text.count("no serial case: time per task") == 1
    assert "speed-up (×)" in text and "time per task" in text and "ideal: × workers" in text


def test_a_serial_case_of_other_rounds_is_no_baseline(small: Json, write: Callable[..., Path], tmp_path: Path) -> None:
    for entry in small["benchmarks"]:
        if entry["run_type"] == "iteration" and entry["workload"] == "empty" and entry["channel"] is None:
            entry["round"] += 1000
    small["context"]["rounds"] = 2000
    text = speedup_words(small, write, tmp_path)
    assert text.count("no serial case: time per task") == 1


def test_capacity_bounds_the_speed_up_of_work_that_computes_only(small: Json, write: Callable[..., Path],
                                                                 tmp_path: Path) -> None:
    assert "for work that computes" in speedup_words(small, write, tmp_path)
    for entry in small["benchmarks"]:
        entry["workload_kind"] = "io"
    assert "measured capacity" not in speedup_words(small, write, tmp_path)


@pytest.mark.parametrize("count", [1, 2, 7, 40])
def test_points_of_many_series_stand_nearest_to_their_own_percentile(count: int) -> None:
    from mpmt.figures.latency import side_by_side
    places = [side_by_side(at, count) for at in range(count)]
    assert places == sorted(places) and len(set(places)) == count
    assert max(map(abs, places)) < 0.4, "half-way to the next one, and within the axes"


def test_time_per_task_stands_beside_every_grain(drawn: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    for kind in KINDS:
        text = words(drawn[0] / f"{kind}.svg").replace("\N{NO-BREAK SPACE}", " ")
        beside = [line for line in text.splitlines() if "grain " in line and "file_sync" not in line]  # never measured
        assert beside and all(" = " in line for line in beside), kind

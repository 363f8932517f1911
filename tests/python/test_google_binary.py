"""Google Benchmarks that behave, and ones that do not: each gives a figure or one line that says what went wrong."""

from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from fakes import google_text, program
from mpmt.base.problem import NothingMeasured, Problem
from mpmt.measuring import google_binary
from mpmt.measuring.contender import Case, Failed, Size
from mpmt.measuring.google_binary import GoogleBinary

pytestmark = pytest.mark.usefixtures("mark")


def google_of(tmp_path: Path, *args: object, **options: object) -> GoogleBinary:
    return GoogleBinary(program(tmp_path / "fake", google_text(*args, **options)), "B")  # type: ignore[arg-type]


@pytest.mark.parametrize("old", [False, True])
def test_a_google_benchmark_of_either_age_is_sized_and_measured(
        tmp_path: Path, old: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    # Starting the program takes its time here, which is not to count: its clock stands still.
    monkeypatch.setattr(google_binary, "time", SimpleNamespace(monotonic=lambda: 0.0))
    fake = google_of(tmp_path, {"BM_x/8": "250_000.0", "BM_y": "1.0"}, old=old)
    assert [case.name for case in fake.cases()] == ["BM_x/8", "BM_y"]
    size = fake.size(fake.cases()[0], 0.2)
    assert fake.fixed_iterations is not old
    assert size.amount == pytest.approx(0.2 / 8 / 250e-6, abs=1) and size.blocks == 8
    assert fake.measure(fake.cases()[0], size) == 250_000


NAMES = ["BM_a.b", "BM_a+b*", "BM_(x)", "BM_[1]{2}", "BM_a|b", "BM_^$", "BM_back\\slash", "BM_<int, 3>/real_time",
         "BM_ with space", "-BM", "sort int[16]", "f{lambda()#1}", " leading", "trailing ", "tab\t", "BM_\u00e9", "BM_\u2028", "BM_\x85\x0b\x0c\x1c", "BM_\"quote\"", "BM_'", "all"]


def test_any_name_is_filtered_and_told_from_those_that_the_filter_takes_in(tmp_path: Path) -> None:
    fake = google_of(tmp_path, {name: f"{100.0 + i}" for i, name in enumerate(NAMES)})
    assert [case.name for case in fake.cases()] == NAMES
    fake.size(fake.cases()[0], 0.01)
    for i, name in enumerate(NAMES):
        assert fake.measure(Case(name), Size(1, 1, 0.1)) == 100 + i, name


@pytest.mark.parametrize(("then", "said"), [
    ("sys.exit(1)", "^B exited with 1$"), ("sys.exit('why\\nit broke')", "^B exited with 1: it broke$"),
    ("os.kill(os.getpid(), 11)", "^B was killed by SIGSEGV$"),
])
def test_a_google_benchmark_that_dies_says_how(tmp_path: Path, then: str, said: str) -> None:
    with pytest.raises(Failed, match=said):
        google_of(tmp_path, then=then).size(Case("BM_x"), 0.1)


@pytest.mark.parametrize(("out", "said"), [
    ("", "JSON cannot be used"), ("{", "JSON cannot be used"), ("[" * 10000, "JSON cannot be used"),
    ("[]", "JSON cannot be used"), ("{}", "JSON cannot be used: .*benchmarks"), ('{"benchmarks": 3}', "JSON cannot be used"),
    ('{"benchmarks": [3]}', "JSON cannot be used"), ('{"benchmarks": []}', "no such benchmark"),
    ('{"benchmarks": [{"run_type": "aggregate", "real_time": 3}]}', "no such benchmark"),
    ('{"benchmarks": [{}]}', "real_time"), ('{"benchmarks": [{"real_time": 1, "time_unit": "h"}]}', "cannot be used: 'h'"),
    ('{"benchmarks": [{"real_time": 1, "time_unit": []}]}', "cannot be used"),
    *((f'{{"benchmarks": [{{"real_time": {value}}}]}}', "real_time is|cannot be used") for value in
      ("0", "-1", "NaN", "Infinity", '"x"', "null", "1e-320", "1e300", "1" + "0" * 400)),
    ('{"benchmarks": [{"real_time": 1, "error_occurred": true, "error_message": "no \\u001b[31mGPU"}]}', r"no \\x1b\[31mGPU$"),
    ('{"benchmarks": [{"real_time": 1, "skipped": "SKIPPED", "skip_message": "why"}]}', "why$"),
    ('{"benchmarks": [{"real_time": 1, "error_occurred": true}]}', "no reason given$"),
])
def test_json_that_cannot_be_used_says_why(tmp_path: Path, out: str, said: str) -> None:
    then = (f"path = flag('--benchmark_out')\nif path:\n    open(path, 'w').write({out!r})\n    sys.exit(0)")
    with pytest.raises(Failed, match=said) as raised:
        google_of(tmp_path, then=then).size(Case("BM_x"), 0.1)
    assert "\x1b" not in str(raised.value)


def test_names_that_stand_for_several_benchmarks_are_not_measured(tmp_path: Path) -> None:
    fake = google_of(tmp_path, {"BM_x": "1.0"}, first="TIMES = {'BM_x': '1.0'}; print('BM_x') if 'list' in str(sys.argv) else 0")
    assert [case.name for case in fake.cases()] == ["BM_x"]
    with pytest.raises(Failed, match="^2 benchmarks are called BM_x"):
        fake.size(Case("BM_x"), 0.01)


def test_counters_that_are_no_numbers_and_fits_without_times_do_no_harm(tmp_path: Path) -> None:
    document = ('{"benchmarks": [{"name": "BM_x", "iterations": 1, "real_time": 3, "time_unit": "ns", "misses": NaN}, '
                '{"name": "BM_x_BigO", "big_o": "N", "real_coefficient": 2}, {"name": "BM_x_RMS", "rms": 0.1}]}')
    then = f"path = flag('--benchmark_out')\nif path:\n    open(path, 'w').write({document!r})\n    sys.exit(0)"
    fake = google_of(tmp_path, then=then)
    assert fake.measure(Case("BM_x"), fake.size(Case("BM_x"), 0.01)) == 3


def test_a_number_out_of_range_is_no_time(tmp_path: Path) -> None:
    then = ("path = flag('--benchmark_out')\nif path:\n    open(path, 'w').write('{\"benchmarks\": [{\"real_time\": 1e999}]}')\n"
            "    sys.exit(0)")
    with pytest.raises(Failed, match="real_time is inf"):
        google_of(tmp_path, then=then).size(Case("BM_x"), 0.1)


def test_a_program_that_makes_a_fifo_of_its_file_is_not_waited_for(tmp_path: Path) -> None:
    then = "path = flag('--benchmark_out')\nif path:\n    os.mkfifo(path)\n    sys.exit(0)"
    with pytest.raises(Failed, match="a FIFO, not a regular file"):
        google_of(tmp_path, then=then).size(Case("BM_x"), 0.1)


def test_a_program_that_writes_no_file_at_all_has_failed(tmp_path: Path) -> None:
    with pytest.raises(Failed, match="JSON cannot be used: .*No such file"):
        google_of(tmp_path, then="sys.exit(0)").size(Case("BM_x"), 0.1)


def test_garbage_on_standard_output_while_measuring_does_no_harm(tmp_path: Path) -> None:
    fake = google_of(tmp_path, {"BM_x": "7.0"}, then="print('{]' * 1000); print('\\x1b[31m', file=sys.stderr)")
    assert fake.measure(Case("BM_x"), fake.size(Case("BM_x"), 0.01)) == 7


@pytest.mark.parametrize(("first", "kind", "said"), [
    ("sys.exit(0)", NothingMeasured, "B: it lists no benchmark"), ("sys.exit(1)", Problem, "--benchmark_list_tests exited with 1$"),
    ("sys.exit('bad flag')", Problem, "exited with 1: bad flag"),
    ("os.kill(os.getpid(), 6)", Problem, "was killed by SIGABRT"), ("print('  '); sys.exit(0)", NothingMeasured, "lists no"),
])
def test_a_listing_that_fails_says_why(tmp_path: Path, first: str, kind: type, said: str) -> None:
    with pytest.raises(Problem, match=said) as raised:
        google_of(tmp_path, first=first).cases()
    assert type(raised.value) is kind


def test_one_benchmark_that_crashes_does_not_make_a_new_google_benchmark_an_old_one(tmp_path: Path) -> None:
    fake = google_of(tmp_path, {"BM_bad": "1.0", "BM_x": "1.0"}, then="if 'bad' in wanted: os.kill(os.getpid(), 11)")
    with pytest.raises(Failed, match="SIGSEGV"):
        fake.size(Case("BM_bad"), 0.01)
    fake.size(Case("BM_x"), 0.01)
    assert fake.fixed_iterations


def test_variables_that_change_what_is_asked_do_not_reach_the_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BENCHMARK_DRY_RUN", "true")
    monkeypatch.setenv("BENCHMARK_DATA", "mine")
    first = "assert 'BENCHMARK_DRY_RUN' not in os.environ and os.environ['BENCHMARK_DATA'] == 'mine'"
    assert [case.name for case in google_of(tmp_path, first=first).cases()] == ["BM_x"]


def test_options_and_cpus_reach_the_program(tmp_path: Path) -> None:
    seen = tmp_path / "seen"
    text = google_text(first=f"open({str(seen)!r}, 'w').write(repr((sys.argv[1], os.sched_getaffinity(0))))")
    cpu = max(os.sched_getaffinity(0))
    GoogleBinary(program(tmp_path / "fake", text), "B", {cpu}, ["--mine"]).cases()
    assert seen.read_text() == repr(("--mine", {cpu}))
    assert cpu in os.sched_getaffinity(0) and len(os.sched_getaffinity(0)) >= 1


@pytest.mark.parametrize(("then", "said"), [("import time; time.sleep(600)", "did not end within"), ("sys.exit(3)", "exited with 3")])
def test_a_pinned_program_is_named_by_its_own_name(tmp_path: Path, then: str, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(google_binary, "LISTING_S", 1.0)
    fake = program(tmp_path / "fake", google_text(first=then))
    with pytest.raises(Problem, match=said) as caught:
        GoogleBinary(fake, cpus=os.sched_getaffinity(0)).cases()
    assert str(fake) in str(caught.value) and "taskset" not in str(caught.value)


def test_a_cpu_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(Problem, match="fake cannot be kept to CPUs 4095"):
        GoogleBinary(program(tmp_path / "fake", google_text()), cpus={4095}).cases()

"""mpmt track diff: two stored records, or two files of a Google Benchmark program."""

from __future__ import annotations

import argparse
import json
import math
import random
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy
import pytest
from scipy import stats as scipy_stats

import make_history as made
from mpmt.base.problem import NotComparable, Problem
from mpmt.commands import diff

Json = dict[str, Any]
Write = Callable[..., Path]


def run(*arguments: object) -> int:
    parser = argparse.ArgumentParser()
    diff.add_arguments(parser)
    return diff.run(parser.parse_args([str(a) for a in arguments]))


@pytest.fixture
def show(capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    def show_(*arguments: object) -> str:
        assert run(*arguments) == 0
        return capsys.readouterr().out
    return show_


def record(cases: dict[str, Sequence[float]], version: int = 1, **more: Any) -> Json:
    benchmarks = [entry for name, values in cases.items()
                  for entry in made.entries(name, values, made.case_fields(name, version=version))]
    return {"context": made.context("ab" * 20, [], 0, 5, **more), "benchmarks": benchmarks, "comparisons": []}


def times(level: float, seed: int, count: int = 8) -> list[float]:
    random_ = random.Random(seed)
    return [level * math.exp(random_.gauss(0, 0.01)) for _ in range(count)]


def google(entries: Sequence[Json]) -> Json:
    return {"context": {"host_name": "x", "library_build_type": "release"}, "benchmarks": list(entries)}


def repetition(name: str, value: object, unit: str = "ns", **more: Any) -> Json:
    return {"name": name, "run_name": name, "run_type": "iteration", "real_time": value, "cpu_time": 1.0,
            "time_unit": unit, **more}


# ---- records ---------------------------------------------------------------------------------------------


def test_ratios_and_welchs_intervals(write: Write, show: Callable[..., str]) -> None:
    a, b = times(100, 1), times(120, 2, 6)
    paths = write(record({"x": a, "y": times(5e6, 3)}), "a.json"), write(record({"x": b, "y": times(5e6, 4)}), "b.json")
    x, y = json.loads(show("--json", *paths))["cases"]
    assert (x["benchmark"], y["benchmark"]) == ("x", "y"), "the largest effect comes first"
    logs = numpy.log(a), numpy.log(b)
    assert x["ratio"] == pytest.approx(math.exp(logs[1].mean() - logs[0].mean()))
    parts = [side.var(ddof=1) / len(side) for side in logs]
    freedom = sum(parts) ** 2 / sum(part**2 / (len(side) - 1) for part, side in zip(parts, logs))
    half = scipy_stats.t.ppf(0.975, freedom) * math.sqrt(sum(parts))
    assert x["low"] == pytest.approx(x["ratio"] * math.exp(-half)) and x["high"] == pytest.approx(x["ratio"] * math.exp(half))
    assert (x["trials_a"], x["trials_b"]) == (8, 6)


def test_the_text_says_what_it_cannot_say(write: Write, show: Callable[..., str]) -> None:
    text = show(write(record({"x": times(100, 1), "gone": [1.0, 1.0]}), "a.json"),
                write(record({"x": times(120, 2)}), "b.json"))
    assert "not interleaved" in text and "`mpmt track compare`" in text
    assert "only in A: 1 cases" in text and "1 cases compared" in text


def test_only_ok_trials_count(golden: Json, write: Write, show: Callable[..., str]) -> None:
    path = write(golden)
    text = show(path, path)
    assert "A: left out: file_sync: unsupported here" in text
    assert "unsupported" not in text.split("left out")[0] and "(unstable)" in text


def test_one_trial_has_no_interval(write: Write, show: Callable[..., str]) -> None:
    paths = write(record({"x": [100.0]}), "a.json"), write(record({"x": [130.0]}), "b.json")
    case, = json.loads(show("--json", *paths))["cases"]
    assert case["ratio"] == pytest.approx(1.3) and case["low"] is None
    assert " -  " in show(*paths)


def test_equal_trials_and_wild_ones_stay_finite(write: Write, show: Callable[..., str]) -> None:
    paths = (write(record({"x": [100.0] * 3, "y": [1e-9, 1e18]}), "a.json"),
             write(record({"x": [200.0] * 3, "y": [1e18, 1e-9]}), "b.json"))
    cases = {case["benchmark"]: case for case in json.loads(show("--json", *paths))["cases"]}
    assert cases["x"]["low"] == cases["x"]["high"] == pytest.approx(2.0)
    assert 0 < cases["y"]["low"] < cases["y"]["high"] < math.inf
    show(*paths)


@pytest.mark.parametrize("value", [1e300, 1e-300])
def test_times_that_nobody_measured_are_refused(value: float, write: Write) -> None:
    made_ = record({"x": [1.0]})
    made_["benchmarks"][0]["ns_per_task"] = value
    path = write(made_)
    with pytest.raises(Problem, match="ns_per_task: .* can be measured"):
        run(path, path)


def test_unlike_machines_are_not_compared(write: Write) -> None:
    paths = write(record({"x": [1.0]}), "a.json"), write(record({"x": [1.0]}, key="ffffffffffff"), "b.json")
    with pytest.raises(NotComparable, match="context.machine.key is ffffffffffff, but 0a1b2c3d4e5f") as caught:
        run(*paths)
    assert caught.value.exit_code == 4


def test_unlike_epochs_are_a_warning(write: Write, show: Callable[..., str]) -> None:
    text = show(write(record({"x": [1.0]}), "a.json"), write(record({"x": [1.0]}, epoch={"governor": "x"}), "b.json"))
    assert "warning: the machine's state changed between them: governor: null → \"x\"" in text


@pytest.mark.parametrize(("b", "options", "words"), [
    ({"cases": {"y": [1.0]}}, (), "no case in common$"), ({"cases": {"x": [1.0]}, "version": 2}, (), "another bench_version"),
    ({"cases": {"x": [1.0]}}, ("--cases", "zzz"), "matches --cases zzz"),
])
def test_without_a_common_case_there_is_nothing_to_compare(b: Json, options: tuple[str, ...], words: str,
                                                           write: Write) -> None:
    with pytest.raises(NotComparable, match=words):
        run(write(record({"x": [1.0]}), "a.json"), write(record(**b), "b.json"), *options)


def test_names_are_shown_as_one_line(write: Write, show: Callable[..., str]) -> None:
    path = write(record({"a\nb\x1b[31m": [1.0]}))
    assert "a\\nb\\x1b[31m" in show(path, path)


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"context": {}}', '{"context": {}, "benchmarks": {}}',
                                     "[" * 100_000])
def test_files_that_are_nothing_are_problems(content: str, write: Write) -> None:
    bad, good = write(content, "bad.json"), write(record({"x": [1.0]}), "good.json")
    with pytest.raises(Problem, match="bad.json: ") as caught:
        run(good, bad)
    assert str(caught.value).isprintable() and caught.value.exit_code == 2


# ---- Google Benchmark ------------------------------------------------------------------------------------


def test_repetitions_are_gathered_in_one_unit(write: Write, show: Callable[..., str]) -> None:
    a = google([repetition("x", v, "us") for v in (1.0, 1.01, 0.99)] + [repetition("x_mean", 1.0, run_type="aggregate")])
    b = google([repetition("x", v, "ns") for v in (1500, 1490.0, 1510)])
    paths = write(a, "a.json"), write(b, "b.json")
    case, = json.loads(show("--json", *paths))["cases"]
    assert case["ratio"] == pytest.approx(1.5, rel=0.01) and case["trials_a"] == 3
    assert "cannot be checked" in show(*paths)


def test_runs_with_errors_are_left_out_and_said(write: Write, show: Callable[..., str]) -> None:
    path = write(google([repetition("x", 1.0), repetition("x", 0, error_occurred=True, error_message="no"),
                         repetition("y", 0.0, skipped=True)]))
    shown = show(path, path)
    assert "A: left out: 1 runs of x: no\n" in shown and "A: not compared: y: no reason given\n" in shown


@pytest.mark.parametrize(("entry", "words"), [
    (repetition("x", None), "x: real_time: null is not a number"), (repetition("x", -1), "x: real_time: -1 ns is not a time"),
    (repetition("x", 0), "x: real_time: 0 ns is not"), (repetition("x", True), "x: real_time"),
    (repetition("x", "1"), "x: real_time"), (repetition("x", 1e308, "s"), "x: real_time"),
    (repetition("x", 1.0, "min"), "x: time_unit"),
    (repetition("x", 1.0) | {"run_name": 5}, "benchmarks[0].run_name: not a name"), ("x", "benchmarks[0]: not an object"),
])
def test_a_bad_entry_costs_its_own_benchmark_only(entry: Any, words: str, write: Write, show: Callable[..., str]) -> None:
    path = write(google([entry, repetition("x", 1.0), repetition("y", 1.0)]))
    assert words in show(path, path) and "y" in cases_of(show("--json", path, path))
    path = write(google([entry]))
    with pytest.raises(NotComparable, match=re.escape(words)):
        run(path, path)


@pytest.mark.parametrize("number", ["NaN", "-nan", "inf", "-Infinity", "1e999"])
def test_a_time_that_is_no_number_costs_its_own_benchmark_only(number: str, write: Write, show: Callable[..., str]) -> None:
    entries = [repetition("x", 12345), repetition("x", 5), repetition("y", 1.0) | {"inf": "nan"}]
    path = write(json.dumps(google(entries)).replace("12345", number))
    assert set(cases_of(show("--json", path, path))) == {"y"}
    assert "A: not compared: x: real_time: " in show(path, path)


def test_a_record_and_a_foreign_file_are_not_compared(write: Write) -> None:
    paths = write(google([repetition("x", 1.0)]), "a.json"), write(record({"x": [1.0]}), "b.json")
    for order in (paths, paths[::-1]):
        with pytest.raises(NotComparable, match="a.json is no mpmt record"):
            run(*order)


def cases_of(shown: str) -> dict[str, Json]:
    return {case["benchmark"]: case for case in json.loads(shown)["cases"]}


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity"])
def test_a_counter_that_is_no_number_is_nobodys_time(number: str, write: Write, show: Callable[..., str]) -> None:
    entries = [repetition("x", 1.0) | {"misses": 0}, repetition("x_cv", 0.1, run_type="aggregate") | {"misses": 12345}]
    path = write(json.dumps(google(entries)).replace("12345", number))
    assert set(cases_of(show("--json", path, path))) == {"x"}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32"])
def test_files_are_read_in_any_encoding_of_unicode(encoding: str, write: Write, show: Callable[..., str]) -> None:
    text = json.dumps(google([repetition("größe", 1.0)]), ensure_ascii=False)
    path = write(text.encode(encoding))
    assert set(cases_of(show("--json", path, path))) == {"größe"}
    with pytest.raises(Problem, match="not UTF-16 all through"):
        run(path, write(text.encode("utf-16") + b"x", "bad.json"))


def test_bytes_that_are_no_text_and_control_characters_are_read_and_shown(write: Write, show: Callable[..., str]) -> None:
    text = json.dumps(google([repetition("latin?", 1.0), repetition("two!lines", 1.0)])).encode("ascii")
    path = write(text.replace(b"?", b"\xe9").replace(b"!", b"\n"))
    assert set(cases_of(show("--json", path, path))) == {"latin\\xe9", "two\nlines"}


def test_counters_may_be_called_as_the_fields_of_the_library(write: Write, show: Callable[..., str]) -> None:
    text = json.dumps(google([repetition("x", 1.0)])).replace('"time_unit"', '"real_time": 7, "time_unit"')
    case, = json.loads(show("--json", write(text.replace("1.0,", "3.0,", 1), "a.json"), write(text, "b.json")))["cases"]
    assert case["ratio"] == pytest.approx(1 / 3)


def test_a_context_with_keys_of_its_own_makes_no_record(write: Write, show: Callable[..., str]) -> None:
    document = google([repetition("x", 1.0)])
    document["context"] |= {"suite": "nightly", "machine": {}, "schema_version": 1}
    path = write(document)
    assert "1 cases compared" in show(path, path)


def test_files_of_before_1_5_have_aggregates_by_name_only(write: Write, show: Callable[..., str]) -> None:
    def old(name: str, **more: Any) -> Json:
        return {"name": name, "iterations": 10, "real_time": 100.0, "cpu_time": 100.0, "time_unit": "ns"} | more
    fits = [{"name": "sum_BigO", "cpu_coefficient": 2.5, "real_coefficient": 2.5, "big_o": "N", "time_unit": "ns"},
            {"name": "sum_RMS", "rms": 0.02}]
    repeated = [old("sum/8"), old("sum/8"), *(old(f"sum/8_{end}", real_time=7.0) for end in ("mean", "median", "stddev"))]
    path = write(google([*repeated, old("geometric_mean"), *fits]))
    cases = cases_of(show("--json", path, path))
    assert {name: case["trials_a"] for name, case in cases.items()} == {"sum/8": 2, "geometric_mean": 1}
    path = write(google(repeated[2:]))
    assert set(cases_of(show("--json", path, path))) == {"sum/8"}


def test_where_there_are_only_aggregates_the_median_stands_for_all(write: Write, show: Callable[..., str]) -> None:
    def aggregate(kind: str, value: float) -> Json:
        return repetition(f"x_{kind}", value, run_type="aggregate") | {"run_name": "x", "aggregate_name": kind}
    a = write(google([aggregate("mean", 90), aggregate("median", 100), aggregate("stddev", 3), aggregate("cv", 0.03)]),
              "a.json")
    b = write(google([aggregate("mean", 150)]), "b.json")
    case, = json.loads(show("--json", a, b))["cases"]
    assert (case["benchmark"], case["ratio"], case["low"]) == ("x", pytest.approx(1.5), None)
    assert "only aggregates" in show(a, b)


def test_benchmarks_of_one_name_are_numbered(write: Write, show: Callable[..., str]) -> None:
    def same(factor: float) -> list[Json]:
        return [repetition("x", factor * value) | {"repetition_index": at, "repetitions": 2}
                for value in (100, 5000) for at in (0, 1)] + [repetition("y", 1.0) | {"repetition_index": 0}]
    paths = write(google(same(1)), "a.json"), write(google(same(2)), "b.json")
    cases = cases_of(show("--json", *paths))
    assert {name: (case["ratio"], case["trials_a"]) for name, case in cases.items()} == {
        "x #1": (pytest.approx(2), 2), "x #2": (pytest.approx(2), 2), "y": (1.0, 1)}
    assert "A: 2 benchmarks are called x: they are numbered" in show(*paths)


def test_where_all_were_skipped_the_reason_is_the_answer(write: Write) -> None:
    path = write(google([repetition("x", 0.0) | {"skipped": True, "skip_message": "no GPU"}]))
    with pytest.raises(NotComparable, match="not compared: x: no GPU"):
        run(path, path)

"""Sparse histograms give the quantiles that base/histogram.hpp defines."""

from __future__ import annotations

import random

import pytest

from mpmt.records import histograms as histogram


@pytest.mark.parametrize(("lowest", "width", "midpoint"), [
    (0, 1, 0), (1, 1, 1), (127, 1, 127),  # their own buckets
    (128, 2, 128), (254, 2, 254), (256, 4, 257), (508, 4, 509), (512, 8, 515),
    (1 << 20, 1 << 14, (1 << 20) + (1 << 13) - 1), ((1 << 42) - (1 << 35), 1 << 35,
                                                    (1 << 42) - (1 << 34) - 1),
])
def test_a_bucket_has_the_width_and_midpoint_of_its_octave(lowest: int, width: int, midpoint: int) -> None:
    assert histogram.bucket_width(lowest) == width
    assert histogram.midpoint(lowest) == midpoint
    assert histogram.is_bucket_start(lowest)


@pytest.mark.parametrize("value", [129, 255, 257, 513, -1, 1 << 42])
def test_what_is_no_bucket_start_is_known(value: int) -> None:
    assert not histogram.is_bucket_start(value)


@pytest.mark.parametrize(("buckets", "q", "expected"), [
    ([], 0.5, None),
    ([(5, 1)], 0.5, 5), ([(5, 1)], 1.0, 5),
    ([(1, 1), (2, 1)], 0.5, 1), ([(1, 1), (2, 1)], 0.51, 2),  # nearest rank
    ([(1, 99), (100, 1)], 0.99, 1), ([(1, 99), (100, 1)], 0.991, 100),
    ([(256, 10)], 0.5, 257),  # the midpoint stands for the bucket
])
def test_a_quantile_is_the_nearest_ranks_midpoint(buckets: list[tuple[int, int]], q: float,
                                                  expected: float | None) -> None:
    assert histogram.quantile(buckets, q) == expected


def test_a_quantile_is_never_above_the_maximum() -> None:
    assert histogram.quantile([(256, 3)], 0.9, maximum=256) == 256


@pytest.mark.parametrize("q", [0, -0.1, 1.01])
def test_a_quantile_outside_its_range_is_refused(q: float) -> None:
    with pytest.raises(ValueError, match="quantile"):
        histogram.quantile([(1, 1)], q)


def test_quantiles_are_within_one_percent_of_the_sorted_values() -> None:
    random_ = random.Random(1)
    values = sorted(int(random_.lognormvariate(9, 2)) for _ in range(5000))
    buckets = histogram.merge([[(v - v % histogram.bucket_width(v), 1)] for v in values])
    for q in (0.01, 0.5, 0.9, 0.99, 0.999):
        exact = values[max(1, -(-int(q * 1e6) * len(values) // 1_000_000)) - 1]
        assert histogram.quantile(buckets, q) == pytest.approx(exact, rel=0.01, abs=0.5)


def test_merging_adds_counts_and_sorts() -> None:
    merged = histogram.merge([[(4, 1), (9, 2)], [(1, 5), (9, 1)], []])
    assert merged == [(1, 5), (4, 1), (9, 3)]
    assert histogram.total(merged) == 9


def test_merging_parts_is_the_same_as_the_whole(golden_once: dict) -> None:
    entries = [e for e in golden_once["benchmarks"] if e.get("latency_ns")][:20]
    parts = [e["latency_ns"]["histogram"] for e in entries]
    assert histogram.merge([histogram.merge(parts[:7]), histogram.merge(parts[7:])]) == histogram.merge(parts)


def test_stored_percentiles_follow_from_the_stored_histogram(golden_once: dict) -> None:
    for entry in golden_once["benchmarks"]:
        latency = entry.get("latency_ns")
        if latency:
            assert histogram.total(latency["histogram"]) == latency["count"]
            for name, q in (("p50", 0.5), ("p90", 0.9), ("p99", 0.99)):
                assert histogram.quantile(latency["histogram"], q, latency["max"]) == latency[name]

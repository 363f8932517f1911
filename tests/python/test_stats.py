"""The statistics, against scipy and against examples worked by hand."""

from __future__ import annotations

import math
import random

import pytest
from scipy import stats as scipy_stats

from mpmt.records import stats as stats

SAMPLES = [
    [1.01, 0.99], [1.2, 1.25, 1.22], [0.5, 0.52, 0.47, 0.51, 0.55], [1.0, 1.1, 0.9, 1.3, 0.8, 1.05, 0.97],
    [100.0, 130.0, 90.0, 110.0], [math.exp(random.Random(3).gauss(0.02, 0.05) * k) for k in range(1, 21)],
]


@pytest.mark.parametrize("ratios", SAMPLES)
@pytest.mark.parametrize("confidence", [0.9, 0.95, 0.99])
def test_the_interval_is_students_on_the_log_scale(ratios: list[float], confidence: float) -> None:
    logs = [math.log(r) for r in ratios]
    mean, error = sum(logs) / len(logs), scipy_stats.sem(logs)
    low, high = scipy_stats.t.interval(confidence, len(logs) - 1, loc=mean, scale=error)
    interval = stats.log_mean_interval(ratios, confidence)
    assert interval.pairs == len(ratios)
    assert interval.ratio == pytest.approx(scipy_stats.gmean(ratios))
    assert interval.low == pytest.approx(math.exp(low))
    assert interval.high == pytest.approx(math.exp(high))


def test_one_pair_gives_a_ratio_and_no_interval() -> None:
    assert stats.log_mean_interval([2.0]) == stats.RatioInterval(1, pytest.approx(2.0), None, None)


def test_without_spread_the_interval_is_the_point() -> None:
    interval = stats.log_mean_interval([2.0] * 4)
    assert (interval.low, interval.high) == (pytest.approx(2.0), pytest.approx(2.0))


def test_wild_pairs_give_finite_ends() -> None:
    interval = stats.log_mean_interval([1e-200, 1e200])
    assert 0 < interval.low < interval.high < math.inf


def test_nothing_has_no_interval() -> None:
    with pytest.raises(ValueError):
        stats.log_mean_interval([])


def test_pairs_are_made_by_round_and_the_rest_is_dropped() -> None:
    interval = stats.speedup({0: 2.0, 1: 4.0, 5: 100.0}, {1: 2.0, 0: 1.0, 7: 1.0})
    assert interval is not None
    assert (interval.pairs, interval.ratio) == (2, pytest.approx(2.0))


def test_without_common_rounds_there_is_no_ratio() -> None:
    assert stats.speedup({0: 1.0}, {1: 1.0}) is None


def test_a_disturbance_of_whole_rounds_cancels_in_pairs() -> None:
    base = {r: 10.0 * (1 + r % 3) for r in range(6)}
    half = {r: v / 2 for r, v in base.items()}
    speedup = stats.speedup(base, half)
    assert speedup is not None
    assert (speedup.low, speedup.ratio, speedup.high) == tuple([pytest.approx(2.0)] * 3)


@pytest.mark.parametrize(("values", "sizes"), [
    ([], [0]), ([1.0], [1]), ([1.0, 2.0], [2]), ([1.0, 1.0, 2.0], [3]),  # too few for two modes
    ([1.0, 1.0, 2.0, 2.0], [2, 2]),
    ([1.0, 2.0, 1.01, 2.02, 0.99], [3, 2]),
    ([1.0, 1.0, 1.0, 1.0, 5.0], [5]),  # a stray value is no mode
    ([1.0, 1.1, 1.2, 1.3, 1.4, 1.5], [6]),  # wide, but without a gap
    ([1.0, 1.0, 1.29, 1.29], [4]), ([1.0, 1.0, 1.31, 1.31], [2, 2]),
    ([1.0] * 18 + [2.0] * 2, [20]), ([1.0] * 16 + [2.0] * 4, [16, 4]),  # at least 20 % on either side
])
def test_modes(values: list[float], sizes: list[int]) -> None:
    assert [len(mode) for mode in stats.modes(values)] == sizes


@pytest.mark.parametrize(("values", "unstable"), [
    ([1.0] * 5, False), ([1.0, 1.02, 0.98, 1.01, 1.0], False), ([1.0, 1.0, 1.0, 1.0, 2.0], True),  # CV 37 %
    ([1.0, 1.5, 1.0, 1.5, 1.0], True), ([4.0, 62.6, 4.1, 62.0], True), ([3.0], False), ([], False),
])
def test_unstable_is_bimodal_or_wide(values: list[float], unstable: bool) -> None:
    assert stats.is_unstable(values) is unstable


def test_the_t_interval_covers_as_often_as_it_says() -> None:
    random_ = random.Random(11)
    covered = 0
    for _ in range(2000):
        interval = stats.log_mean_interval([math.exp(random_.gauss(0.1, 0.03)) for _ in range(5)])
        covered += interval.low <= math.exp(0.1) <= interval.high
    assert 0.935 <= covered / 2000 <= 0.965


@pytest.mark.parametrize("confidence", [0.9, 0.95, 0.99])
@pytest.mark.parametrize("tries", [1, 2, 7, 50, 2000])
def test_the_interval_of_a_share_is_scipys(tries: int, confidence: float) -> None:
    for hits in {0, 1, tries // 3, tries // 2, tries - 1, tries}:
        expected = scipy_stats.binomtest(hits, tries).proportion_ci(confidence, method="exact")
        assert stats.share_interval(hits, tries, confidence) == (pytest.approx(expected.low), pytest.approx(expected.high))


def test_the_interval_of_a_share_is_the_published_one() -> None:
    # No event in n tries: the "rule of three"; Clopper and Pearson's own chart: 1 of 10 at 95 % is 0.0025 .. 0.4450.
    assert stats.share_interval(0, 300)[1] == pytest.approx(1 - 0.025 ** (1 / 300))
    assert stats.share_interval(1, 10) == (pytest.approx(0.0025, abs=5e-5), pytest.approx(0.4450, abs=5e-5))
    assert stats.share_interval(0, 0) == (0.0, 1.0)

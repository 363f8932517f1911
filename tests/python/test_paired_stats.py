"""Trimmed means of paired differences, their intervals and what they can detect: against scipy and worked examples."""

from __future__ import annotations

import math
import random
import statistics

import numpy
import pytest
from scipy import stats as scipy_stats

from mpmt.records import stats as stats

COUNTS = [2, 4, 5, 9, 10, 11, 14, 15, 20, 37, 60]
_RANDOM = random.Random(1)
HEAVY = [[_RANDOM.gauss(0.01, 0.05) * (10 if i % 7 == 3 else 1) for i in range(count)] for count in COUNTS]


@pytest.mark.parametrize("values", HEAVY, ids=len)
@pytest.mark.parametrize("trim", [0.0, 0.1, 0.2, 0.25])
def test_the_trimmed_mean_is_scipys(values: list[float], trim: float) -> None:
    found = stats.trimmed_mean(values, trim)
    assert found.mean == pytest.approx(scipy_stats.trim_mean(values, trim))
    assert found.count == len(values)
    assert found.freedom == len(values) - 2 * int(trim * len(values)) - 1


@pytest.mark.parametrize("values", HEAVY[1:], ids=len)
def test_the_standard_error_is_tukeys_and_mclaughlins(values: list[float]) -> None:
    """From scipy's Winsorised values. scipy's own trimmed_stde has n - 1 where Yuen has h - 1, with h = n - 2k."""
    count, cut = len(values), int(0.2 * len(values))
    left = count - 2 * cut
    winsorised = scipy_stats.mstats.winsorize(numpy.array(values), (cut / count + 1e-9, cut / count + 1e-9))
    expected = statistics.stdev(map(float, winsorised)) * math.sqrt((count - 1) / (left * (left - 1)))
    assert stats.trimmed_mean(values).error == pytest.approx(expected)
    if count % 5 == 0:
        scipys = float(scipy_stats.mstats.trimmed_stde(numpy.array(values), (0.2, 0.2)))
        assert stats.trimmed_mean(values).error == pytest.approx(scipys * math.sqrt((count - 1) / count * left / (left - 1)))


@pytest.mark.parametrize("values", HEAVY, ids=len)
@pytest.mark.parametrize("confidence", [0.9, 0.95, 0.99])
def test_untrimmed_it_is_students_test(values: list[float], confidence: float) -> None:
    found = stats.trimmed_mean(values, 0.0)
    scipys = scipy_stats.ttest_1samp(values, 0)
    low, high = scipy_stats.t.interval(confidence, len(values) - 1, loc=found.mean, scale=scipy_stats.sem(values))
    assert found.p_value() == pytest.approx(scipys.pvalue)
    assert found.half_width(confidence) == pytest.approx((high - low) / 2)


def test_a_trimmed_mean_worked_by_hand() -> None:
    # Of 10 values the two smallest and largest go: 3 .. 8 are left. Winsorised: 3 3 3 4 5 6 7 8 8 8 about 5.5, with
    # squares 3 · 2.5² · 2 + 1.5² · 2 + 0.5² · 2 = 42.5; error = √(42.5 / (6 · 5)).
    found = stats.trimmed_mean([1000.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, -50.0])
    assert found == stats.TrimmedMean(10, pytest.approx(5.5), pytest.approx(math.sqrt(42.5 / 30)), 5)
    t = 5.5 / math.sqrt(42.5 / 30)
    assert found.p_value() == pytest.approx(2 * scipy_stats.t.sf(t, 5))
    assert found.half_width(0.99) == pytest.approx(4.032143 * math.sqrt(42.5 / 30))  # t of 5 degrees, from a table


def test_its_interval_covers_as_often_as_it_says() -> None:
    random_, covered = random.Random(5), 0
    for _ in range(3000):
        found = stats.trimmed_mean([random_.gauss(0.1, 0.03) for _ in range(20)])
        covered += abs(found.mean - 0.1) <= found.half_width(0.95)
    low, high = stats.share_interval(covered, 3000, 0.999)
    assert low <= 0.955 and high >= 0.94


@pytest.mark.parametrize(("values", "p", "half"), [
    ([0.0], 1.0, math.inf), ([3.0], 1.0, math.inf), ([0.0] * 5, 1.0, 0.0), ([0.1] * 5, 0.0, 0.0),
    ([0.0, 0.0, 0.0, 0.0, 9.0], 1.0, 0.0),  # the only one that differs is trimmed
])
def test_without_spread_the_p_value_is_all_or_nothing(values: list[float], p: float, half: float) -> None:
    found = stats.trimmed_mean(values)
    assert (found.p_value(), found.half_width(0.99)) == (p, half)


def test_nothing_has_no_trimmed_mean() -> None:
    with pytest.raises(ValueError):
        stats.trimmed_mean([])


@pytest.mark.parametrize("values", HEAVY, ids=len)
def test_negated_values_have_the_negated_mean_and_the_same_error(values: list[float]) -> None:
    found, mirrored = stats.trimmed_mean(values), stats.trimmed_mean([-v for v in values])
    assert (mirrored.mean, mirrored.error) == (pytest.approx(-found.mean), pytest.approx(found.error))


# ---- robust_cv ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("cv", [0.01, 0.1, 0.2])
@pytest.mark.parametrize("trim", [0.0, 0.1, 0.2])
def test_of_normal_values_the_robust_cv_is_the_usual_one(cv: float, trim: float) -> None:
    random_ = random.Random(2)
    values = [random_.gauss(50, 50 * cv) for _ in range(20_000)]
    assert stats.robust_cv(values, trim) == pytest.approx(statistics.stdev(values) / statistics.fmean(values), rel=0.03)


def test_bursts_in_fifteen_percent_of_the_values_do_not_move_the_robust_cv() -> None:
    random_ = random.Random(4)
    values = [random_.gauss(50, 1) for _ in range(2000)]
    burst = [value * (30 if i % 20 < 3 else 1) for i, value in enumerate(values)]
    assert statistics.stdev(burst) / statistics.fmean(burst) > 1
    assert stats.robust_cv(burst) < 1.5 * stats.robust_cv(values)


@pytest.mark.parametrize("values", [[], [3.0], [3.0] * 20])
def test_what_does_not_vary_has_no_robust_cv(values: list[float]) -> None:
    assert stats.robust_cv(values) == 0


# ---- detectable, share_interval ----------------------------------------------------------------------------


@pytest.mark.parametrize("true", [0.03, 0.08])
def test_what_is_called_detectable_is_found_about_as_often_as_promised(true: float) -> None:
    """The promise is for the change that just can be seen: series of a known spread whose true mean is that."""
    random_, found, tries = random.Random(9), 0, 1500
    spread = true / stats.detectable(stats.TrimmedMean(20, 0, 1 / math.sqrt(20) * 1.15, 11), 0, 0.99, 0.9)
    for _ in range(tries):
        mean = stats.trimmed_mean([random_.gauss(true, spread) for _ in range(20)])
        found += mean.mean > mean.half_width(0.99)
    assert 0.85 <= found / tries <= 0.97


@pytest.mark.parametrize(("error", "least", "expected"), [
    (0.0, 0.02, 0.02),  # without noise: just what is of interest
    (0.01, 0.0, 0.01 * (2.1314495 + 1.3406056)),  # t of 15 degrees at 97.5 % and 90 %
    (0.01, 0.5, 0.5 + 0.01 * 1.3406056),
])
def test_detectable(error: float, least: float, expected: float) -> None:
    assert stats.detectable(stats.TrimmedMean(26, 0.7, error, 15), least, 0.95, 0.9) == pytest.approx(expected)


def test_one_value_detects_nothing() -> None:
    assert stats.detectable(stats.trimmed_mean([1.0]), 0.02, 0.99, 0.9) == math.inf


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

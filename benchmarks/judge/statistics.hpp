// The statistics behind a verdict: pure functions of numbers.
#pragma once

#include <string>
#include <vector>

namespace mpmt::benchmarks {

/// Of a non-empty sample; the mean of the two middle values when their number is even.
double median(std::vector<double> values);
double mean(const std::vector<double>& values);
/// Sample standard deviation (n − 1); 0 for fewer than two values.
double standard_deviation(const std::vector<double>& values);
/// Standard deviation ÷ mean; 0 for fewer than two values or a mean of 0.
double variation(const std::vector<double>& values);

/// A ratio with a two-sided 95 % interval, and the p-value of "the ratio is 1".
struct RatioEstimate {
  double ratio = 1;
  double low = 1;
  double high = 1;
  double p_value = 1;
};

/// Paired t on logarithms: with d_i = ln(numerator_i / denominator_i), exp(mean d ± t(0.975, n−1) s / √n) and the
/// t-test of mean d = 0 (Student 1908; on the log scale since times vary by factors). Needs at least 2 pairs of
/// positive numbers, else std::invalid_argument. Without any variation the interval is a point and p is 0, or 1 when
/// the ratio is 1.
RatioEstimate paired_ratio(const std::vector<double>& numerators, const std::vector<double>& denominators);

/// Holm's step-down correction (Scand. J. Statist. 6, 1979): adjusted p-values, in the order given.
std::vector<double> holm(const std::vector<double>& p_values);

/// Values that fall into two groups.
struct Modes {
  double low = 0;        ///< median of the lower group
  double high = 0;       ///< median of the upper group
  double low_share = 1;  ///< of the values
  bool two = false;
};

/// Two modes: sorted, the widest gap between neighbours (as a ratio) is more than 1.3, and at least 20 % of the values
/// and two of them lie on each side.
Modes modes(std::vector<double> values);

/// Why trials of one case are not to be compared: bimodal, or varying by more than 20 %; empty when they may be.
std::string instability(const std::vector<double>& values);

}  // namespace mpmt::benchmarks

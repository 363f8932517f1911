// The trimmed mean and what is known of it.
#pragma once

#include <vector>

namespace mpmt::benchmarks {

/// The 20 % trimmed mean of a sample with its standard error and degrees of freedom after Yuen, The Two-Sample Trimmed
/// t for Unequal Population Variances (Biometrika 61, 1974): of n sorted values the g = floor(n ÷ 5) lowest and highest
/// are left out of the mean, and are replaced by their neighbours (winsorised) for the error.
struct Trimmed {
  double mean = 0;
  double error = 0;    ///< standard error of the mean
  double freedom = 0;  ///< n - 2 g - 1

  /// Half of the interval in which the mean's true value lies with a probability of 1 - `two_sided`.
  double half_width(double two_sided) const;
};

/// The degrees of freedom of a trimmed mean of that many values.
int freedom_of(int values);

/// Needs 2 values at least, or throws std::invalid_argument.
Trimmed trimmed(std::vector<double> values);

/// The probability that `mean ÷ error` of a sample with this many degrees of freedom exceeds the two-sided limit, on
/// the side of the effect, where the true mean lies `distance` true standard errors away from 0.
double power_of_t(double freedom, double two_sided, double distance);

}  // namespace mpmt::benchmarks

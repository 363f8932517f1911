#include "benchmarks/judge/trimmed.hpp"

#include <algorithm>
#include <boost/math/distributions/non_central_t.hpp>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>
#include <numeric>
#include <stdexcept>

namespace mpmt::benchmarks {
namespace {

constexpr int kOneOf = 5;  // 20 % at either end
/// Farther away than this no limit of ours is missed, and the distribution's series would be long.
constexpr double kSurely = 60;

double quantile_of_t(double freedom, double two_sided) {
  return boost::math::quantile(boost::math::complement(boost::math::students_t(freedom), two_sided / 2));
}

}  // namespace

double Trimmed::half_width(double two_sided) const {
  return error == 0 ? 0 : quantile_of_t(freedom, two_sided) * error;
}

int freedom_of(int values) {
  return values - 2 * (values / kOneOf) - 1;
}

Trimmed trimmed(std::vector<double> values) {
  const auto n = values.size();
  if (n < 2) throw std::invalid_argument("a trimmed mean needs two values at least");
  std::sort(values.begin(), values.end());
  const auto cut = n / kOneOf;
  const double freedom = freedom_of(static_cast<int>(n));
  const double kept = freedom + 1;
  const auto first = values.begin() + static_cast<std::ptrdiff_t>(cut);
  const auto last = values.end() - static_cast<std::ptrdiff_t>(cut);
  const double mean = std::accumulate(first, last, 0.0) / kept;

  std::fill(values.begin(), first, *first);
  std::fill(last, values.end(), *(last - 1));
  const double centre = std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(n);
  double squares = 0;
  for (const double value : values) squares += (value - centre) * (value - centre);
  return {mean, std::sqrt(squares / (kept * freedom)), freedom};
}

double power_of_t(double freedom, double two_sided, double distance) {
  if (distance > kSurely) return 1;
  const double limit = quantile_of_t(freedom, two_sided);
  return boost::math::cdf(boost::math::complement(boost::math::non_central_t(freedom, distance), limit));
}

}  // namespace mpmt::benchmarks

#include "benchmarks/judge/statistics.hpp"

#include <algorithm>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>
#include <iomanip>
#include <numeric>
#include <sstream>
#include <stdexcept>

namespace mpmt::benchmarks {
namespace {

constexpr double kModeGap = 1.3;
constexpr double kModeShare = 0.2;
constexpr double kWide = 0.20;

std::string percent(double share) {
  std::ostringstream out;
  out << std::fixed << std::setprecision(0) << 100 * share << " %";
  return out.str();
}

}  // namespace

double median(std::vector<double> values) {
  if (values.empty()) throw std::invalid_argument("the median of no values");
  std::sort(values.begin(), values.end());
  const auto half = values.size() / 2;
  return values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
}

double mean(const std::vector<double>& values) {
  if (values.empty()) throw std::invalid_argument("the mean of no values");
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

double standard_deviation(const std::vector<double>& values) {
  if (values.size() < 2) return 0;
  const double centre = mean(values);
  double squares = 0;
  for (const double value : values) squares += (value - centre) * (value - centre);
  return std::sqrt(squares / static_cast<double>(values.size() - 1));
}

double variation(const std::vector<double>& values) {
  if (values.size() < 2) return 0;
  const double centre = mean(values);
  return centre == 0 ? 0 : standard_deviation(values) / centre;
}

RatioEstimate paired_ratio(const std::vector<double>& numerators, const std::vector<double>& denominators) {
  const auto pairs = numerators.size();
  if (pairs != denominators.size() || pairs < 2) throw std::invalid_argument("a paired ratio needs two pairs at least");
  std::vector<double> logs;
  for (std::size_t i = 0; i < pairs; ++i) {
    if (!(numerators[i] > 0 && denominators[i] > 0))
      throw std::invalid_argument("a ratio of times that are not positive");
    logs.push_back(std::log(numerators[i] / denominators[i]));
  }
  const double centre = mean(logs);
  const double error = standard_deviation(logs) / std::sqrt(static_cast<double>(pairs));
  if (error == 0) return {std::exp(centre), std::exp(centre), std::exp(centre), centre == 0 ? 1.0 : 0.0};
  const boost::math::students_t distribution(static_cast<double>(pairs - 1));
  const double half = boost::math::quantile(distribution, 0.975) * error;
  const double p = 2 * boost::math::cdf(boost::math::complement(distribution, std::abs(centre) / error));
  return {std::exp(centre), std::exp(centre - half), std::exp(centre + half), p};
}

std::vector<double> holm(const std::vector<double>& p_values) {
  std::vector<std::size_t> order(p_values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](auto a, auto b) { return p_values[a] < p_values[b]; });
  std::vector<double> adjusted(p_values.size());
  double largest = 0;
  for (std::size_t rank = 0; rank < order.size(); ++rank) {
    const double factor = static_cast<double>(order.size() - rank);
    largest = std::max(largest, std::min(1.0, factor * p_values[order[rank]]));
    adjusted[order[rank]] = largest;
  }
  return adjusted;
}

Modes modes(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const auto least =
      std::max<std::size_t>(2, static_cast<std::size_t>(std::ceil(kModeShare * static_cast<double>(values.size()))));
  Modes found;
  double widest = kModeGap;
  for (std::size_t split = least; split + least <= values.size(); ++split) {
    const double gap = values[split - 1] > 0 ? values[split] / values[split - 1] : 1;
    if (gap <= widest) continue;
    widest = gap;
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>(split);
    found = {median({values.begin(), middle}), median({middle, values.end()}),
             static_cast<double>(split) / static_cast<double>(values.size()), true};
  }
  return found;
}

std::string instability(const std::vector<double>& values) {
  if (values.size() < 2) return {};
  std::ostringstream why;
  if (const auto found = modes(values); found.two) {
    why << "two modes " << std::setprecision(2) << found.high / found.low << "x apart, " << percent(found.low_share)
        << " of the trials in the faster";
  } else if (const double wide = variation(values); wide > kWide) {
    why << "trials vary by " << percent(wide);
  }
  return why.str();
}

}  // namespace mpmt::benchmarks

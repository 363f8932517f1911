#include "benchmarks/plan/filter.hpp"

#include <re2/re2.h>

#include "base/shown.hpp"
#include "base/text.hpp"
#include "benchmarks/plan/options.hpp"

namespace mpmt::benchmarks {
namespace {

re2::RE2::Options quiet_and_bounded() {
  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(Filter::kMostBytes);
  return options;
}

/// Enough of an expression to know it by.
std::string excerpt(const std::string& expression) {
  constexpr std::size_t kMost = 200;
  return shown(expression.size() <= kMost ? expression : expression.substr(0, kMost) + "...");
}

}  // namespace

Filter::Filter(const std::string& asked) {
  if (asked.empty() || asked == "all") return;
  negated_ = asked.front() == '-';
  wanted_ = std::make_unique<re2::RE2>(negated_ ? asked.substr(1) : asked, quiet_and_bounded());
  if (wanted_->ok()) return;
  const std::string why = wanted_->error_code() == re2::RE2::ErrorPatternTooLarge
                              ? text("needs more than the ", kMostBytes >> 10, " KiB that a filter may take")
                              : text("is not a regular expression: ", shown(wanted_->error()));
  throw UsageError(text("--benchmark_filter: '", excerpt(asked), "' ", why));
}

Filter::~Filter() = default;

bool Filter::keeps(std::string_view name) const {
  return !wanted_ || re2::RE2::PartialMatch({name.data(), name.size()}, *wanted_) != negated_;
}

}  // namespace mpmt::benchmarks

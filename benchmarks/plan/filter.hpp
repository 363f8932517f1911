// --benchmark_filter: which cases of a plan are run.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace re2 {
class RE2;
}

namespace mpmt::benchmarks {

/// As Google Benchmark has it: a regular expression that is looked for anywhere in a name; with a `-` before it, what
/// it is not found in is kept; `all` or nothing keeps all. Matching takes time in proportion to the name, whatever the
/// expression, and memory up to kMostBytes.
class Filter {
 public:
  /// Its compiled form and what is kept while matching; some ten thousand characters of an expression.
  static constexpr std::int64_t kMostBytes = 1 << 20;

  /// Throws UsageError when it is no regular expression (RE2's syntax), or too large a one.
  explicit Filter(const std::string& asked);
  ~Filter();
  Filter(const Filter&) = delete;
  Filter& operator=(const Filter&) = delete;

  bool keeps(std::string_view name) const;

 private:
  bool negated_ = false;
  std::unique_ptr<re2::RE2> wanted_;  ///< none: all are kept
};

}  // namespace mpmt::benchmarks

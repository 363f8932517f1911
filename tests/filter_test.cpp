// Which cases of a plan a filter keeps.
#include <gtest/gtest.h>

#include <string>

#include "planning.hpp"

namespace mpmt::benchmarks {
namespace {

TEST(Filter, keeps_what_matches_or_with_a_minus_what_does_not) {
  const auto all = names_of(plan_of({}));
  const auto filtered = [](const std::string& filter) {
    RunOptions options;
    options.filter = filter;
    return names_of(plan_of(options));
  };
  const auto kept = filtered("prime_count/(thread|process)_pool");
  EXPECT_GT(kept.size(), 0U);
  for (const auto& name : kept) EXPECT_EQ(name.rfind("prime_count/", 0), 0U) << name;
  EXPECT_EQ(kept.size() + filtered("-prime_count/(thread|process)_pool").size(), all.size());
  EXPECT_EQ(filtered("all"), all);
  EXPECT_EQ(filtered("."), all);
  EXPECT_TRUE(filtered("no such case").empty());
  RunOptions options;
  options.filter = "(";
  expect_refused(options, {"--benchmark_filter", "'('", "missing )"});
}

/// What a matcher that tries all ways would not end on, and one that needs more memory than a filter may take.
TEST(Filter, none_takes_for_ever) {
  RunOptions options;
  options.filter = "(([a-z_]+)*)*\\1";
  expect_refused(options, {"--benchmark_filter", "invalid escape sequence: \\1"});
  options.filter = "((([a-z_/:0-9]*)*)*)*!";
  EXPECT_TRUE(plan_of(options).cases.empty());
  options.filter = "((([a-z]{1,100}){1,100}){1,100})";
  expect_refused(options, {"--benchmark_filter", "invalid repetition size"});
  options.filter.clear();
  for (int i = 0; i < 10'000; ++i) options.filter += "[^a-z]{30}";
  expect_refused(options, {"--benchmark_filter", "KiB"});
}

}  // namespace
}  // namespace mpmt::benchmarks

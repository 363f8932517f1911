// Listings of programs that use Google Benchmark.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>

#include "commands/google_listing.hpp"
#include "google_programs.hpp"

namespace mpmt::commands {
namespace {

using namespace tests;
using Names = std::vector<std::string>;

GoogleListing listing_of(const ProgramWords& command) {
  return list_benchmarks(command, soon());
}

std::string refusal_of(const ProgramWords& command, Deadline deadline = soon()) {
  try {
    list_benchmarks(command, deadline);
  } catch (const std::runtime_error& error) {
    return error.what();
  }
  return "";
}

/// A variable for the time of a test.
class Variable {
 public:
  Variable(const char* name, const char* value) : name_(name) { ::setenv(name, value, 1); }
  ~Variable() { ::unsetenv(name_); }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;

 private:
  const char* name_;
};

TEST(GoogleListing, a_program_of_before_1_8_is_told_from_a_new_one_without_running_a_benchmark) {
  EXPECT_FALSE(listing_of(odd("slowfirst")).fixed_iterations);
  EXPECT_FALSE(listing_of(odd("work,lenient")).fixed_iterations) << "it only says on standard error what it refuses";
  const Fake fake(new_library(kPlain, "[ -n \"$list\" ] || exit 9"));
  EXPECT_TRUE(listing_of(fake.command()).fixed_iterations);
}

TEST(GoogleListing, what_a_program_prints_by_itself_is_no_benchmark) {
  for (const char* more : {"banner", "number", "banner,number,goodbye", "unended", "banner,unended,goodbye",
                           "shows_call,number", "exit3"}) {
    const auto command = odd(std::string("work,big_o,") + more);
    if (std::string(more) == "exit3") {
      EXPECT_NE(refusal_of(command).find("--benchmark_list_tests exited with 3"), std::string::npos);
      continue;
    }
    EXPECT_EQ(listing_of(command).names, (Names{"grows/8", "grows/16", "grows/32", "grows/64", "work"})) << more;
  }
}

TEST(GoogleListing, names_are_taken_as_they_are) {
  const auto names = listing_of(odd("names,banner")).names;
  EXPECT_EQ(names.size(), 19U);
  for (const char* name : {"trailing space ", " leading", "-starts-with-minus", "tab\there", "latin\xe9", "all"}) {
    EXPECT_NE(std::find(names.begin(), names.end(), name), names.end()) << name;
  }
}

TEST(GoogleListing, benchmarks_of_one_name_are_left_out_with_a_note) {
  const auto listing = listing_of(odd("dup"));
  EXPECT_EQ(listing.names, Names{"other"});
  ASSERT_EQ(listing.notes.size(), 1U);
  EXPECT_NE(listing.notes[0].find("2 benchmarks are called same"), std::string::npos) << listing.notes[0];
}

TEST(GoogleListing, variables_that_change_what_is_asked_are_not_passed_on) {
  const Variable format("BENCHMARK_FORMAT", "json");
  const Variable filter("BENCHMARK_FILTER", "nothing");
  const Variable dry("BENCHMARK_DRY_RUN", "true");
  const Variable own("BENCHMARK_DATA", "mine");
  EXPECT_EQ(listing_of(odd("work")).names, Names{"work"});
  const Fake fake(new_library(kPlain, R"([ -z "$BENCHMARK_DRY_RUN" ] && [ "$BENCHMARK_DATA" = mine ] || exit 1)"));
  EXPECT_EQ(listing_of(fake.command()).names, Names{"new/8 [a]"});
}

TEST(GoogleListing, a_program_that_runs_its_benchmarks_instead_is_noticed_at_once) {
  const auto start = Clock::now();
  const auto said = refusal_of(odd("slowfirst,deaf"));
  EXPECT_NE(said.find("runs its benchmarks when it is told to list them"), std::string::npos) << said;
  EXPECT_LT(seconds_since(start), 15);
}

TEST(GoogleListing, a_listing_that_fails_says_why) {
  EXPECT_NE(refusal_of({kPrograms + "gone"}).find("No such file"), std::string::npos);
  EXPECT_NE(refusal_of(odd("")).find("lists no benchmark"), std::string::npos);
  EXPECT_NE(refusal_of({"true"}).find("lists no benchmark"), std::string::npos);
  const Fake fails("echo 'bad \033 luck' >&2; exit 4");
  EXPECT_NE(refusal_of(fails.command()).find("exited with 4: bad \\x1b luck"), std::string::npos);
  const Fake dies("kill -SEGV $$");
  EXPECT_NE(refusal_of(dies.command()).find("killed by SIGSEGV"), std::string::npos);
  const Fake hangs("sleep 600");
  const auto late = refusal_of(hangs.command(), Clock::now() + std::chrono::milliseconds(200));
  EXPECT_NE(late.find("has not listed its benchmarks within"), std::string::npos) << late;
}

}  // namespace
}  // namespace mpmt::commands

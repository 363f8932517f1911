// Rows in words: the short answer and the tables.
#include <gtest/gtest.h>

#include <algorithm>

#include "observations.hpp"

namespace mpmt::benchmarks {
namespace {

TEST(VerdictText, words_say_who_is_faster_and_by_how_much) {
  const auto words = [](double factor, double scatter = 0.005) {
    return in_words(only(both(about(factor, kEnough, 0, scatter), about(1, kEnough, 0, 0))), usual());
  };
  EXPECT_EQ(words(1.5, 0), "threads 1.50x faster");
  EXPECT_EQ(words(0.5, 0), "processes 2.00x faster");
  EXPECT_EQ(words(1), "same within 3 %");
  EXPECT_EQ(words(1.01, 0), "same within 3 % (threads 1.0 % faster)");
  EXPECT_EQ(words(1 / 1.01, 0), "same within 3 % (processes 1.0 % faster)");
  const auto undecided = words(1, 0.1);
  EXPECT_EQ(undecided.rfind("undecided: ", 0), 0U) << undecided;
  EXPECT_NE(undecided.find("would have been seen"), std::string::npos) << undecided;
}

TEST(VerdictText, a_difference_that_shows_and_is_not_confirmed_is_said_as_such) {
  auto row = only(both(about(1, kEnough, 0, 0.1), about(1, kEnough, 0, 0)));
  ASSERT_EQ(row.verdict, Verdict::undecided);
  row.finding.ratio = 1.037;
  row.finding.low = 1.023;
  row.finding.high = 1.051;
  EXPECT_EQ(in_words(row, usual()), "undecided: threads 3.7 % faster so far, not confirmed");
}

/// A row of each grain, process times being these times as long; noisy ones stay open.
Observations rows_of_grains(const std::vector<double>& factors, double scatter = 0.005) {
  Observations all;
  std::uint64_t grain = 1;
  for (const double factor : factors) {
    auto threads = made("thread_pool");
    auto processes = made("process_pool");
    threads.grain = processes.grain = grain++;
    add(all, threads, about(1, kEnough, 2));
    add(all, processes, about(factor, kEnough, 0, scatter));
  }
  return all;
}

std::string answered(const Observations& all) {
  return answer_of(compared_as_usual(all), Rules());
}

TEST(VerdictText, the_answer_tells_few_rows_one_by_one_and_folds_many) {
  const std::vector<double> few{1, 1.5, 2};
  EXPECT_NE(answered(rows_of_grains(few)).find("grain 3"), std::string::npos);
  const auto many = answered(rows_of_grains(std::vector<double>(40, 1.5)));
  EXPECT_EQ(many.find("grain"), std::string::npos) << many;
  EXPECT_NE(many.find("40 of 40 rows"), std::string::npos) << many;
  EXPECT_NE(many.find("threads 1.50x faster"), std::string::npos) << many;
  auto one_unlike_others = std::vector<double>(40, 1.5);
  one_unlike_others[2] = 0.5;
  const auto folded = answered(rows_of_grains(one_unlike_others));
  EXPECT_NE(folded.find("39 of 40 rows"), std::string::npos) << folded;
  EXPECT_NE(folded.find("grain 3"), std::string::npos) << folded << "a row that stands alone is named";
  const auto same = answered(rows_of_grains(std::vector<double>(40, 1)));
  EXPECT_EQ(std::count(same.begin(), same.end(), '\n'), 2) << same;
  const auto open = answered(rows_of_grains(std::vector<double>(40, 1), 0.1));
  EXPECT_EQ(std::count(open.begin(), open.end(), '\n'), 2) << open;
  EXPECT_NE(open.find("would have shown"), std::string::npos) << open;
}

TEST(VerdictText, the_text_tables_hold_every_row) {
  const auto table = table_of(compared_as_usual(both(about(1.5), about(1))), usual());
  EXPECT_NE(table.find("prime_count"), std::string::npos);
  EXPECT_NE(table.find("1.500"), std::string::npos);
  EXPECT_NE(table.find("Controlled"), std::string::npos);
  EXPECT_NE(table.find("As deployed"), std::string::npos);
  EXPECT_EQ(table.find("nan"), std::string::npos);
}

TEST(VerdictText, the_answer_has_winners_first_then_what_is_the_same_in_a_line_then_what_is_open) {
  Observations all;
  const auto add_row = [&](int workers, double factor, double scatter) {
    for (const auto* executor : {"process_pool", "thread_pool"}) {
      auto one = made(executor);
      one.workers = workers;
      const bool processes = one.executor == "process_pool";
      add(all, one, about(processes ? factor : 1, kEnough, 0, processes ? scatter : 0));
    }
  };
  add_row(1, 1, 0);
  add_row(2, 1.2, 0);
  add_row(3, 1, 0.1);
  add_row(4, 0.5, 0);
  add_row(5, 1, 0);
  const auto answer = answer_of(compared_as_usual(all), usual());
  std::size_t at = 0;
  for (const auto* part :
       {"4 of 5 rows are decided", "workers 4", "processes 2.00x faster", "workers 2", "threads 1.20x faster",
        "workers 1; workers 5", "same within 3 %", "workers 3", "undecided: "}) {
    const auto found = answer.find(part, at);
    ASSERT_NE(found, std::string::npos) << part << " after " << answer.substr(0, at) << " in\n" << answer;
    at = found;
  }
}

TEST(VerdictText, what_cannot_be_run_here_is_no_open_row) {
  auto all = rows_of_grains({1, 1.5});
  for (std::uint64_t grain = 3; grain <= 5; ++grain) {
    for (const auto* executor : {"process_pool", "thread_pool"}) {
      Observation one;
      one.measured = made(executor);
      one.measured.grain = grain;
      one.error = grain == 5 ? "timed_out: it took too long" : "unsupported: msg_max is 10";
      one.unsupported = grain != 5;
      all.push_back(one);
    }
  }
  const auto answer = answered(all);
  EXPECT_NE(answer.find("2 of 3 rows are decided"), std::string::npos) << answer;
  EXPECT_NE(answer.find("it took too long"), std::string::npos) << answer;
  const auto told = answer.find("2 rows");
  ASSERT_NE(told, std::string::npos) << answer;
  EXPECT_NE(answer.find("unsupported: msg_max is 10", told), std::string::npos) << answer;
}

}  // namespace
}  // namespace mpmt::benchmarks

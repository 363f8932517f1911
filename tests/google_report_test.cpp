// Reports of Google Benchmark programs, as libraries of all ages write them: each gives a figure or one line.
#include <gtest/gtest.h>

#include <string>

#include "commands/google_command.hpp"
#include "commands/google_report.hpp"

namespace mpmt::commands {
namespace {

using From = GoogleFigure::From;

std::string report(const std::string& entries) {
  return R"({"context": {"library_build_type": "release"}, "benchmarks": [)" + entries + "]}";
}

std::string run_of(const std::string& name, const std::string& time, const std::string& more = "") {
  return R"({"name": ")" + name + R"(", "run_name": ")" + name +
         R"(", "run_type": "iteration", "threads": 1, "iterations": 7, "real_time": )" + time +
         R"(, "time_unit": "us")" + more + "}";
}

std::string aggregate_of(const std::string& kind, const std::string& time) {
  return R"({"name": "x_)" + kind + R"(", "run_name": "x", "run_type": "aggregate", "repetitions": 5, )" +
         R"("aggregate_name": ")" + kind + R"(", "iterations": 5, "real_time": )" + time + R"(, "time_unit": "ns"})";
}

std::string fault_of(const std::string& written, const std::string& name = "x") {
  try {
    figure_of(written, name);
  } catch (const std::runtime_error& error) {
    return error.what();
  }
  return "";
}

TEST(GoogleReport, a_run_is_a_time_in_ns_and_a_number_of_iterations) {
  const auto figure = figure_of(report(run_of("y", "9") + "," + run_of("x", "1.5e+1")), "x");
  EXPECT_EQ(figure.ns_per_iteration, 15000);
  EXPECT_EQ(figure.from, From::run);
  EXPECT_EQ(figure.iterations, 7U);
}

TEST(GoogleReport, of_several_runs_the_median_counts) {
  const auto figure = figure_of(
      report(run_of("x", "3", R"(,"repetition_index": 0)") + "," + run_of("x", "100", R"(,"repetition_index": 1)") +
             "," + run_of("x", "4", R"(,"repetition_index": 2)")),
      "x");
  EXPECT_EQ(figure.ns_per_iteration, 4000);
  EXPECT_EQ(figure.from, From::median_of_runs);
  EXPECT_EQ(figure.runs, 3U);
}

TEST(GoogleReport, runs_with_one_repetition_index_are_of_two_benchmarks) {
  const auto twice =
      run_of("x", "3", R"(,"repetition_index": 0)") + "," + run_of("x", "9", R"(,"repetition_index": 0)");
  EXPECT_NE(fault_of(report(twice)).find("several benchmarks have this name"), std::string::npos);
}

TEST(GoogleReport, where_there_are_only_aggregates_the_median_counts_or_else_the_mean) {
  const auto mean = aggregate_of("mean", "30");
  const auto spread = aggregate_of("stddev", "1") + "," + aggregate_of("cv", "0.1");
  const auto both = figure_of(report(mean + "," + aggregate_of("median", "20") + "," + spread), "x");
  EXPECT_EQ(both.ns_per_iteration, 20);
  EXPECT_EQ(both.from, From::median_aggregate);
  const auto one = figure_of(report(mean + "," + spread), "x");
  EXPECT_EQ(one.ns_per_iteration, 30);
  EXPECT_EQ(one.from, From::mean_aggregate);
  EXPECT_NE(fault_of(report(spread)).find("ran no benchmark"), std::string::npos);
}

TEST(GoogleReport, before_1_5_aggregates_are_told_by_their_names) {
  const auto old = [](const std::string& name, const std::string& more) {
    return R"({"name": ")" + name + R"(", "iterations": 100, )" + more + R"(, "time_unit": "ns"})";
  };
  const auto fits = old("x_BigO", R"("real_coefficient": 12, "big_o": "N")") + R"(,{"name": "x_RMS", "rms": 0.01})";
  const auto spread = old("x_mean", R"("real_time": 6)") + "," + old("x_stddev", R"("real_time": 1)");
  EXPECT_EQ(figure_of(report(old("x", R"("real_time": 5)") + "," + spread + "," + fits), "x").ns_per_iteration, 5);
  EXPECT_EQ(figure_of(report(spread + "," + fits), "x").from, From::mean_aggregate);
  EXPECT_NE(fault_of(report(fits), "x_BigO").find("ran no benchmark"), std::string::npos);
}

TEST(GoogleReport, a_benchmark_that_skips_itself_says_why_whichever_way_it_does) {
  EXPECT_THROW(figure_of(report(run_of("x", "0", R"(,"skipped": true, "skip_message": "no GPU")")), "x"),
               GoogleSkipped);
  EXPECT_EQ(fault_of(report(run_of("x", "0", R"(,"skipped": true, "skip_message": "no GPU")"))), "skipped: no GPU");
  EXPECT_EQ(fault_of(report(run_of("x", "3", R"(,"error_occurred": true, "error_message": "no\nfile")"))),
            "skipped: no\\nfile");
  EXPECT_EQ(fault_of(report(run_of("x", "3", R"(,"error_occurred": true)"))), "skipped: no reason given");
  EXPECT_EQ(fault_of(report(run_of("x", "3", R"(,"error_occurred": false)"))), "");
}

TEST(GoogleReport, a_time_that_cannot_be_measured_is_none) {
  for (const char* time : {"0", "-1", "NaN", "-nan", "inf", "Infinity", "1e999", "1e300", "null", "\"3\"", "[3]"}) {
    EXPECT_EQ(fault_of(report(run_of("x", time))), "takes no time that can be measured") << time;
  }
  EXPECT_EQ(fault_of(report(R"({"name": "x", "real_time": 1, "time_unit": "h"})")),
            "takes no time that can be measured");
}

TEST(GoogleReport, what_is_no_number_costs_its_own_benchmark_only) {
  for (const char* value : {"NaN", "nan", "-nan", "Infinity", "-inf", "1e999", "-"}) {
    const auto counter = run_of("x", "2", std::string(R"(,"a \"counter\"": )") + value);
    EXPECT_EQ(figure_of(report(run_of("y", value) + "," + counter), "x").ns_per_iteration, 2000) << value;
  }
}

TEST(GoogleReport, counters_may_be_called_as_the_librarys_own_fields) {
  const auto figure = figure_of(report(run_of("x", "2", R"(,"real_time": 5, "iterations": 0, "name": 3)")), "x");
  EXPECT_EQ(figure.ns_per_iteration, 2000);
  EXPECT_EQ(figure.iterations, 7U);
}

TEST(GoogleReport, names_are_compared_byte_by_byte_and_text_that_is_no_utf_8_is_read) {
  const auto written =
      report(run_of("latin\xe9", "2") + "," + run_of("gr\u00f6\u00dfe", "3", ",\"label\": \"\x1b[31m\""));
  EXPECT_EQ(figure_of(written, "latin\xe9").ns_per_iteration, 2000);
  EXPECT_EQ(figure_of(written, "gr\u00f6\u00dfe").ns_per_iteration, 3000);
  EXPECT_EQ(figure_of(report(run_of("gr\u00f6\u00dfe", "3")), "gr\u00f6\u00dfe").ns_per_iteration, 3000);
  EXPECT_EQ(figure_of(report(run_of("a\\tb \\\"c\\\\", "4")), "a\tb \"c\\").ns_per_iteration, 4000);
}

TEST(GoogleReport, what_is_no_report_says_so) {
  for (const char* nothing : {"", " \n", "{}", "[]", "3", R"({"benchmarks": 3})", R"({"benchmarks": [3, {}, []]})"}) {
    EXPECT_EQ(fault_of(nothing), "ran no benchmark of this name") << nothing;
  }
  for (const char* broken : {"{", "{]", "[1", R"({"benchmarks": [{"name": "x)", R"({"benchmarks": [{"name": 1,5}]})"}) {
    EXPECT_NE(fault_of(broken).find("its JSON cannot be used: "), std::string::npos) << broken;
  }
  EXPECT_NE(fault_of(std::string(100'000, '[')).find("cannot be used"), std::string::npos);
}

TEST(GoogleReport, a_filter_has_nothing_that_dialects_read_differently) {
  EXPECT_EQ(loose_filter("BM_sort/1024"), "^BM_sort/1024$");
  EXPECT_EQ(loose_filter("-sort int[16]{}"), "^-sort int.16...$");
  EXPECT_EQ(loose_filter("a.*+?|()^$\\\t\x1b"), "^a............$");
  EXPECT_EQ(loose_filter("gr\u00f6\u00dfe\xff"), "^gr.+e.+$");
}

}  // namespace
}  // namespace mpmt::commands

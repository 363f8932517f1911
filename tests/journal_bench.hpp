// What tests of journals share: a state folder of their own, and runs that leave something in it.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <string>

#include "benchmarks/record/journal.hpp"
#include "benchmarks/trial/protocol.hpp"
#include "in_child.hpp"
#include "scratch_dir.hpp"

namespace mpmt::benchmarks {

class JournalBench : public ::testing::Test {
 protected:
  static inline const Json kContext{{"schema_version", 3}, {"warnings", Json::array()}, {"trials", {{"done", 0}}}};
  static inline const Json kContextAtEnd{{"trials", {{"done", 12}}}, {"interrupted", false}};

  ~JournalBench() override { ::unsetenv("XDG_STATE_HOME"); }

  std::filesystem::path record() const { return dir_.path() / "record.json"; }
  std::filesystem::path state() const { return dir_.path() / "state" / "mpmt"; }

  static std::string contents_of(const std::filesystem::path& file) {
    std::ifstream in(file);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  /// An entry as a run journals it, as far as assembling needs it.
  static Entry entry(const std::string& executor, int round, double ns_per_task) {
    Case c;
    c.workload = "prime_count";
    c.executor = executor;
    c.channel = "boost_queue";
    Json of_case = to_json(c);
    of_case.update({{"run_name", c.name()},
                    {"family_index", 0},
                    {"per_family_instance_index", 0},
                    {"repetitions", 0},
                    {"threads", 1},
                    {"time_unit", "ms"},
                    {"workload_kind", "cpu"},
                    {"bench_version", 1},
                    {"processes", 1},
                    {"threads_per_process", 1},
                    {"submitter_helps", false},
                    {"group", "g"}});
    return {of_case,
            {{"name", c.name()},
             {"run_type", "iteration"},
             {"repetition_index", round},
             {"iterations", 1},
             {"real_time", ns_per_task},
             {"cpu_time", ns_per_task},
             {"tasks", 10},
             {"round", round},
             {"together", "g"},
             {"status", "ok"},
             {"disturbed_by", nullptr},
             {"laps_ns", {ns_per_task}},
             {"latency_ns", {{"count", 3}, {"max", 66}, {"histogram", {{64, 2}, {66, 1}}}}},
             {"ns_per_task", ns_per_task}}};
  }
  /// Twelve entries, six a side: as many as a first look needs.
  static void fill(Journal& journal) {
    for (int round = 0; round < 6; ++round) {
      journal.add(entry("thread_pool", round, 100 + round));
      journal.add(entry("process_pool", round, 200 + 2 * round));
    }
  }
  /// A run that is killed with this much in its journal.
  void leave_journal(int entries, const std::filesystem::path& wanted) const {
    ChildProcess run("run", [&] {
      Journal journal(folder_, wanted, kContext);
      for (int i = 0; i < entries; ++i) journal.add(entry("thread_pool", i, 100));
      ::raise(SIGKILL);
    });
    EXPECT_EQ(run.reap(tests::soon())->describe(), "killed by SIGKILL");
  }
  Json read_record(const std::string& name = "record.json") const {
    const auto text = contents_of(dir_.path() / name);
    auto parsed = Json::parse(text, nullptr, false);
    EXPECT_FALSE(parsed.is_discarded()) << name << ": " << text.substr(0, 200);
    return parsed;
  }

  /// Of a journal that lies anywhere.
  static Assembled assemble_file(const std::filesystem::path& journal, const std::filesystem::path& record) {
    return assemble(JournalFile{Fd(::open(journal.c_str(), O_RDONLY | O_CLOEXEC)), journal}, record, true);
  }
  /// A journal that somebody has made up.
  void plant(const std::string& name, const std::string& wanted) const {
    const auto one = entry("thread_pool", 0, 100);
    std::ofstream(state() / name) << Json{{"record", wanted}, {"context", kContext}} << "\n"
                                  << Json{{"of_case", one.of_case}, {"of_round", one.of_round}} << "\n";
    std::filesystem::permissions(state() / name,
                                 std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  }
  /// What is in the way of the journal of that name, which stays as it is.
  void expect_left(const std::string& name, const std::string& why) const {
    const auto lines = recover_journals(folder_, {});
    ASSERT_EQ(lines.size(), 1U) << name;
    EXPECT_NE(lines[0].find(name), std::string::npos) << lines[0];
    EXPECT_NE(lines[0].find("is left as it is: "), std::string::npos) << lines[0];
    EXPECT_NE(lines[0].find(why), std::string::npos) << lines[0];
    EXPECT_EQ(tests::names_in(state()), std::set<std::string>{name});
    std::filesystem::remove(state() / name);
  }

  tests::ScratchDir dir_;
  const int set_ = ::setenv("XDG_STATE_HOME", (dir_.path() / "state").c_str(), 1);
  const StateFolder folder_;
};

}  // namespace mpmt::benchmarks

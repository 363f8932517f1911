// From a journal, whole or cut off, to a record that is whole or not there.
#include <sys/stat.h>

#include <tuple>

#include "journal_bench.hpp"

namespace mpmt::benchmarks {
namespace {

namespace fs = std::filesystem;
using tests::in_child;
using tests::names_in;
using tests::require;

class JournalTest : public JournalBench {};

TEST_F(JournalTest, a_journal_becomes_a_record_and_goes) {
  {
    Journal journal(folder_, record(), kContext);
    struct stat status {};
    ASSERT_EQ(::stat(journal.file().path.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777, 0600U);
    fill(journal);
    EXPECT_EQ(journal.entries(), 12U);
    journal.end(kContextAtEnd);
    const auto assembled = assemble(journal.file(), record(), false);
    EXPECT_EQ(assembled.entries, 12U);
    EXPECT_EQ(assembled.observations.size(), 12U);
    ASSERT_FALSE(assembled.comparisons.empty());
    EXPECT_NEAR(assembled.comparisons.front().finding.ratio, 2, 1e-9);
    journal.done();
  }
  EXPECT_EQ(names_in(state()), std::set<std::string>());
  EXPECT_EQ(names_in(dir_.path()), (std::set<std::string>{"record.json", "state"}));
  const auto whole = read_record();
  EXPECT_EQ(whole.at("context").at("recovered"), false);
  EXPECT_EQ(whole.at("context").at("interrupted"), false);
  EXPECT_EQ(whole.at("context").at("trials"), Json({{"done", 12}}));
  int trials = 0;
  int aggregates = 0;
  for (const auto& one : whole.at("benchmarks")) {
    const bool is_trial = one.at("run_type") == "iteration";
    (is_trial ? trials : aggregates) += 1;
    if (is_trial) {
      EXPECT_EQ(one.at("repetitions"), 6) << "known at the end only";
    }
    EXPECT_EQ(one.contains("laps_ns"), is_trial) << "what one round gave is in no aggregate";
    EXPECT_FALSE(one.contains("workload")) << "its case says that";
  }
  ASSERT_EQ(whole.at("cases").size(), 2U);
  for (const auto& once : whole.at("cases")) {
    EXPECT_EQ(once.at("workload"), "prime_count");
    EXPECT_EQ(once.at("latency_histogram"), Json::parse("[[64, 12], [66, 6]]")) << "of six rounds together";
  }
  EXPECT_EQ(trials, 12);
  EXPECT_EQ(aggregates, 8) << "mean, median, stddev, cv of two cases";
  EXPECT_EQ(whole.at("comparisons").size(), 2U);
}

TEST_F(JournalTest, a_round_that_differs_from_its_case_says_so) {
  {
    Journal journal(folder_, record(), kContext);
    fill(journal);
    auto odd = entry("thread_pool", 6, 100);
    odd.of_case["batch"] = 7;
    odd.of_round["status"] = "timed_out";
    journal.add(odd);
    assemble(journal.file(), record(), false);
    journal.done();
  }
  const auto whole = read_record();
  int odd = 0;
  for (const auto& one : whole.at("benchmarks")) {
    odd += one.contains("batch");
    const auto& once = whole.at("cases").at(one.at("run_name").get<std::string>());
    EXPECT_EQ(said_with(once, one).at("batch"), one.contains("batch") ? 7 : 1);
    EXPECT_EQ(once.at("latency_histogram"), Json::parse("[[64, 12], [66, 6]]")) << "of rounds that count";
  }
  EXPECT_EQ(odd, 1);
}

TEST_F(JournalTest, what_is_in_no_record_stays) {
  fs::path empty;
  fs::path done;
  fs::path left;
  {
    Journal nothing(folder_, record(), kContext);
    Journal recorded(folder_, record(), kContext);
    Journal lost(folder_, record(), kContext);  // whatever ends its run
    fill(recorded);
    recorded.done();
    fill(lost);
    std::tie(empty, done, left) = std::tuple(nothing.file().path, recorded.file().path, lost.file().path);
  }
  EXPECT_FALSE(fs::exists(empty));
  EXPECT_FALSE(fs::exists(done));
  EXPECT_TRUE(fs::exists(left));
}

TEST_F(JournalTest, a_journal_that_is_cut_off_anywhere_gives_its_complete_trials) {
  std::string bytes;
  {
    Journal journal(folder_, record(), kContext);
    fill(journal);
    bytes = contents_of(journal.file().path);
  }
  const auto cut = dir_.path() / "cut.journal";
  const auto first_line = bytes.find('\n');
  for (std::size_t size = first_line; size < bytes.size(); size += 97) {
    std::ofstream(cut) << bytes.substr(0, size);
    const auto assembled = assemble_file(cut, record());
    const auto lines =
        static_cast<std::size_t>(std::count(bytes.begin(), bytes.begin() + static_cast<long>(size), '\n'));
    const bool last_is_whole = bytes[size] == '\n';
    EXPECT_EQ(assembled.entries, lines - (lines > 0) + (last_is_whole && lines > 0)) << size;
    const auto whole = read_record();
    EXPECT_EQ(whole.at("context").at("recovered"), true);
    EXPECT_EQ(whole.at("context").at("interrupted"), true);
    EXPECT_EQ(whole.at("context").at("trials").at("done"), assembled.entries);
    std::set<std::pair<std::string, int>> rounds;
    for (const auto& entry : whole.at("benchmarks")) {
      if (entry.at("run_type") == "iteration") rounds.emplace(entry.at("together"), entry.at("round"));
    }
    EXPECT_EQ(whole.at("context").at("group_rounds").at("done"), rounds.size());
  }
}

TEST_F(JournalTest, a_journal_without_its_context_is_refused_and_leaves_no_record) {
  const auto cut = dir_.path() / "cut.journal";
  for (const auto* bytes : {"", "{\"conte", "garbage\n[1]\n", "{\"of_case\": {}, \"of_round\": {}}\n"}) {
    std::ofstream(cut) << bytes;
    EXPECT_THROW(assemble_file(cut, record()), std::runtime_error) << bytes;
    EXPECT_EQ(names_in(dir_.path(), "record"), std::set<std::string>());
    EXPECT_EQ(contents_of(cut), bytes);
  }
  EXPECT_THROW(assemble_file(dir_.path() / "none.journal", record()), std::runtime_error);
}

TEST_F(JournalTest, a_record_that_cannot_be_written_is_named_and_the_journal_kept_whole) {
  Journal journal(folder_, record(), kContext);
  fill(journal);
  const auto bytes = contents_of(journal.file().path);
  fs::create_directory(dir_.path() / "folder.json");
  for (const auto& place : {dir_.path() / "no" / "such" / "folder.json", dir_.path() / "folder.json"}) {
    try {
      assemble(journal.file(), place, false);
      FAIL() << "written to " << place;
    } catch (const std::runtime_error& failure) {
      EXPECT_NE(std::string(failure.what()).find(place.string()), std::string::npos) << failure.what();
    }
    EXPECT_EQ(names_in(dir_.path()), (std::set<std::string>{"folder.json", "state"}));
    EXPECT_EQ(names_in(dir_.path() / "folder.json"), std::set<std::string>());
    EXPECT_EQ(contents_of(journal.file().path), bytes);
  }
  EXPECT_EQ(assemble(journal.file(), record(), false).entries, 12U) << "elsewhere, later";
}

TEST_F(JournalTest, a_full_disk_leaves_the_former_record_and_the_journal) {
  const auto disk = dir_.path() / "disk";
  fs::create_directory(disk);
  if (!tests::may_mount(disk)) GTEST_SKIP() << "a mount namespace is not permitted here";
  Journal journal(folder_, record(), kContext);
  for (int i = 0; i < 400; ++i) journal.add(entry("thread_pool", i, 100));
  const auto bytes = contents_of(journal.file().path);
  EXPECT_EQ(in_child([&] {
              tests::mount_small(disk, "size=64k");
              std::ofstream(disk / "record.json") << "former";
              bool refused = false;
              try {
                assemble(journal.file(), disk / "record.json", false);
              } catch (const std::runtime_error&) {
                refused = true;
              }
              require(refused, "written to a full disk");
              require(names_in(disk) == std::set<std::string>{"record.json"}, "something half-written is left");
              require(contents_of(disk / "record.json") == "former", "the former record is gone");
              require(contents_of(journal.file().path) == bytes, "the journal has changed");
            }),
            "");
}

TEST_F(JournalTest, a_full_disk_under_the_journal_is_an_error) {
  const auto disk = dir_.path() / "state";
  fs::create_directory(disk);
  if (!tests::may_mount(disk)) GTEST_SKIP() << "a mount namespace is not permitted here";
  EXPECT_EQ(in_child([&] {
              tests::mount_small(disk, "size=64k");
              const StateFolder small;
              Journal journal(small, record(), kContext);
              int added = 0;
              try {
                for (; added < 10'000; ++added) journal.add(entry("thread_pool", added, 100));
              } catch (const std::system_error& failure) {
                require(failure.code().value() == ENOSPC, failure.what());
              }
              require(added < 10'000, "the disk was never full");
              require(assemble(journal.file(), record(), false).entries == static_cast<std::size_t>(added),
                      "trials from before are lost");
            }),
            "");
}

}  // namespace
}  // namespace mpmt::benchmarks

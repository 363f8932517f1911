// From a journal, whole or cut off, to a record that is whole or not there.
#include "benchmarks/journal.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <tuple>

#include "base/output_file.hpp"
#include "benchmarks/protocol.hpp"
#include "in_child.hpp"
#include "scratch_dir.hpp"

namespace mpmt::benchmarks {
namespace {

namespace fs = std::filesystem;
using tests::in_child;
using tests::names_in;
using tests::require;

std::string contents_of(const fs::path& file) {
  std::ifstream in(file);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// An entry as a run journals it, as far as assembling needs it.
Json entry(const std::string& executor, int round, double ns_per_task) {
  Case c;
  c.workload = "prime_count";
  c.executor = executor;
  c.channel = "boost_queue";
  Json made = to_json(c);
  made.update({{"name", c.name()},
               {"run_name", c.name()},
               {"run_type", "iteration"},
               {"family_index", 0},
               {"per_family_instance_index", 0},
               {"repetitions", 5},
               {"repetition_index", round},
               {"threads", 1},
               {"iterations", 1},
               {"real_time", ns_per_task},
               {"cpu_time", ns_per_task},
               {"time_unit", "ms"},
               {"workload_kind", "cpu"},
               {"bench_version", 1},
               {"processes", 1},
               {"threads_per_process", 1},
               {"submitter_helps", false},
               {"group", "g"},
               {"tasks", 10},
               {"round", round},
               {"status", "ok"},
               {"ns_per_task", ns_per_task}});
  return made;
}

const Json kContext{
    {"schema_version", 1}, {"warnings", Json::array()}, {"trials", {{"planned", 10}, {"done", nullptr}}}};
const Json kContextAtEnd{{"trials", {{"done", 10}}}, {"interrupted", false}};

class JournalTest : public ::testing::Test {
 protected:
  ~JournalTest() override { ::unsetenv("XDG_STATE_HOME"); }

  fs::path record() const { return dir_.path() / "record.json"; }
  fs::path state() const { return dir_.path() / "state" / "mpmt"; }

  /// Ten trials, five a side.
  static void fill(Journal& journal) {
    for (int round = 0; round < 5; ++round) {
      journal.add(entry("thread_pool", round, 100 + round));
      journal.add(entry("process_pool", round, 200 + 2 * round));
    }
  }
  /// A run that is killed with this much in its journal.
  void leave_journal(int entries, const fs::path& wanted) const {
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
  static Assembled assemble_file(const fs::path& journal, const fs::path& record) {
    return assemble(JournalFile{Fd(::open(journal.c_str(), O_RDONLY | O_CLOEXEC)), journal}, record, true);
  }
  /// A journal that somebody has made up.
  void plant(const std::string& name, const std::string& wanted) const {
    std::ofstream(state() / name) << Json{{"record", wanted}, {"context", kContext}} << "\n"
                                  << Json{{"entry", entry("thread_pool", 0, 100)}} << "\n";
    fs::permissions(state() / name, fs::perms::owner_read | fs::perms::owner_write);
  }
  /// What is in the way of the journal of that name, which stays as it is.
  void expect_left(const std::string& name, const std::string& why) const {
    const auto lines = recover_journals(folder_, {});
    ASSERT_EQ(lines.size(), 1U) << name;
    EXPECT_NE(lines[0].find(name), std::string::npos) << lines[0];
    EXPECT_NE(lines[0].find("is left as it is: "), std::string::npos) << lines[0];
    EXPECT_NE(lines[0].find(why), std::string::npos) << lines[0];
    EXPECT_EQ(names_in(state()), std::set<std::string>{name});
    fs::remove(state() / name);
  }

  tests::ScratchDir dir_;
  const int set_ = ::setenv("XDG_STATE_HOME", (dir_.path() / "state").c_str(), 1);
  const StateFolder folder_;
};

TEST_F(JournalTest, a_journal_becomes_a_record_and_goes) {
  {
    Journal journal(folder_, record(), kContext);
    struct stat status {};
    ASSERT_EQ(::stat(journal.file().path.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777, 0600U);
    fill(journal);
    EXPECT_EQ(journal.entries(), 10U);
    journal.end(kContextAtEnd);
    const auto assembled = assemble(journal.file(), record(), false);
    EXPECT_EQ(assembled.entries, 10U);
    EXPECT_EQ(assembled.observations.size(), 10U);
    ASSERT_FALSE(assembled.comparisons.empty());
    EXPECT_NEAR(assembled.comparisons.front().ratio, 2, 1e-9);
    journal.done();
  }
  EXPECT_EQ(names_in(state()), std::set<std::string>());
  EXPECT_EQ(names_in(dir_.path()), (std::set<std::string>{"record.json", "state"}));
  const auto whole = read_record();
  EXPECT_EQ(whole.at("context").at("recovered"), false);
  EXPECT_EQ(whole.at("context").at("interrupted"), false);
  EXPECT_EQ(whole.at("context").at("trials"), Json({{"planned", 10}, {"done", 10}}));
  int trials = 0;
  int aggregates = 0;
  for (const auto& one : whole.at("benchmarks")) (one.at("run_type") == "iteration" ? trials : aggregates) += 1;
  EXPECT_EQ(trials, 10);
  EXPECT_EQ(aggregates, 8) << "mean, median, stddev, cv of two cases";
  EXPECT_EQ(whole.at("comparisons").size(), 2U);
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

TEST_F(JournalTest, a_reserved_place_is_left_free_however_it_is_spelt) {
  const auto link = dir_.path() / "link";
  fs::create_directory_symlink(dir_.path(), link);
  for (const auto& spelt :
       {dir_.path() / "." / "record.json", dir_.path() / "state" / ".." / "record.json", link / "record.json"}) {
    {
      Journal journal(folder_, record(), kContext);
      fill(journal);
    }
    const auto said = recover_journals(folder_, spelt);
    ASSERT_EQ(said.size(), 1U);
    EXPECT_NE(said.front().find("record.recovered-"), std::string::npos) << said.front();
    EXPECT_FALSE(fs::exists(record())) << spelt;
  }
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
  }
}

TEST_F(JournalTest, a_journal_without_its_context_is_refused_and_leaves_no_record) {
  const auto cut = dir_.path() / "cut.journal";
  for (const auto* bytes : {"", "{\"conte", "garbage\n[1]\n", "{\"entry\": {}}\n"}) {
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
  EXPECT_EQ(assemble(journal.file(), record(), false).entries, 10U) << "elsewhere, later";
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

TEST_F(JournalTest, the_journal_of_a_killed_run_is_recovered_by_the_next_start) {
  leave_journal(3, record());
  const auto lines = recover_journals(folder_, dir_.path() / "next.json");
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_NE(lines[0].find("recovered 3 trials"), std::string::npos) << lines[0];
  EXPECT_NE(lines[0].find(record().string()), std::string::npos) << lines[0];
  EXPECT_EQ(read_record().at("context").at("recovered"), true);
  EXPECT_EQ(names_in(state(), ""), std::set<std::string>());
  EXPECT_TRUE(recover_journals(folder_, dir_.path() / "next.json").empty());
}

TEST_F(JournalTest, a_place_that_is_taken_or_reserved_is_left_alone) {
  std::ofstream(record()) << "{}";
  leave_journal(1, record());
  recover_journals(folder_, dir_.path() / "record.recovered-1.json");
  EXPECT_EQ(contents_of(record()), "{}");
  EXPECT_FALSE(fs::exists(dir_.path() / "record.recovered-1.json")) << "it was reserved";
  EXPECT_EQ(read_record("record.recovered-2.json").at("context").at("trials").at("done"), 1);
  leave_journal(1, record());
  leave_journal(2, record());
  recover_journals(folder_, {});
  EXPECT_TRUE(fs::exists(dir_.path() / "record.recovered-1.json"));
  EXPECT_TRUE(fs::exists(dir_.path() / "record.recovered-3.json"));
}

TEST_F(JournalTest, a_run_that_was_killed_before_its_first_trial_leaves_nothing) {
  leave_journal(0, record());
  std::ofstream(state() / "1-cut.journal") << "{\"rec";
  fs::permissions(state() / "1-cut.journal", fs::perms::owner_read | fs::perms::owner_write);
  EXPECT_EQ(recover_journals(folder_, {}).size(), 2U);
  EXPECT_FALSE(fs::exists(record()));
  EXPECT_EQ(names_in(state(), ""), std::set<std::string>());
}

TEST_F(JournalTest, the_journal_of_a_run_that_lives_is_left_alone) {
  Journal journal(folder_, record(), kContext);
  journal.add(entry("thread_pool", 0, 100));
  EXPECT_TRUE(recover_journals(folder_, {}).empty());
  EXPECT_TRUE(fs::exists(journal.file().path));
  EXPECT_FALSE(fs::exists(record()));
}

TEST_F(JournalTest, a_journal_that_cannot_be_recovered_now_is_kept_and_said) {
  std::ofstream(dir_.path() / "file") << "in the way";
  leave_journal(2, dir_.path() / "file" / "record.json");
  const auto before = names_in(state(), "");
  const auto lines = recover_journals(folder_, {});
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_NE(lines[0].find("left as it is"), std::string::npos) << lines[0];
  EXPECT_EQ(names_in(state(), ""), before);
}

TEST_F(JournalTest, what_is_no_journal_of_the_callers_own_is_left_and_stops_nobody) {
  ASSERT_EQ(::mkfifo((state() / "1.journal").c_str(), 0600), 0);
  expect_left("1.journal", "is a FIFO");
  fs::create_directory(state() / "2.journal");
  expect_left("2.journal", "is a folder");
  plant("planted", record());
  fs::rename(state() / "planted", dir_.path() / "planted");
  fs::create_symlink(dir_.path() / "planted", state() / "3.journal");
  expect_left("3.journal", "is a symbolic link");
  fs::create_hard_link(dir_.path() / "planted", state() / "4.journal");
  expect_left("4.journal", "has 2 names");
  plant("5.journal", record());
  fs::permissions(state() / "5.journal", fs::perms::group_write, fs::perm_options::add);
  expect_left("5.journal", "can be written by others");
  if (::geteuid() == 0) {
    plant("6.journal", record());
    ASSERT_EQ(::chown((state() / "6.journal").c_str(), 65'534, 65'534), 0);
    expect_left("6.journal", "belongs to uid 65534");
  }
  EXPECT_FALSE(fs::exists(record()));
  plant("7.journal", record());
  EXPECT_EQ(recover_journals(folder_, {}).size(), 1U);
  EXPECT_TRUE(fs::exists(record())) << "the like of it is recovered when it is as it should be";
}

TEST_F(JournalTest, a_place_where_no_run_writes_is_refused) {
  const auto here = dir_.path().string();
  plant("1.journal", "relative.json");
  expect_left("1.journal", "relative.json is no place of a record");
  plant("2.journal", here + "/../" + dir_.path().filename().string() + "/x.json");
  expect_left("2.journal", "/x.json is no place of a record");
  plant("3.journal", here + "//x.json");
  expect_left("3.journal", "is no place of a record");
  plant("4.journal", here + "/");
  expect_left("4.journal", "is no place of a record");
  plant("5.journal", here + "/no/such/x.json");
  expect_left("5.journal", "has no folder");
  plant("6.journal", here + "/nowhere/results/key/x.json");
  expect_left("6.journal", "has no folder");
  EXPECT_EQ(names_in(dir_.path()), std::set<std::string>{"state"});
  plant("7.journal", here + "/results/key/x.json");
  EXPECT_EQ(recover_journals(folder_, {}).size(), 1U);
  EXPECT_TRUE(fs::exists(dir_.path() / "results" / "key" / "x.json")) << "the default place is made";
}

TEST_F(JournalTest, what_is_no_file_at_a_records_place_is_not_touched) {
  ASSERT_EQ(::mkfifo(record().c_str(), 0600), 0);
  plant("1.journal", record());
  EXPECT_EQ(recover_journals(folder_, {}).size(), 1U);
  EXPECT_TRUE(fs::is_fifo(record()));
  EXPECT_TRUE(fs::exists(dir_.path() / "record.recovered-1.json"));
  fs::create_symlink(dir_.path() / "nothing", dir_.path() / "link.json");
  plant("2.journal", dir_.path() / "link.json");
  EXPECT_EQ(recover_journals(folder_, {}).size(), 1U);
  EXPECT_FALSE(fs::exists(dir_.path() / "nothing"));
  EXPECT_TRUE(fs::exists(dir_.path() / "link.recovered-1.json"));
}

TEST_F(JournalTest, a_record_place_that_is_relative_is_found_from_elsewhere) {
  leave_journal(1, fs::relative(record()));
  EXPECT_EQ(recover_journals(folder_, {}).size(), 1U);
  EXPECT_TRUE(fs::exists(record()));
}

TEST_F(JournalTest, a_run_that_is_killed_while_it_assembles_leaves_its_journal_and_nothing_beside_the_record) {
  ChildProcess run("run", [&] {
    Journal journal(folder_, record(), kContext);
    fill(journal);
    OutputFile out(record());
    assemble(journal.file(), out.stream(), false);
    ::raise(SIGKILL);
  });
  EXPECT_EQ(run.reap(tests::soon())->describe(), "killed by SIGKILL");
  EXPECT_EQ(names_in(dir_.path()), std::set<std::string>{"state"});
  EXPECT_EQ(recover_journals(folder_, {}).size(), 1U);
  EXPECT_EQ(names_in(dir_.path()), (std::set<std::string>{"record.json", "state"}));
}

}  // namespace
}  // namespace mpmt::benchmarks

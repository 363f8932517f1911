// What a killed run has left, and what only looks like it, as the next start finds it.
#include <sys/stat.h>
#include <unistd.h>

#include "base/output_file.hpp"
#include "journal_bench.hpp"

namespace mpmt::benchmarks {
namespace {

namespace fs = std::filesystem;
using tests::names_in;

class Recovery : public JournalBench {};

TEST_F(Recovery, the_journal_of_a_killed_run_is_recovered_by_the_next_start) {
  leave_journal(3, record());
  const auto lines = recover_journals(folder_, dir_.path() / "next.json");
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_NE(lines[0].find("recovered 3 trials"), std::string::npos) << lines[0];
  EXPECT_NE(lines[0].find(record().string()), std::string::npos) << lines[0];
  EXPECT_EQ(read_record().at("context").at("recovered"), true);
  EXPECT_EQ(names_in(state(), ""), std::set<std::string>());
  EXPECT_TRUE(recover_journals(folder_, dir_.path() / "next.json").empty());
}

TEST_F(Recovery, a_place_that_is_taken_or_reserved_is_left_alone) {
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

TEST_F(Recovery, a_reserved_place_is_left_free_however_it_is_spelt) {
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

TEST_F(Recovery, a_run_that_was_killed_before_its_first_trial_leaves_nothing) {
  leave_journal(0, record());
  std::ofstream(state() / "1-cut.journal") << "{\"rec";
  fs::permissions(state() / "1-cut.journal", fs::perms::owner_read | fs::perms::owner_write);
  EXPECT_EQ(recover_journals(folder_, {}).size(), 2U);
  EXPECT_FALSE(fs::exists(record()));
  EXPECT_EQ(names_in(state(), ""), std::set<std::string>());
}

TEST_F(Recovery, the_journal_of_a_run_that_lives_is_left_alone) {
  Journal journal(folder_, record(), kContext);
  journal.add(entry("thread_pool", 0, 100));
  EXPECT_TRUE(recover_journals(folder_, {}).empty());
  EXPECT_TRUE(fs::exists(journal.file().path));
  EXPECT_FALSE(fs::exists(record()));
}

TEST_F(Recovery, a_journal_that_cannot_be_recovered_now_is_kept_and_said) {
  std::ofstream(dir_.path() / "file") << "in the way";
  leave_journal(2, dir_.path() / "file" / "record.json");
  const auto before = names_in(state(), "");
  const auto lines = recover_journals(folder_, {});
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_NE(lines[0].find("left as it is"), std::string::npos) << lines[0];
  EXPECT_EQ(names_in(state(), ""), before);
}

TEST_F(Recovery, what_is_no_journal_of_the_callers_own_is_left_and_stops_nobody) {
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

TEST_F(Recovery, a_place_where_no_run_writes_is_refused) {
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

TEST_F(Recovery, what_is_no_file_at_a_records_place_is_not_touched) {
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

TEST_F(Recovery, a_record_place_that_is_relative_is_found_from_elsewhere) {
  leave_journal(1, fs::relative(record()));
  EXPECT_EQ(recover_journals(folder_, {}).size(), 1U);
  EXPECT_TRUE(fs::exists(record()));
}

TEST_F(Recovery, a_run_that_is_killed_while_it_assembles_leaves_its_journal_and_nothing_beside_the_record) {
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

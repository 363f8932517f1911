// Where a run keeps what has to be found again: in no folder that somebody else has a hand in.
#include "benchmarks/record/state_folder.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>

#include "base/text.hpp"
#include "in_child.hpp"
#include "scratch_dir.hpp"

namespace mpmt::benchmarks {
namespace {

namespace fs = std::filesystem;
using tests::in_child;
using tests::names_in;
using tests::require;

constexpr uid_t kStranger = 65'534;

mode_t mode_of(const fs::path& place) {
  struct stat status {};
  return ::lstat(place.c_str(), &status) == 0 ? status.st_mode & 07777 : 0;
}

bool says(const std::string& line, const std::string& part) {
  return line.find(part) != std::string::npos;
}

class StateFolderTest : public ::testing::Test {
 protected:
  StateFolderTest() : umask_(::umask(022)) {
    for (const char* name : {"XDG_STATE_HOME", "HOME", "TMPDIR"}) ::unsetenv(name);
    fs::create_directory(home());
    fs::create_directory(temporary());
  }
  ~StateFolderTest() override {
    for (const char* name : {"XDG_STATE_HOME", "HOME", "TMPDIR"}) ::unsetenv(name);
    ::umask(umask_);
  }

  fs::path home() const { return dir_.path() / "home"; }
  fs::path temporary() const { return dir_.path() / "tmp"; }
  fs::path below_home() const { return home() / ".local" / "state" / "mpmt"; }
  static void set(const char* name, const fs::path& value) { ::setenv(name, value.c_str(), 1); }
  /// This $XDG_STATE_HOME is passed over for $HOME, and the line says `why`.
  void expect_passed_over(const fs::path& state, const std::string& why) const {
    set("XDG_STATE_HOME", state);
    set("HOME", home());
    const StateFolder found;
    EXPECT_EQ(found.path(), below_home());
    EXPECT_TRUE(found.lasts());
    EXPECT_TRUE(says(found.remark(), state.string())) << found.remark();
    EXPECT_TRUE(says(found.remark(), why)) << found.remark();
    EXPECT_TRUE(says(found.remark(), below_home().string() + " is used")) << found.remark();
    EXPECT_FALSE(says(found.remark(), "\n")) << found.remark();
  }
  fs::path made_state(mode_t mode = 0700) const {
    const auto state = dir_.path() / "state";
    fs::create_directories(state / "mpmt");
    ::chmod((state / "mpmt").c_str(), mode);
    return state;
  }

  tests::ScratchDir dir_;

 private:
  mode_t umask_;
};

TEST_F(StateFolderTest, is_in_xdg_state_home_before_home) {
  set("XDG_STATE_HOME", dir_.path() / "deep" / "state");
  set("HOME", home());
  const StateFolder found;
  EXPECT_EQ(found.path(), dir_.path() / "deep" / "state" / "mpmt");
  EXPECT_EQ(found.remark(), "");
  EXPECT_TRUE(found.lasts());
  EXPECT_EQ(names_in(home()), std::set<std::string>());
}

TEST_F(StateFolderTest, is_made_for_the_caller_alone_whatever_the_umask_is) {
  set("HOME", home());
  for (const mode_t mask : {0000, 0777, 0022}) {
    ::umask(mask);
    {
      const StateFolder found;
      const Fd file = found.create("file");
      EXPECT_EQ(mode_of(found.path() / "file"), 0600U) << std::oct << mask;
    }
    for (const auto& made : {below_home(), below_home().parent_path()}) EXPECT_EQ(mode_of(made), 0700U) << made;
    EXPECT_EQ(::umask(mask), mask) << "the umask has changed";
    fs::remove_all(home() / ".local");
  }
}

TEST_F(StateFolderTest, is_not_one_that_others_can_write) {
  for (const mode_t mode : {0770, 0707, 0720, 0702, 01777}) {
    expect_passed_over(made_state(mode), "can be written by others");
  }
  made_state(0755);
  const StateFolder found;
  EXPECT_EQ(found.path(), dir_.path() / "state" / "mpmt") << "others may read it";
}

TEST_F(StateFolderTest, is_not_another_users) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root may give files away";
  const auto state = made_state();
  ASSERT_EQ(::chown((state / "mpmt").c_str(), kStranger, kStranger), 0);
  expect_passed_over(state, text("belongs to uid ", kStranger));
}

TEST_F(StateFolderTest, is_not_made_in_another_users_folder) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root may give files away";
  const auto strangers = dir_.path() / "stranger";
  fs::create_directory(strangers);
  ASSERT_EQ(::chown(strangers.c_str(), kStranger, kStranger), 0);
  expect_passed_over(strangers, text("folder of uid ", kStranger));
  expect_passed_over(strangers / "deep" / "state", text("folder of uid ", kStranger));
  EXPECT_EQ(names_in(strangers), std::set<std::string>());
}

TEST_F(StateFolderTest, is_made_in_a_sticky_folder_of_roots) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root may make one";
  const auto everybodys = dir_.path() / "everybodys";
  fs::create_directory(everybodys);
  ASSERT_EQ(::chmod(everybodys.c_str(), 01777), 0);
  ASSERT_EQ(::chmod(dir_.path().c_str(), 0755), 0);
  EXPECT_EQ(in_child([&] {
              require(::chroot(dir_.path().c_str()) == 0 && ::chdir("/") == 0, "chroot");
              require(::setresgid(kStranger, kStranger, kStranger) == 0, "setresgid");
              require(::setresuid(kStranger, kStranger, kStranger) == 0, "setresuid");
              set("XDG_STATE_HOME", "/everybodys");
              const StateFolder found;
              require(found.path() == "/everybodys/mpmt" && found.lasts(), found.remark());
            }),
            "");
}

TEST_F(StateFolderTest, is_no_link_and_no_file) {
  const auto state = made_state();
  fs::rename(state / "mpmt", dir_.path() / "elsewhere");
  fs::create_directory_symlink(dir_.path() / "elsewhere", state / "mpmt");
  expect_passed_over(state, "is a symbolic link, not a folder");
  fs::remove(state / "mpmt");
  fs::create_symlink(dir_.path() / "nowhere", state / "mpmt");
  expect_passed_over(state, "is a symbolic link, not a folder");
  EXPECT_FALSE(fs::exists(dir_.path() / "nowhere"));
  fs::remove(state / "mpmt");
  ASSERT_EQ(::mkfifo((state / "mpmt").c_str(), 0600), 0);
  expect_passed_over(state, "is a FIFO, not a folder");
  std::ofstream(dir_.path() / "file") << "x";
  expect_passed_over(dir_.path() / "file", "is a regular file, not a folder");
}

TEST_F(StateFolderTest, has_an_absolute_path) {
  expect_passed_over("relative", "is not an absolute path");
  EXPECT_FALSE(fs::exists("relative"));
}

TEST_F(StateFolderTest, makes_no_home_that_is_not_there) {
  set("HOME", dir_.path() / "nobody");
  set("TMPDIR", temporary());
  const StateFolder found;
  EXPECT_FALSE(fs::exists(dir_.path() / "nobody"));
  EXPECT_TRUE(says(found.remark(), (dir_.path() / "nobody").string() + " is not a folder")) << found.remark();
}

TEST_F(StateFolderTest, is_of_the_session_where_there_is_no_home) {
  if (!tests::may_mount("/run")) GTEST_SKIP() << "a mount namespace is not permitted here";
  EXPECT_EQ(in_child([&] {
              tests::mount_small("/run", "size=64k");
              const fs::path session = text("/run/user/", ::geteuid());
              fs::create_directories(session);
              const StateFolder found;
              require(found.path() == session / "mpmt", found.path().string());
              require(found.lasts() && found.remark().empty(), found.remark());
            }),
            "");
}

TEST_F(StateFolderTest, is_a_fresh_one_where_there_is_nothing_and_goes_unless_something_is_in_it) {
  if (!tests::may_mount("/run")) GTEST_SKIP() << "a mount namespace is not permitted here";
  EXPECT_EQ(in_child([&] {
              tests::mount_small("/run", "size=64k");
              set("TMPDIR", temporary());
              ::umask(0777);
              {
                const StateFolder one;
                const StateFolder other;
                require(one.path() != other.path(), "it is not fresh");
                require(one.path().parent_path() == temporary() && mode_of(one.path()) == 0700, one.path().string());
                require(!one.lasts() && says(one.remark(), "$HOME is not set"), one.remark());
                require(says(one.remark(), text("no /run/user/", ::geteuid())), one.remark());
                const auto file = other.create("journal");
                other.remove("journal");
              }
              require(names_in(temporary()).empty(), "a fresh folder is left behind");
              {
                const StateFolder kept;
                const auto file = kept.create("journal");
              }
              require(names_in(temporary()).size() == 1, "what was in it is gone");
            }),
            "");
}

TEST_F(StateFolderTest, names_a_tmpdir_that_does_not_exist) {
  if (!tests::may_mount("/run")) GTEST_SKIP() << "a mount namespace is not permitted here";
  EXPECT_EQ(in_child([&] {
              tests::mount_small("/run", "size=64k");
              set("TMPDIR", dir_.path() / "gone");
              const StateFolder found;
              require(found.path().parent_path() == "/tmp", found.path().string());
              require(says(found.remark(), text("$TMPDIR: ", (dir_.path() / "gone").string(), ": No such file")),
                      found.remark());
            }),
            "");
}

TEST_F(StateFolderTest, is_refused_with_all_reasons_where_none_serves) {
  EXPECT_EQ(in_child([&] {
              if (::chroot(dir_.path().c_str()) != 0 || ::chdir("/") != 0) return;  // not root
              fs::remove("/tmp");
              set("XDG_STATE_HOME", "relative");
              set("TMPDIR", "/gone");
              try {
                const StateFolder found;
              } catch (const std::runtime_error& failure) {
                const std::string said = failure.what();
                for (const auto* part : {"relative is not an absolute", "$HOME is not set", "no /run/user/",
                                         "$TMPDIR: /gone: No such file", "/tmp: No such file"}) {
                  require(says(said, part), said);
                }
                return;
              }
              require(false, "a folder was found where there is none");
            }),
            "");
}

TEST_F(StateFolderTest, a_read_only_home_is_passed_over) {
  if (!tests::may_mount(home())) GTEST_SKIP() << "a mount namespace is not permitted here";
  EXPECT_EQ(in_child([&] {
              tests::mount_small(home(), "size=64k");
              fs::create_directories(below_home());
              ::chmod(below_home().c_str(), 0700);
              require(::mount(nullptr, home().c_str(), nullptr, MS_REMOUNT | MS_RDONLY, nullptr) == 0, "remount");
              set("HOME", home());
              set("TMPDIR", temporary());
              const StateFolder found;
              require(found.path() != below_home(), "a read-only folder was taken");
              require(says(found.remark(), "Read-only file system"), found.remark());
            }),
            "");
}

TEST_F(StateFolderTest, opens_only_files_of_the_callers_own) {
  set("XDG_STATE_HOME", dir_.path());
  const StateFolder state;
  const auto expect_refused = [&](const std::string& name, const std::string& why) {
    try {
      state.open(name);
      ADD_FAILURE() << name << " was opened";
    } catch (const std::runtime_error& failure) {
      EXPECT_TRUE(says(failure.what(), (state.path() / name).string())) << failure.what();
      EXPECT_TRUE(says(failure.what(), why)) << failure.what();
    }
    EXPECT_THROW(state.open_or_create(name), std::runtime_error) << name;
  };
  ASSERT_EQ(::mkfifo((state.path() / "fifo").c_str(), 0600), 0);
  expect_refused("fifo", "is a FIFO, not a regular file");
  fs::create_directory(state.path() / "folder");
  expect_refused("folder", "is a folder, not a regular file");

  std::ofstream(dir_.path() / "mine") << "mine";
  ::chmod((dir_.path() / "mine").c_str(), 0600);
  fs::create_symlink(dir_.path() / "mine", state.path() / "link");
  expect_refused("link", "is a symbolic link, not a regular file");
  fs::create_symlink(dir_.path() / "nothing", state.path() / "dangling");
  expect_refused("dangling", "is a symbolic link, not a regular file");
  EXPECT_FALSE(fs::exists(dir_.path() / "nothing"));
  fs::create_hard_link(dir_.path() / "mine", state.path() / "hard");
  expect_refused("hard", "has 2 names, not one");

  { const Fd file = state.create("wide"); }
  ::chmod((state.path() / "wide").c_str(), 0620);
  expect_refused("wide", "can be written by others");
  ::chmod((state.path() / "wide").c_str(), 0644);
  EXPECT_TRUE(state.open("wide"));
  if (::geteuid() == 0) {
    ASSERT_EQ(::chown((state.path() / "wide").c_str(), kStranger, kStranger), 0);
    expect_refused("wide", text("belongs to uid ", kStranger));
  }
}

TEST_F(StateFolderTest, a_socket_is_no_file) {
  set("XDG_STATE_HOME", dir_.path());
  const StateFolder state;
  const auto name = (state.path() / "s").string();
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (name.size() >= sizeof address.sun_path) GTEST_SKIP() << "the build folder's path is too long for a socket";
  std::memcpy(address.sun_path, name.c_str(), name.size());
  const Fd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  ASSERT_EQ(::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  EXPECT_THROW(state.open("s"), std::runtime_error);
}

TEST_F(StateFolderTest, a_file_that_several_meet_at_is_made_once) {
  set("XDG_STATE_HOME", dir_.path());
  const StateFolder state;
  const Fd made = state.open_or_create("lock");
  const Fd found = state.open_or_create("lock");
  struct stat one {};
  struct stat other {};
  ASSERT_EQ(::fstat(made.get(), &one), 0);
  ASSERT_EQ(::fstat(found.get(), &other), 0);
  EXPECT_EQ(one.st_ino, other.st_ino);
  EXPECT_THROW(state.create("lock"), std::system_error);
  EXPECT_EQ(state.names(), std::vector<std::string>{"lock"});
  state.remove("lock");
  EXPECT_EQ(state.names(), std::vector<std::string>());
}

TEST_F(StateFolderTest, is_used_through_its_descriptor_whatever_its_name_leads_to_by_then) {
  set("XDG_STATE_HOME", dir_.path());
  const StateFolder state;
  fs::rename(state.path(), dir_.path() / "moved");
  fs::create_directory(dir_.path() / "other");
  fs::create_directory_symlink(dir_.path() / "other", state.path());
  const Fd file = state.create("file");
  EXPECT_TRUE(fs::exists(dir_.path() / "moved" / "file"));
  EXPECT_EQ(names_in(dir_.path() / "other"), std::set<std::string>());
}

TEST_F(StateFolderTest, that_is_given_is_used_and_stays) {
  const auto given = dir_.path() / "given";
  fs::create_directory(given);
  {
    const StateFolder state(given);
    EXPECT_EQ(state.path(), given);
    EXPECT_FALSE(state.lasts());
    const Fd file = state.create("file");
    state.remove("file");
  }
  EXPECT_TRUE(fs::is_directory(given));
}

TEST_F(StateFolderTest, that_is_given_is_refused_where_others_write_or_it_is_none) {
  const auto given = dir_.path() / "given";
  EXPECT_THROW(StateFolder{given}, std::system_error);
  fs::create_directory(given);
  ::chmod(given.c_str(), 0777);
  EXPECT_THROW(StateFolder{given}, std::runtime_error);
}

}  // namespace
}  // namespace mpmt::benchmarks

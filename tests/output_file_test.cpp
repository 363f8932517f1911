// A file that appears whole or not at all, and only in place of a file.
#include "base/output_file.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <fstream>
#include <functional>
#include <string>

#include "base/input_file.hpp"
#include "in_child.hpp"
#include "scratch_dir.hpp"

namespace mpmt {
namespace {

namespace fs = std::filesystem;
using tests::in_child;
using tests::names_in;
using tests::require;
using Names = std::set<std::string>;

constexpr uid_t kStranger = 65'534;

std::string message_of(const std::function<void()>& body) {
  try {
    body();
  } catch (const std::runtime_error& failure) {
    return failure.what();
  }
  return "";
}

void write(const fs::path& target, const std::string& what) {
  OutputFile out(target);
  out.stream() << what;
  out.commit();
}

mode_t mode_of(const fs::path& place) {
  struct stat status {};
  return ::lstat(place.c_str(), &status) == 0 ? status.st_mode & 07777 : 0;
}

class OutputFileTest : public ::testing::Test {
 protected:
  fs::path target() const { return dir_.path() / "x.json"; }
  /// By writing and by reading; and what is there stays.
  void expect_refused(const std::string& why) const {
    const auto before = names_in(dir_.path());
    EXPECT_EQ(message_of([&] { const OutputFile out(target()); }), target().string() + " is " + why);
    EXPECT_EQ(names_in(dir_.path()), before);
  }

  tests::ScratchDir dir_;
};

TEST_F(OutputFileTest, appears_by_its_commit) {
  std::ofstream(target()) << "former";
  {
    OutputFile out(target());
    out.stream() << "new" << std::string(200'000, 'x');
    EXPECT_EQ(contents_of_file(target()), "former");
  }
  EXPECT_EQ(contents_of_file(target()), "former") << "given up";
  write(target(), "new");
  EXPECT_EQ(contents_of_file(target()), "new");
  EXPECT_EQ(names_in(dir_.path()), Names{"x.json"});
}

TEST_F(OutputFileTest, leaves_a_reader_of_the_former_file_that_file) {
  std::ofstream(target()) << "former";
  fs::create_hard_link(target(), dir_.path() / "backup");
  write(target(), "new");
  EXPECT_EQ(contents_of_file(dir_.path() / "backup"), "former");
}

TEST_F(OutputFileTest, leaves_files_beside_it_alone) {
  std::ofstream(target().string() + ".partial") << "a user's";
  fs::create_symlink(target().string() + ".partial", target().string() + ".tmp");
  write(target(), "new");
  EXPECT_EQ(contents_of_file(target().string() + ".partial"), "a user's");
  EXPECT_EQ(names_in(dir_.path()), (Names{"x.json", "x.json.partial", "x.json.tmp"}));
}

TEST_F(OutputFileTest, has_the_permissions_that_the_umask_leaves) {
  for (const mode_t mask : {0000, 0022, 0077, 0777}) {
    const auto former = ::umask(mask);
    write(target(), "new");
    EXPECT_EQ(::umask(former), mask) << "the umask has changed";
    EXPECT_EQ(mode_of(target()), 0666U & ~mask);
    fs::remove(target());
  }
}

TEST_F(OutputFileTest, is_for_nobody_else_before) {
  const auto former = ::umask(0);
  OutputFile out(target());
  ::umask(former);
  for (const auto& descriptor : fs::directory_iterator("/proc/self/fd")) {
    std::error_code gone;
    const auto to = fs::read_symlink(descriptor, gone).string();
    struct stat status {};
    if (to.rfind(dir_.path().string(), 0) != 0 || ::stat(descriptor.path().c_str(), &status) != 0) continue;
    if (S_ISREG(status.st_mode)) {
      EXPECT_EQ(status.st_mode & 0777, 0600U) << to;
    }
  }
}

TEST_F(OutputFileTest, is_not_put_in_the_place_of_what_is_no_file) {
  ASSERT_EQ(::mkfifo(target().c_str(), 0600), 0);
  expect_refused("a FIFO, not a regular file");
  EXPECT_TRUE(fs::is_fifo(target()));
  fs::remove(target());
  fs::create_directory(target());
  expect_refused("a folder, not a regular file");
  fs::remove(target());
  EXPECT_EQ(message_of([&] { output_place("/dev/null"); }), "/dev/null is a character device, not a regular file");
  EXPECT_EQ(message_of([&] { output_place("/dev/full"); }), "/dev/full is a character device, not a regular file");
  EXPECT_NE(message_of([&] { output_place(dir_.path() / ""); }), "");
  EXPECT_NE(message_of([&] { output_place(dir_.path() / ".."); }), "");
}

TEST_F(OutputFileTest, is_not_put_in_the_place_of_a_socket) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (target().string().size() >= sizeof address.sun_path) GTEST_SKIP() << "too long a path for a socket";
  std::memcpy(address.sun_path, target().c_str(), target().string().size());
  const Fd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  ASSERT_EQ(::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  expect_refused("a socket, not a regular file");
  EXPECT_TRUE(fs::is_socket(target()));
}

TEST_F(OutputFileTest, does_not_replace_a_device_of_its_own_either) {
  if (::mknod(target().c_str(), S_IFCHR | 0600, makedev(1, 3)) != 0) GTEST_SKIP() << "no device may be made here";
  expect_refused("a character device, not a regular file");
  EXPECT_TRUE(fs::is_character_file(target()));
}

TEST_F(OutputFileTest, is_not_put_in_the_place_of_what_has_come_meanwhile) {
  OutputFile out(target());
  out.stream() << "new";
  ASSERT_EQ(::mkfifo(target().c_str(), 0600), 0);
  EXPECT_NE(message_of([&] { out.commit(); }), "");
  EXPECT_TRUE(fs::is_fifo(target()));
  EXPECT_EQ(names_in(dir_.path()), Names{"x.json"});
}

TEST_F(OutputFileTest, goes_where_a_link_leads_and_leaves_the_link) {
  fs::create_directory(dir_.path() / "deep");
  std::ofstream(dir_.path() / "deep" / "file") << "former";
  fs::create_symlink("deep/file", dir_.path() / "one");
  fs::create_symlink("one", target());
  write(target(), "new");
  EXPECT_TRUE(fs::is_symlink(target()));
  EXPECT_TRUE(fs::is_symlink(dir_.path() / "one"));
  EXPECT_EQ(contents_of_file(dir_.path() / "deep" / "file"), "new");
  EXPECT_EQ(names_in(dir_.path() / "deep"), Names{"file"});
}

TEST_F(OutputFileTest, follows_no_link_to_nothing_to_itself_or_to_what_is_no_file) {
  fs::create_symlink("nothing", target());
  expect_refused("a symbolic link to nothing");
  fs::remove(target());
  fs::create_symlink(target(), target());
  expect_refused("a symbolic link without an end");
  fs::remove(target());
  ASSERT_EQ(::mkfifo((dir_.path() / "fifo").c_str(), 0600), 0);
  fs::create_symlink("fifo", target());
  EXPECT_EQ(message_of([&] { const OutputFile out(target()); }),
            (dir_.path() / "fifo").string() + " is a FIFO, not a regular file");
}

/// As /dev/stderr is one, which may lead to somebody's log.
TEST_F(OutputFileTest, is_not_put_in_the_place_of_a_file_that_is_open) {
  std::ofstream log(dir_.path() / "log");
  log << "so far" << std::flush;
  const Fd open(::open((dir_.path() / "log").c_str(), O_WRONLY | O_CLOEXEC));
  const auto link = "/proc/self/fd/" + std::to_string(open.get());
  fs::create_symlink(link, target());
  EXPECT_EQ(message_of([&] { const OutputFile out(target()); }),
            link + " is what a process has open, not a regular file");
  EXPECT_EQ(contents_of_file(dir_.path() / "log"), "so far");
}

TEST_F(OutputFileTest, follows_no_strangers_link_in_a_folder_for_everybody) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root may give links away";
  std::ofstream(dir_.path() / "victim") << "precious";
  const auto everybodys = dir_.path() / "tmp";
  fs::create_directory(everybodys);
  ASSERT_EQ(::chmod(everybodys.c_str(), 01777), 0);
  fs::create_symlink(dir_.path() / "victim", everybodys / "x.json");
  write(everybodys / "x.json", "by one's own link");
  EXPECT_EQ(contents_of_file(dir_.path() / "victim"), "by one's own link");
  ASSERT_EQ(::lchown((everybodys / "x.json").c_str(), kStranger, kStranger), 0);
  EXPECT_NE(message_of([&] { write(everybodys / "x.json", "planted"); }).find("uid 65534"), std::string::npos);
  EXPECT_EQ(contents_of_file(dir_.path() / "victim"), "by one's own link");
}

TEST_F(OutputFileTest, leaves_nothing_when_its_writer_is_killed_or_fails) {
  ChildProcess run("run", [&] {
    OutputFile out(target());
    out.stream() << "half" << std::flush;
    ::raise(SIGKILL);
  });
  EXPECT_EQ(run.reap(tests::soon())->describe(), "killed by SIGKILL");
  EXPECT_EQ(names_in(dir_.path()), Names());
  EXPECT_EQ(message_of([&] {
              OutputFile out(target());
              throw std::runtime_error("on the way");
            }),
            "on the way");
  EXPECT_EQ(names_in(dir_.path()), Names());
}

/// Without /proc no file can be given a name afterwards.
TEST_F(OutputFileTest, has_an_unforeseeable_name_where_a_file_must_have_one) {
  EXPECT_EQ(in_child([&] {
              if (::chroot(dir_.path().c_str()) != 0 || ::chdir("/") != 0) return;  // not root
              Names seen;
              for (int i = 0; i < 2; ++i) {
                OutputFile out("/x.json");
                out.stream() << "new";
                const auto names = names_in("/", ".mpmt-");
                require(names.size() == 1 && names.begin()->size() == 6 + 32, "the name is not as it should be");
                require(mode_of("/" / fs::path(*names.begin())) == 0600, "others may read it");
                seen.insert(*names.begin());
                if (i == 1) out.commit();
              }
              require(seen.size() == 2, "the name can be foreseen");
              require(names_in("/") == Names{"x.json"}, "something is left");
              require(contents_of_file("/x.json") == "new", "it was not written");
            }),
            "");
}

TEST_F(OutputFileTest, says_why_it_cannot_be) {
  EXPECT_EQ(message_of([&] { const OutputFile out(dir_.path() / "no" / "x"); }),
            (dir_.path() / "no").string() + " is not a folder");
  EXPECT_NE(message_of([] { const OutputFile out("/proc/x"); }).find("/proc/x"), std::string::npos);
}

TEST_F(OutputFileTest, is_read_only_if_it_is_a_file) {
  ASSERT_EQ(::mkfifo(target().c_str(), 0600), 0);
  EXPECT_EQ(message_of([&] { contents_of_file(target()); }), target().string() + ": is a FIFO, not a regular file");
  EXPECT_EQ(message_of([] { contents_of_file("/dev/zero"); }), "/dev/zero: is a character device, not a regular file");
  EXPECT_NE(message_of([&] { contents_of_file(dir_.path()); }).find("is a folder"), std::string::npos);
  EXPECT_NE(message_of([&] { contents_of_file(dir_.path() / "no"); }).find("No such file"), std::string::npos);
}

}  // namespace
}  // namespace mpmt

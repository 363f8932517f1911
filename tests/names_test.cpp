// Names in shared memory and of message queues: drawn at random, and gone however their maker ends.
#include "ipc/names.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <mqueue.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <unistd.h>

#include <boost/interprocess/ipc/message_queue.hpp>
#include <fstream>
#include <system_error>

#include "base/proc_files.hpp"
#include "base/shared_region.hpp"
#include "channel_sides.hpp"
#include "in_child.hpp"
#include "ipc/named_memory.hpp"

namespace mpmt::tests {
namespace {

namespace bip = boost::interprocess;
using ipc::NewObject;

const std::filesystem::path kShm = "/dev/shm";

/// Runs `body` in a process with a /dev/shm and message queues of its own, where that is permitted.
std::string in_own_shm(const std::function<void()>& body) {
  static const bool permitted = may_mount(kShm);
  return in_child([&] {
    if (permitted) {
      mount_small(kShm, "size=16m,mode=1777");
      require(::unshare(CLONE_NEWIPC) == 0, "unshare");
    }
    body();
  });
}

/// An object in /dev/shm, removed at the end.
class Squatter {
 public:
  explicit Squatter(const std::string& name, const std::string& contents = "taken") : path_(kShm / name) {
    std::ofstream(path_) << contents;
  }
  ~Squatter() { std::filesystem::remove(path_); }
  Squatter(const Squatter&) = delete;
  Squatter& operator=(const Squatter&) = delete;

  std::string contents() const { return contents_of(path_); }
  bool exists() const { return std::filesystem::exists(path_); }
  const std::filesystem::path& path() const { return path_; }

 private:
  const std::filesystem::path path_;
};

/// Gives these names first, as chance would not.
ipc::DrawName draws(std::vector<std::string> names) {
  return [names = std::move(names), next = std::size_t{0}]() mutable {
    return next < names.size() ? names[next++] : ipc::draw_name();
  };
}

/// Unlike those of a test beside this one.
const std::string kTaken = text("mpmt-test-", ::getpid());

void make_boost_queue(const ipc::DrawName& draw) {
  std::optional<bip::message_queue> queue;
  ipc::make_in_dev_shm(
      "a queue", 65'536,
      [&](const char* name) { queue.emplace(bip::create_only, name, 4, 64, bip::permissions(0600)); }, draw);
  queue->send("hello", 5, 0);
  require(queue->get_num_msg() == 1, "the queue does not work");
}

/// Whether it was made, and under a free name at once.
bool make_kernel_queue(const std::string& name) {
  mq_attr attributes{};
  attributes.mq_maxmsg = 1;
  attributes.mq_msgsize = 1;
  const auto queue = ::mq_open(("/" + name).c_str(), O_RDWR | O_CREAT | O_EXCL, 0600, &attributes);
  require(queue >= 0 || errno == EEXIST, text("mq_open: ", std::strerror(errno)));
  if (queue >= 0) ::mq_close(queue);
  return queue >= 0;
}

TEST(Names, are_never_drawn_twice) {
  std::set<std::string> drawn;
  for (int i = 0; i < 1000; ++i) drawn.insert(ipc::draw_name());
  EXPECT_EQ(drawn.size(), 1000U);
  const auto name = ipc::draw_name();
  const auto random = name.substr(name.rfind('-') + 1);
  EXPECT_EQ(random.size(), 32U) << name;
  EXPECT_EQ(random.find_first_not_of("0123456789abcdef"), random.npos) << name;
}

TEST(Names, of_objects_that_exist_are_drawn_anew_and_the_objects_are_left_alone) {
  EXPECT_EQ(in_own_shm([] {
              const Footprint before;
              const Squatter lease(kTaken + ".lease");
              const Squatter object(kTaken);
              make_boost_queue(draws({kTaken}));                          // the lease's name
              make_boost_queue(draws({ipc::draw_name(), kTaken}));        // the object's
              make_boost_queue(draws({kTaken, kTaken, kTaken, kTaken}));  // again and again
              require(lease.contents() == "taken" && object.contents() == "taken", "another's object was written to");
              require(Footprint() == before, text("left: ", Footprint()));
              require(names_in(kShm, kTaken).size() == 2, "a squatter was removed");
            }),
            "");
}

TEST(Names, of_message_queues_that_exist_are_drawn_anew) {
  EXPECT_EQ(in_own_shm([] {
              require(make_kernel_queue(kTaken), "the name is taken");
              std::vector<std::string> tried;
              ipc::make_under_new_name(
                  {NewObject::Kind::queue, "a queue"},
                  [&](const std::string& name) {
                    tried.push_back(name);
                    return make_kernel_queue(name);
                  },
                  draws({ipc::draw_name(), kTaken}));
              require(tried.size() == 2 && tried[0] == kTaken, "not tried in this order");
              require(make_kernel_queue(tried[1]), "a queue's name is left");
              ::mq_unlink(("/" + tried[1]).c_str());
              require(::mq_unlink(("/" + kTaken).c_str()) == 0, "another's queue was removed");
            }),
            "");
}

TEST(Names, that_are_all_taken_end_in_an_error_that_names_the_object) {
  EXPECT_EQ(in_own_shm([] {
              const Footprint before;
              const Squatter object(kTaken);
              int drawn = 0;
              std::string what;
              try {
                make_boost_queue([&] { return drawn++ % 2 == 0 ? ipc::draw_name() : kTaken; });
              } catch (const std::system_error& failure) {
                what = failure.what();
              }
              require(what.find("a queue") != what.npos && what.find("exists") != what.npos, what);
              require(drawn == 2 * ipc::kNamesDrawn, text(drawn, " names drawn"));
              require(object.contents() == "taken" && Footprint() == before, "not as it was");
            }),
            "");
}

TEST(Names, are_found_by_every_channel_among_thousands_that_others_have_taken) {
  if (!may_mount(kShm)) GTEST_SKIP() << "a mount namespace is not permitted here";
  EXPECT_EQ(in_own_shm([] {
              for (pid_t pid = ::getpid(); pid < ::getpid() + 10; ++pid) {
                for (int number = 0; number < 500; ++number) std::ofstream(kShm / text("mpmt-", pid, "-", number));
              }
              for (int number = 0; number < 64; ++number) make_kernel_queue(text("mpmt-", ::getpid(), "-", number));
              const Footprint before;
              for (const auto& use : channels_between(ipc::Sides::processes)) {
                const auto link =
                    use.channel->connect({.sides = ipc::Sides::processes, .capacity = 2, .max_payload_bytes = 8});
                require(link->end(ipc::Side::submitter).try_send({}), std::string(use.channel->name));
              }
              ipc::remove_stale_names();
              require(Footprint() == before, "not as it was");
            }),
            "");
}

/// Processes that are in the middle of making something under a name, until they are killed.
class MakerAtWork {
 public:
  explicit MakerAtWork(NewObject::Kind kind)
      : process_("maker", [this, kind] {
          ipc::make_under_new_name({kind, "an object", 4096}, [&](const std::string& name) {
            if (kind == NewObject::Kind::queue) make_kernel_queue(name);
            if (kind == NewObject::Kind::memory) std::ofstream(kShm / name) << "made";
            name.copy(told().name, sizeof told().name - 1);
            told().made = true;
            for (;;) ::pause();
            return true;
          });
        }) {
    require(comes_true([&] { return told().made.load(); }), "nothing was made");
  }

  std::string name() { return told().name; }
  void kill() {
    process_.kill(SIGKILL);
    require(process_.reap(soon()).has_value(), "it does not end");
  }

 private:
  struct Told {
    std::atomic<bool> made{false};
    char name[128]{};
  };
  Told& told() { return *static_cast<Told*>(region_.data()); }

  SharedRegion region_{sizeof(Told)};
  ChildProcess process_;
};

void require_that_names_outlive_only_a_maker(const std::function<void()>& remove) {
  MakerAtWork memory(NewObject::Kind::memory);
  MakerAtWork queue(NewObject::Kind::queue);
  const auto leases = [] {
    std::size_t count = 0;
    for (const auto& name : names_in(kShm, "mpmt-")) count += name.ends_with(".lease") ? 1 : 0;
    return count;
  };
  remove();
  require(leases() == 2 && names_in(kShm).count(memory.name()) == 1, "a living maker's name was removed");
  require(!make_kernel_queue(queue.name()), "a living maker's queue was removed");
  memory.kill();
  queue.kill();
  remove();
  require(names_in(kShm, "mpmt-").empty(), "a name is left in /dev/shm");
  require(make_kernel_queue(queue.name()), "a queue is left");
  ::mq_unlink(("/" + queue.name()).c_str());
}

TEST(Names, are_removed_when_their_maker_was_killed_and_not_before) {
  if (!may_mount(kShm)) GTEST_SKIP() << "a mount namespace is not permitted here";
  EXPECT_EQ(in_own_shm([] { require_that_names_outlive_only_a_maker(ipc::remove_stale_names); }), "");
}

/// As a process would whose own id is 1, and for whom no other one exists.
void remove_from_another_container() {
  require(in_child([] {
            require(::unshare(CLONE_NEWPID) == 0, "unshare");
            const pid_t remover = ::fork();  // no ChildProcess, which would not find its parent
            if (remover == 0) {
              ipc::remove_stale_names();
              ::_exit(::getpid() == 1 ? 0 : 1);
            }
            int status = -1;
            require(::waitpid(remover, &status, 0) == remover && status == 0, "no process id namespace");
          }).empty(),
          "see above");
}

TEST(Names, are_left_to_a_maker_that_lives_in_another_container) {
  if (!may_mount(kShm)) GTEST_SKIP() << "a mount namespace is not permitted here";
  EXPECT_EQ(in_own_shm([] { require_that_names_outlive_only_a_maker(remove_from_another_container); }), "");
}

TEST(Names, of_another_user_are_never_removed) {
  if (::geteuid() != 0 || !may_mount(kShm)) GTEST_SKIP() << "only root may give files away";
  EXPECT_EQ(in_own_shm([] {
              const Squatter object(kTaken);
              const Squatter lease(kTaken + ".lease", kTaken);
              require(::chown(lease.path().c_str(), 65534, 65534) == 0, "chown");
              ipc::remove_stale_names();
              require(object.exists() && lease.exists(), "another user's names were removed");
            }),
            "");
}

TEST(Names, that_are_not_ours_are_not_removed_whatever_a_lease_says) {
  EXPECT_EQ(in_own_shm([] {
              const Squatter other("another-program");
              for (const char* written : {"another-program", "../dev/shm/another-program", "", "mpmt-\n"}) {
                const Squatter lease(kTaken + ".lease", written);
                ipc::remove_stale_names();
                require(other.exists(), text("removed by a lease of ", written));
                require(!lease.exists(), text("a stale lease stays: ", written));
              }
            }),
            "");
}

TEST(Names, of_things_that_are_no_files_are_not_touched) {
  EXPECT_EQ(in_own_shm([] {
              const auto fifo = kShm / (kTaken + ".lease");
              require(::mkfifo(fifo.c_str(), 0600) == 0, "mkfifo");
              ipc::remove_stale_names();  // and does not wait for a writer
              require(std::filesystem::remove(fifo), "it was removed");
            }),
            "");
}

TEST(Names, can_be_made_while_others_remove_stale_ones) {
  ChildProcess remover("remover", [] {
    for (;;) ipc::remove_stale_names();
  });
  const Footprint before;
  for (int i = 0; i < 300; ++i) make_boost_queue(ipc::draw_name);
  EXPECT_EQ(footprint_after(before), before);
}

}  // namespace
}  // namespace mpmt::tests

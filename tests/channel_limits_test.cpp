// What every channel promises when the machine gives it too little, and of what it leaves: for links of either kind of
// calls.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include <boost/interprocess/exceptions.hpp>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iostream>
#include <system_error>

#include "base/sanitizers.hpp"
#include "channel_sides.hpp"

namespace mpmt::tests {
namespace {

using ipc::Calls;
using ipc::End;
using ipc::Side;

constexpr auto kBothCalls = {Calls::trying, Calls::waiting};

void set_limit(int resource, rlim_t value) {
  const rlimit limit{value, value};
  require(::setrlimit(static_cast<__rlimit_resource>(resource), &limit) == 0,
          text("setrlimit: ", std::strerror(errno)));
}

/// That `what` contains one of these.
void require_names(const std::string& what, std::initializer_list<std::string_view> any) {
  for (const auto word : any) {
    if (what.find(word) != std::string::npos) return;
  }
  require(false, text("it does not name ", *any.begin(), ": ", what));
}

class EveryChannelsTraces : public ChannelTest {
 protected:
  std::unique_ptr<ipc::Link> connect_for(Calls calls, std::size_t capacity = 8,
                                         std::size_t max_payload = Script::kMaxPayload) const {
    return calls == Calls::waiting ? connect_waiting(capacity, max_payload) : connect(capacity, max_payload);
  }

  /// Messages through all of the channel's memory, from the submitter to the worker, in one thread.
  void fill(ipc::Link& link, Calls calls, std::size_t count) const {
    End& end = link.end(Side::submitter);
    End& worker = link.end(Side::worker);
    for (std::size_t i = 0; i < count; ++i) {
      require(calls == Calls::waiting ? end.send(script_.message(i), soon()) : end.try_send(script_.message(i)),
              text("no room for ", i));
      if (calls == Calls::waiting) require(worker.receive(soon()).has_value(), text(i, " did not come"));
    }
  }

  /// In a child under a limit: a link is made and used, or refused with what `is_clear` accepts; nothing is left.
  template <class IsClear>
  void connect_and_fill(Calls calls, std::size_t capacity, std::size_t max_payload, IsClear&& is_clear) const {
    const Footprint before;
    try {
      fill(*connect_for(calls, capacity, max_payload), calls, capacity);
    } catch (const std::exception& refusal) {
      is_clear(refusal);
    }
    require(Footprint() == before, text("something is left: ", Footprint()));
  }
};

TEST_P(EveryChannelsTraces, a_link_leaves_nothing) {
  const Footprint before;
  for (int i = 0; i < 20; ++i) {
    for (const Calls calls : kBothCalls) fill(*connect_for(calls), calls, 1);
  }
  EXPECT_EQ(footprint_after(before), before);
}

class FewDescriptors {
 public:
  explicit FewDescriptors(rlim_t most) {
    ::getrlimit(RLIMIT_NOFILE, &before_);
    const rlimit narrowed{most, before_.rlim_max};
    ::setrlimit(RLIMIT_NOFILE, &narrowed);
  }
  ~FewDescriptors() { ::setrlimit(RLIMIT_NOFILE, &before_); }
  FewDescriptors(const FewDescriptors&) = delete;
  FewDescriptors& operator=(const FewDescriptors&) = delete;

 private:
  rlimit before_{};
};

/// Connects with ever more free descriptors, so that each step that needs one fails in turn.
template <class Connect>
void expect_nothing_left_without_descriptors(Connect&& connect) {
  // Of a type that it has not seen before, clang's UndefinedBehaviorSanitizer asks a pipe of its own whether the object
  // is there at all, and takes it for none when it gets no pipe. So types are shown to it where nothing is in the way,
  // and what is thrown is looked at when the limit has gone.
  connect();
  require(!std::error_code(EMFILE, std::generic_category()).message().empty(), "no words for EMFILE");
  const boost::interprocess::interprocess_exception of_boost{boost::interprocess::error_info(EMFILE)};
  const Footprint before;
  const auto highest = static_cast<rlim_t>(std::stoi(*before.descriptors.rbegin())) + before.descriptors.size();
  for (rlim_t most = 3; most < highest + 12; ++most) {
    std::string refusal;
    try {
      const FewDescriptors few(most);
      connect();
    } catch (const std::exception& failure) {
      refusal = failure.what();
    }
    require(Footprint() == before, text("with ", most, " descriptors something is left: ", Footprint()));
    if (!refusal.empty()) require_names(refusal, {"Too many open files", "RLIMIT_NOFILE"});
    if (refusal.empty() && most > highest) break;
  }
}

TEST_P(EveryChannelsTraces, without_free_descriptors_a_link_is_refused_and_leaves_nothing) {
  for (const Calls calls : kBothCalls) {
    EXPECT_EQ(in_child([&] { expect_nothing_left_without_descriptors([&] { return connect_for(calls); }); }), "");
  }
}

/// Shared mappings of objects in /dev/shm: their addresses as in /proc/self/maps, and their names.
std::vector<std::pair<std::string, std::string>> shared_mappings() {
  std::vector<std::pair<std::string, std::string>> found;
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) {
    const auto name = line.find("/dev/shm/");
    if (name != std::string::npos) found.emplace_back(line.substr(0, line.find(' ')), line.substr(name));
  }
  return found;
}

void expect_private_and_nameless(const struct stat& status, const std::string& name) {
  EXPECT_EQ(status.st_mode & 0777, 0600U) << name;
  EXPECT_EQ(status.st_nlink, 0U) << name;
}

void expect_private_and_nameless_mappings() {
  for (const auto& [addresses, name] : shared_mappings()) {
    EXPECT_NE(name.find("(deleted)"), std::string::npos) << name;
    struct stat status {};
    if (::stat(("/proc/self/map_files/" + addresses).c_str(), &status) == 0) {
      expect_private_and_nameless(status, name);
    } else {
      std::cout << "the mode of " << name << " cannot be seen: " << std::strerror(errno) << '\n';
    }
  }
}

/// Descriptors of message queues and of files in memory.
void expect_private_and_nameless_descriptors() {
  constexpr long kMessageQueues = 0x19800202;
  constexpr long kInMemory = 0x01021994;
  for (const auto& number : names_in("/proc/self/fd")) {
    const int descriptor = std::stoi(number);
    struct statfs system {};
    struct stat status {};
    if (::fstatfs(descriptor, &system) != 0 || ::fstat(descriptor, &status) != 0) continue;  // the folder's own
    const bool ours = system.f_type == kMessageQueues || (system.f_type == kInMemory && S_ISREG(status.st_mode));
    if (ours) expect_private_and_nameless(status, "descriptor " + number);
  }
}

TEST_P(EveryChannelsTraces, names_are_gone_before_the_first_message_and_memory_is_the_users_own) {
  const auto former = ::umask(0);
  for (const mode_t mask : {0, 0777}) {
    ::umask(mask);
    for (const Calls calls : kBothCalls) {
      const auto link = connect_for(calls);
      expect_private_and_nameless_mappings();
      expect_private_and_nameless_descriptors();
      EXPECT_TRUE(Footprint().shared_memory.empty()) << Footprint();
      EXPECT_TRUE(Footprint().message_queues.empty()) << Footprint();
    }
  }
  ::umask(former);
}

TEST_P(EveryChannelsTraces, no_message_queue_has_a_name) {
  const auto mount = [] { mount_over(MPMT_SCRATCH_DIR, "mqueue", nullptr); };
  if (!in_child(mount).empty()) GTEST_SKIP() << "a mount namespace is not permitted here";
  EXPECT_EQ(in_child([&] {
              mount();
              const auto link = connect_waiting(2);
              const auto ours = names_in(MPMT_SCRATCH_DIR, text("mpmt-", ::getpid()));
              require(ours.empty(), text("there are names: ", ours.size()));
            }),
            "");
}

TEST_P(EveryChannelsTraces, a_full_dev_shm_is_a_clear_error) {
  if (!may_mount("/dev/shm")) GTEST_SKIP() << "a mount namespace is not permitted here";
  EXPECT_EQ(in_child([&] {
              mount_small("/dev/shm", "size=1m");
              const auto is_clear = [&](const std::exception& refusal) {
                if (dynamic_cast<const ipc::LimitReached*>(&refusal) != nullptr) return;  // of another limit
                const std::string what = refusal.what();
                require_names(what, {"/dev/shm"});
                require_names(what, {channel().name});
                const auto* const failure = dynamic_cast<const std::system_error*>(&refusal);
                require(failure != nullptr && failure->code().value() == ENOSPC, what);
              };
              for (const Calls calls : kBothCalls) {
                for (const std::size_t capacity : {150U, 200U, 250U, 1000U}) {
                  connect_and_fill(calls, capacity, Script::kMaxPayload, is_clear);
                  require(names_in("/dev/shm").empty(), "a name is left");
                }
                require(connect_for(calls, 2) != nullptr, "no link where there is room");
              }
            }),
            "");
}

TEST_P(EveryChannelsTraces, too_little_address_space_is_a_clear_error) {
#ifdef MPMT_SANITIZED
  GTEST_SKIP() << "a sanitizer takes terabytes of address space";
#endif
  const auto large = std::min<std::size_t>(channel().max_payload_bytes, std::size_t{4} << 20);
  for (const Calls calls : kBothCalls) {
    for (const int free_mib : {1, 5, 9, 17, 40}) {
      ASSERT_EQ(in_child([&] {
                  std::size_t pages = 0;
                  std::ifstream("/proc/self/statm") >> pages;
                  const auto used = pages * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
                  set_limit(RLIMIT_AS, used + (static_cast<rlim_t>(free_mib) << 20));
                  connect_and_fill(calls, 4, large, [&](const std::exception& refusal) {
                    require_names(refusal.what(), {channel().name});
                    require_names(refusal.what(), {"RLIMIT_AS", " bytes", "RLIMIT_MSGQUEUE", "/proc/sys/"});
                  });
                }),
                "")
          << free_mib << " MiB left, " << (calls == Calls::waiting ? "waiting" : "trying") << " calls";
    }
  }
}

TEST_P(EveryChannelsTraces, a_limit_on_the_size_of_files_is_an_error) {
  EXPECT_EQ(in_child([&] {
              ::signal(SIGXFSZ, SIG_IGN);
              set_limit(RLIMIT_FSIZE, 32 << 10);
              for (const Calls calls : kBothCalls) {
                connect_and_fill(calls, 100, Script::kMaxPayload, [&](const std::exception& refusal) {
                  if (dynamic_cast<const ipc::LimitReached*>(&refusal) != nullptr) return;
                  const auto* const failure = dynamic_cast<const std::system_error*>(&refusal);
                  require(failure != nullptr && failure->code().value() == EFBIG, refusal.what());
                });
              }
            }),
            "");
}

TEST_P(EveryChannelsTraces, a_limit_on_message_queues_is_named) {
  EXPECT_EQ(in_child([&] {
              set_limit(RLIMIT_MSGQUEUE, 1000);
              for (const Calls calls : kBothCalls) {
                connect_and_fill(calls, 8, Script::kMaxPayload, [&](const std::exception& refusal) {
                  require_names(refusal.what(), {"RLIMIT_MSGQUEUE", "/proc/sys/fs/mqueue"});
                  require_names(refusal.what(), {channel().name});
                });
              }
            }),
            "");
}

INSTANTIATE_TEST_SUITE_P(threads, EveryChannelsTraces, ::testing::ValuesIn(channels_between(ipc::Sides::threads)),
                         name_of);
INSTANTIATE_TEST_SUITE_P(processes, EveryChannelsTraces, ::testing::ValuesIn(channels_between(ipc::Sides::processes)),
                         name_of);

}  // namespace
}  // namespace mpmt::tests

// The lock on measuring against processes of another user that hold its name in every way there is. Each test runs in a
// network namespace of its own, where nobody else has that name.
#include "benchmarks/host/run_lock.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstddef>
#include <cstring>
#include <functional>
#include <memory>
#include <set>
#include <string>

#include "base/child_process.hpp"
#include "base/pipe.hpp"
#include "base/text.hpp"
#include "in_child.hpp"
#include "scratch_dir.hpp"

namespace mpmt::benchmarks {
namespace {

using namespace std::chrono_literals;
using tests::in_child;
using tests::require;
using Kind = RunLock::Holder::Kind;

constexpr uid_t kNobody = 65534;
constexpr std::chrono::milliseconds kShort{1500};
constexpr int kFewRounds = 40;  // a loop without pauses makes thousands

void require_done(int result, const char* what) {
  require(result >= 0, text(what, ": ", std::strerror(errno)));
}

std::pair<sockaddr_un, socklen_t> name() {
  constexpr std::string_view kName = "mpmt-measuring";
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path + 1, kName.data(), kName.size());
  return {address, static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + kName.size())};
}

Fd make_socket(int flags = 0) {
  return Fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | flags, 0));
}

Fd bound() {
  Fd socket = make_socket();
  const auto [address, length] = name();
  require_done(::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), length), "bind");
  return socket;
}

Fd listening(int backlog) {
  Fd socket = bound();
  require_done(::listen(socket.get(), backlog), "listen");
  return socket;
}

/// How a stranger holds the name: calls `ready` when it does, and never returns.
struct Evil {
  std::string name;
  std::function<void(const std::function<void()>& ready)> hold;
  std::string known_as;  ///< with its process id in place of %
};

[[noreturn]] void sleep_for_ever() {
  for (;;) ::pause();
}

void only_bind(const std::function<void()>& ready) {
  const Fd socket = bound();
  ready();
  sleep_for_ever();
}

void listen_and_never_accept(const std::function<void()>& ready) {
  const Fd socket = listening(100);
  ready();
  sleep_for_ever();
}

void accept_and_close(const std::function<void()>& ready) {
  const Fd socket = listening(100);
  ready();
  for (;;) const Fd gone(::accept(socket.get(), nullptr, nullptr));
}

void accept_and_talk(const std::function<void()>& ready) {
  const Fd socket = listening(100);
  ready();
  std::vector<Fd> kept;
  for (;;) {
    kept.emplace_back(::accept(socket.get(), nullptr, nullptr));
    [[maybe_unused]] const auto sent = ::send(kept.back().get(), "!", 1, MSG_NOSIGNAL);
  }
}

void fill_the_queue(const std::function<void()>& ready) {
  const Fd socket = listening(0);
  const auto [address, length] = name();
  std::vector<Fd> queue;
  do {
    queue.push_back(make_socket(SOCK_NONBLOCK));
  } while (::connect(queue.back().get(), reinterpret_cast<const sockaddr*>(&address), length) == 0);
  ready();
  sleep_for_ever();
}

/// A child that holds something, from the constructor's return on.
class Keeper {
 public:
  explicit Keeper(const std::function<void(const std::function<void()>& ready)>& hold, uid_t uid = ::getuid())
      : child_("keeper", [&, parent = ::getpid()] {
          require_done(::setresuid(uid, uid, uid), "setresuid");
          die_with_parent(parent);  // which a change of the user undoes
          hold([&] { require(::write(ready_.write.get(), "", 1) == 1, "no pipe"); });
        }) {
    ready_.write.reset();
    char byte = 0;
    require(::read(ready_.read.get(), &byte, 1) == 1, "the keeper did not get there");
  }

  pid_t pid() const { return child_.pid(); }
  void end() { child_.kill(SIGKILL); }
  /// After end(), which does not wait for it.
  bool has_ended() { return child_.reap(tests::soon()).has_value(); }

 private:
  Pipe ready_;
  ChildProcess child_;
};

struct Waited {
  bool taken = false;
  int rounds = 0;
  std::set<std::string> who;
};

Waited take(RunLock& lock, Interrupt& interrupt) {
  Waited waited;
  while (!(waited.taken = lock.try_take()) && !interrupt.requested()) {
    waited.who.insert(lock.holder().who);
    lock.wait(interrupt);
    ++waited.rounds;
  }
  waited.who.erase("");
  return waited;
}

Fd lock_file(const tests::ScratchDir& dir) {
  return Fd(::open((dir.path() / "lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
}

/// "" when all went well.
std::string alone(const std::function<void()>& body) {
  return in_child([&] {
    require_done(::unshare(CLONE_NEWNET | (::geteuid() == 0 ? 0 : CLONE_NEWUSER)), "unshare");
    body();
  });
}

bool may_be_alone() {
  return alone([] {}).empty();
}

#define SKIP_UNLESS_ALONE() \
  if (!may_be_alone()) GTEST_SKIP() << "this user may not make a network namespace"

class Strangers : public ::testing::TestWithParam<Evil> {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "only root can become another user";
    SKIP_UNLESS_ALONE();
  }

  /// What happens once a run has found this stranger in its way; "" when all went well.
  static std::string while_waited_for(const std::function<void(Keeper&, RunLock&, Interrupt&)>& body) {
    return alone([&] {
      Keeper stranger(GetParam().hold, kNobody);
      Interrupt interrupt;
      RunLock lock({});
      require(!lock.try_take(), "taken");
      lock.holder();
      body(stranger, lock, interrupt);
    });
  }
};

TEST_P(Strangers, are_named_and_waited_for_with_pauses_and_not_for_ever) {
  EXPECT_EQ(alone([&] {
              Keeper stranger(GetParam().hold, kNobody);
              Interrupt interrupt;
              RunLock lock({}, kShort);
              const auto waited = take(lock, interrupt);
              auto known_as = GetParam().known_as;
              if (const auto at = known_as.find('%'); at != std::string::npos)
                known_as.replace(at, 1, std::to_string(stranger.pid()));
              require(waited.taken && waited.rounds < kFewRounds, text(waited.rounds, " rounds"));
              require(waited.who == std::set{known_as}, waited.who.empty() ? "nobody" : *waited.who.begin());
              require(lock.warning().find("another run (" + known_as + ") kept the lock on measuring for 1.5 s") == 0,
                      lock.warning());
            }),
            "");
}

TEST_P(Strangers, that_end_make_room_without_a_warning) {
  EXPECT_EQ(while_waited_for([](Keeper& stranger, RunLock& lock, Interrupt& interrupt) {
              stranger.end();
              require(take(lock, interrupt).taken && lock.warning().empty(), lock.warning());
            }),
            "");
}

TEST_P(Strangers, do_not_keep_a_signal_from_ending_the_wait) {
  EXPECT_EQ(while_waited_for([](Keeper&, RunLock& lock, Interrupt& interrupt) {
              ::raise(SIGTERM);
              require(!take(lock, interrupt).taken, "taken");
            }),
            "");
}

INSTANTIATE_TEST_SUITE_P(all, Strangers,
                         ::testing::Values(Evil{"bind", only_bind, "it does not say whose"},
                                           Evil{"listen", listen_and_never_accept, "pid % of uid 65534"},
                                           Evil{"close", accept_and_close, "pid % of uid 65534"},
                                           Evil{"talk", accept_and_talk, "pid % of uid 65534"},
                                           Evil{"queue", fill_the_queue, "it does not say whose"}),
                         [](const auto& made) { return made.param.name; });

/// A run of this user, in a namespace of a test's choice.
void hold_lock(const std::function<void()>& ready, RunLock& lock) {
  require(lock.try_take(), "not taken");
  ready();
  sleep_for_ever();
}

TEST(RunLockTest, one_of_this_user_is_waited_for_without_a_limit) {
  SKIP_UNLESS_ALONE();
  EXPECT_EQ(alone([] {
              Keeper run([](const auto& ready) {
                RunLock lock({});
                hold_lock(ready, lock);
              });
              Interrupt interrupt;
              RunLock lock({}, 0ms);
              for (int i = 0; i < 3; ++i) {
                require(!lock.try_take(), "taken");
                const auto holder = lock.holder();
                require(holder.kind == Kind::own && holder.who == text("pid ", run.pid()), holder.who);
                require(lock.waiting() == "waiting for it to end", lock.waiting());
              }
              run.end();
              lock.wait(interrupt);
              require(take(lock, interrupt).taken && lock.warning().empty(), lock.warning());
            }),
            "");
}

TEST(RunLockTest, between_runs_of_one_user_the_file_settles_it_whoever_has_the_name) {
  SKIP_UNLESS_ALONE();
  EXPECT_EQ(alone([] {
              const tests::ScratchDir dir;
              Keeper stranger(listen_and_never_accept, ::geteuid() == 0 ? kNobody : ::getuid());
              Keeper run([&](const auto& ready) {
                require_done(::unshare(CLONE_NEWNET | (::geteuid() == 0 ? 0 : CLONE_NEWUSER)), "unshare");
                RunLock lock(lock_file(dir));
                hold_lock(ready, lock);
              });
              Interrupt interrupt;
              RunLock lock(lock_file(dir), 0ms);
              require(!lock.try_take(), "taken");
              const auto holder = lock.holder();
              require(holder.kind == Kind::own, holder.who);
              lock.wait(interrupt);
              require(!lock.try_take(), "taken");
              stranger.end();
              require(stranger.has_ended(), "the stranger stays");
              run.end();
              require(take(lock, interrupt).taken && lock.warning().empty(), lock.warning());
            }),
            "");
}

}  // namespace
}  // namespace mpmt::benchmarks

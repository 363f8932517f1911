#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <sys/single_threaded.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <stdexcept>
#include <utility>

#include "base/checked.hpp"
#include "base/process_tree.hpp"
#include "base/text.hpp"
#include "commands/command.hpp"
#include "commands/runner.hpp"
#include "commands/server_keeper.hpp"
#include "commands/tree_usage.hpp"
#include "executors/linked_pool.hpp"

namespace mpmt::commands {
namespace {

using executors::Outcome;
using executors::Status;
using std::chrono::milliseconds;

/// How long a server may take to end after SIGTERM.
constexpr std::chrono::seconds kPatience{5};
constexpr std::chrono::seconds kLastPatience{2};
/// Between two questions whether the server is ready: the first pause, and the longest.
constexpr milliseconds kFirstPause{1};
constexpr milliseconds kLongestPause{50};
/// A server that ends takes a moment to be seen to have.
constexpr milliseconds kUntilNoticed{100};

/// Nothing when the text is no number; throws when it is one that no port has.
std::optional<std::uint16_t> port_of(const std::string& ready) {
  const bool is_number = !ready.empty() && ready.find_first_not_of("0123456789") == std::string::npos;
  if (!is_number) return std::nullopt;
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(ready.data(), ready.data() + ready.size(), port);
  if (error != std::errc() || port == 0)
    throw std::invalid_argument(text("--ready: port ", ready, "; allowed: 1 to 65535"));
  return port;
}

const ServerConfig& checked_config(const ServerConfig& config) {
  if (config.serve.empty()) throw std::invalid_argument("--serve: none; a server is a command");
  if (config.ready.empty()) throw std::invalid_argument("--ready: none; it is a port, or a command");
  if (config.load.empty()) throw std::invalid_argument("--load: none; a load generator is a command");
  return config;
}

/// Whether somebody listens there.
bool answers(std::uint16_t port, milliseconds patience) {
  const Fd socket(checked([] { return ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0); }, "socket"));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return true;
  if (errno != EINPROGRESS) return false;
  pollfd connected{socket.get(), POLLOUT, 0};
  if (::poll(&connected, 1, static_cast<int>(patience.count())) <= 0) return false;
  int failure = 0;
  socklen_t size = sizeof failure;
  return ::getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &failure, &size) == 0 && failure == 0;
}

/// Whether it became readable.
bool sleep_on(int descriptor, milliseconds most) {
  pollfd watched{descriptor, POLLIN, 0};
  return ::poll(&watched, 1, static_cast<int>(most.count())) > 0;
}

class Server final : public executors::Executor {
 public:
  Server(const ServerConfig& config, Deadline deadline)
      : config_(checked_config(config)), port_(port_of(config.ready)) {
    adopt_orphans();
    if (port_ && answers(*port_, kLongestPause)) {
      throw executors::StartFailed(
          {Status::error, text("--ready: port ", *port_, " is taken already, by another program"), {}});
    }
    keeper_.emplace(Command{config_.serve, config_.shell}, deadline);
    const auto up = wait_until_ready(deadline);
    if (up.status == Status::ok) return;
    keeper_->end(Clock::now() + kBeforeAnAnswer);
    throw executors::StartFailed(up);
  }
  ~Server() override { end(Clock::now() + kLastPatience); }

  Outcome run(const executors::Request& request, Deadline deadline) override {
    if (ended_) return {Status::error, "the server has failed or was shut down", {}};
    auto outcome = guarded([&] { return run_all(request, deadline); });
    // A trial that has failed leaves without another word.
    if (outcome.status != Status::ok) end(Clock::now() + kBeforeAnAnswer);
    return outcome;
  }

  bool shutdown(Deadline deadline) override {
    if (ended_) return true;
    last_memory_ = memory();
    const bool by_itself = end(std::min<Deadline>(deadline, Clock::now() + kPatience));
    if (!by_itself) {
      throw std::runtime_error(text("--serve: ", quoted(config_.serve), " had not ended ", kPatience.count(),
                                    " s after SIGTERM, or by the deadline, and was killed"));
    }
    if (port_ && answers(*port_, kLongestPause)) {
      throw std::runtime_error(text("--ready: port ", *port_, " is still taken, although ", quoted(config_.serve),
                                    " and all that it has started have ended"));
    }
    return true;
  }

  std::vector<executors::WorkerFacts> workers() const override {
    return {{0, ::getpid(), ::gettid(), __libc_single_threaded != 0, {::sched_getcpu()}}};
  }

  std::optional<executors::Memory> memory() const override {
    if (ended_) return last_memory_;
    TreeMemory memory;
    memory.look_at(keeper_->tree());
    return memory.most();
  }

 private:
  template <class Call>
  static Outcome guarded(Call&& call) {
    try {
      return call();
    } catch (const std::exception& failure) {
      return {Status::error, failure.what(), {}};
    }
  }

  Outcome wait_until_ready(Deadline deadline) {
    std::string last;
    for (auto pause = kFirstPause; !is_ready(deadline, last); pause = std::min(2 * pause, kLongestPause)) {
      if (Clock::now() >= deadline) {
        return {Status::timed_out,
                text("--ready: ", quoted(config_.serve), " was not ready before the deadline", last),
                {}};
      }
      if (sleep_on(keeper_->ended(), pause)) break;
    }
    if (!keeper_->has_ended()) return {};
    return {Status::error, text("--serve: not ready: ", keeper_->how_it_ended()), {}};
  }

  /// `last`: why not.
  bool is_ready(Deadline deadline, std::string& last) {
    if (port_) return answers(*port_, kLongestPause);
    const auto done = execute({config_.ready, config_.shell}, deadline, {.ends_with = keeper_->ended()});
    if (done.status != Status::worker_died) last = done.error.empty() ? "" : ": " + done.error;
    return done.status == Status::ok;
  }

  Outcome run_all(const executors::Request& request, Deadline deadline) {
    executors::Block block;
    block.tasks = block.messages = block.sum = request.tasks;
    const auto before = keeper_->used();
    const auto start = Clock::now();
    for (std::uint64_t task = 0; task < request.tasks; ++task) {
      const auto done = execute({config_.load, config_.shell}, deadline, {.ends_with = keeper_->ended()});
      if (done.status != Status::ok) return trouble(done);
      block.wall_ns += done.wall.count();
      block.submitter += done.used;
      if (request.latency != nullptr) request.latency->record(static_cast<std::uint64_t>(done.wall.count()));
    }
    block.workers = used_between(before, keeper_->used());
    block.elapsed_ns = std::max(block.wall_ns, since(start).count());
    if (keeper_->has_ended()) return trouble({});
    return {Status::ok, {}, block};
  }

  /// A server that has gone is why a load generator fails.
  Outcome trouble(const Execution& load) {
    if (sleep_on(keeper_->ended(), kUntilNoticed) && keeper_->has_ended()) {
      return {Status::worker_died, text("the server ", keeper_->how_it_ended()), {}};
    }
    return {load.status, text("--load: ", load.error), {}};
  }

  bool end(Deadline deadline) {
    if (std::exchange(ended_, true)) return true;
    return keeper_->end(deadline);
  }

  const ServerConfig config_;
  const std::optional<std::uint16_t> port_;
  std::optional<ServerKeeper> keeper_;
  std::optional<executors::Memory> last_memory_;
  bool ended_ = false;
};

}  // namespace

std::unique_ptr<executors::Executor> start_server(const ServerConfig& config, Deadline deadline) {
  return std::make_unique<Server>(config, deadline);
}

}  // namespace mpmt::commands

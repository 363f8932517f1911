#include "commands/runner.hpp"

#include <sched.h>
#include <sys/single_threaded.h>
#include <unistd.h>

#include <stdexcept>
#include <utility>

#include "base/output.hpp"
#include "base/process_tree.hpp"
#include "base/text.hpp"
#include "commands/command.hpp"
#include "executors/linked_pool.hpp"

namespace mpmt::commands {
namespace {

using executors::Outcome;
using executors::Status;

constexpr std::chrono::seconds kLastPatience{2};

class CommandRunner final : public executors::Executor {
 public:
  CommandRunner(const CommandConfig& config, Deadline deadline)
      : config_(config), command_{config.command, config.shell, config.input, config.ignore_failure} {
    adopt_orphans();
    if (auto up = start(deadline); up.status != Status::ok) {
      clean_up_anyway(kBeforeAnAnswer);
      throw executors::StartFailed({up.status, up.error, {}});
    }
  }
  ~CommandRunner() override { clean_up_anyway(kLastPatience); }

  Outcome run(const executors::Request& request, Deadline deadline) override {
    if (ended_) return {Status::error, text(quoted(config_.command), " has failed or was shut down"), {}};
    auto outcome = run_all(request, deadline);
    // A trial that has failed leaves without another word.
    if (outcome.status != Status::ok) clean_up_anyway(kBeforeAnAnswer);
    return outcome;
  }

  bool shutdown(Deadline deadline) override {
    const auto done = clean_up(deadline);
    if (done.status != Status::ok) throw std::runtime_error(done.error);
    return true;
  }

  std::vector<executors::WorkerFacts> workers() const override {
    return {{0, ::getpid(), ::gettid(), __libc_single_threaded != 0, {::sched_getcpu()}}};
  }

  std::optional<executors::Memory> memory() const override { return memory_.most(); }

 private:
  Execution start(Deadline deadline) {
    if (auto done = option("--setup", config_.setup, deadline); done.status != Status::ok) {
      ended_ = true;  // what it did not set up is not ours to clean up
      return done;
    }
    if (!config_.watch) return {};
    if (auto done = option("--prepare", config_.prepare, deadline); done.status != Status::ok) return done;
    return guarded([&] { return execute(command_, deadline, {.memory = &memory_}); });
  }

  Outcome run_all(const executors::Request& request, Deadline deadline) {
    executors::Block block;
    block.tasks = block.messages = block.sum = request.tasks;
    const auto start = Clock::now();
    for (std::uint64_t task = 0; task < request.tasks; ++task) {
      if (auto done = option("--prepare", config_.prepare, deadline); done.status != Status::ok) {
        return {done.status, done.error, {}};
      }
      const auto done = guarded([&] { return execute(command_, deadline); });
      if (done.status != Status::ok) return {done.status, done.error, {}};
      block.wall_ns += done.wall.count();
      block.workers += done.used;
      if (request.latency != nullptr) request.latency->record(static_cast<std::uint64_t>(done.wall.count()));
    }
    // With `prepare`, and what comes before a command is let go.
    block.elapsed_ns = std::max(block.wall_ns, since(start).count());
    return {Status::ok, {}, block};
  }

  /// What the system refuses is an outcome, too.
  template <class Call>
  static Execution guarded(Call&& call) {
    try {
      return call();
    } catch (const std::exception& failure) {
      return {Status::error, failure.what()};
    }
  }

  /// Runs what was given by this option, if anything was.
  Execution option(const char* name, const std::string& command, Deadline deadline) const {
    if (command.empty()) return {};
    auto done = guarded([&] { return execute({command, config_.shell}, deadline); });
    if (done.status != Status::ok) done.error = text(name, ": ", done.error);
    return done;
  }

  Execution clean_up(Deadline deadline) {
    if (std::exchange(ended_, true)) return {};
    return option("--cleanup", config_.cleanup, deadline);
  }
  void clean_up_anyway(Nanoseconds patience) {
    const auto done = clean_up(Clock::now() + patience);
    if (done.status != Status::ok) tell(done.error);
  }

  const CommandConfig config_;
  const Command command_;
  TreeMemory memory_;
  bool ended_ = false;
};

}  // namespace

std::unique_ptr<executors::Executor> start_command(const CommandConfig& config, Deadline deadline) {
  return std::make_unique<CommandRunner>(config, deadline);
}

}  // namespace mpmt::commands

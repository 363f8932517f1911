#include "benchmarks/trial.hpp"

#include <signal.h>
#include <unistd.h>

#include <cmath>
#include <exception>
#include <iostream>
#include <optional>

#include "base/child_process.hpp"
#include "base/cpus.hpp"
#include "base/text.hpp"
#include "benchmarks/protocol.hpp"
#include "executors/linked_pool.hpp"

namespace mpmt::benchmarks {
namespace {

using executors::Outcome;
using executors::Status;

void say(const Json& message) {
  std::cout << message.dump() << '\n' << std::flush;
}

/// Says what failed and ends at once: a stuck thread could not be joined, and children die with this process.
[[noreturn]] void fail(Status status, const std::string& error) {
  say({{"type", "failed"}, {"status", text_of(status)}, {"error", error}});
  ::_exit(0);
}

std::optional<Json> hear() {
  std::string line;
  if (!std::getline(std::cin, line)) return std::nullopt;
  return Json::parse(line);
}

Deadline after(double seconds) {
  return Clock::now() + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
}

template <class Part>
const Part& part(const std::string& name) {
  const auto* const found = Catalog<Part>::instance().find(name);
  if (found == nullptr)
    throw std::invalid_argument(text("'", name, "' is unknown; known: ", Catalog<Part>::instance().names()));
  return *found;
}

executors::Config config_of(const Assignment& assignment) {
  const Case& measured = assignment.measured;
  executors::Config config;
  if (measured.has_links()) config.channel = &part<ipc::Description>(measured.channel);
  config.workers = measured.workers;
  config.batch = measured.batch_in(assignment.tasks);
  config.window = measured.window;
  config.payload_bytes = measured.payload_bytes;
  config.placement = measured.placement;
  config.wait = measured.wait;
  config.cpus = usable_cpus().cpus;
  return config;
}

/// One case, from its fixture to its shutdown.
class Trial {
 public:
  explicit Trial(const Assignment& assignment)
      : assignment_(assignment),
        deadline_(after(assignment.deadline_s)),
        fixture_(part<workloads::Description>(assignment.measured.workload)
                     .prepare({assignment.measured.grain, assignment.measured.payload_bytes, assignment.data_dir})),
        before_start_(Clock::now()),
        executor_(part<executors::Description>(assignment.measured.executor)
                      .start(*fixture_, config_of(assignment), deadline_)),
        startup_(since(before_start_)) {}

  void get_ready() {
    // Warm-up touches every buffer and fills caches; it is also where each byte that comes back is looked at.
    checked_run({assignment_.warmup_tasks, true, nullptr});
    say({{"type", "ready"},
         {"startup_ns", startup_.count()},
         {"workers", to_json(executor_->workers())},
         {"surroundings", fixture_->surroundings()}});
  }

  void run_block() { say(to_json(checked_run({assignment_.tasks, false, &latency_}))); }

  void end() {
    const auto start = Clock::now();
    const bool clean = executor_->shutdown(deadline_);
    const auto shutdown = since(start);
    if (!clean) fail(Status::timed_out, "a worker did not leave before the deadline");
    say({{"type", "done"},
         {"shutdown_ns", shutdown.count()},
         {"latency_ns", to_json(latency_)},
         {"workers", to_json(executor_->workers())}});
  }

 private:
  executors::Block checked_run(const executors::Request& request) {
    const Outcome outcome = executor_->run(request, deadline_);
    if (outcome.status != Status::ok) fail(outcome.status, outcome.error);
    const auto expected = fixture_->expected_sum({0, request.tasks});
    if (outcome.block.sum != expected) {
      fail(Status::wrong_checksum, text("the sum over tasks 0 to ", request.tasks - 1, " is ", hex(outcome.block.sum),
                                        "; expected ", hex(expected)));
    }
    return outcome.block;
  }

  const Assignment assignment_;
  const Deadline deadline_;
  std::unique_ptr<workloads::Fixture> fixture_;
  const Clock::time_point before_start_;
  std::unique_ptr<executors::Executor> executor_;
  const Nanoseconds startup_;
  Histogram latency_;
};

void converse(const Assignment& assignment) {
  Trial trial(assignment);
  trial.get_ready();
  while (const auto message = hear()) {
    const auto type = message->at("type").get<std::string>();
    if (type == "end") return trial.end();
    if (type != "run") throw std::invalid_argument("'" + type + "' is not a message to a trial that is ready");
    trial.run_block();
  }
}

}  // namespace

int run_trial(int parent) {
  if (parent != 0) die_with_parent(parent);
  ::signal(SIGPIPE, SIG_IGN);
  ::signal(SIGXFSZ, SIG_IGN);  // a file-size limit then is an error with a name
  try {
    const auto message = hear();
    if (!message) return 0;
    const auto assignment = assignment_from(*message);
    try {
      converse(assignment);
    } catch (const workloads::Unsupported& reason) {
      fail(Status::unsupported, reason.what());
    } catch (const executors::StartFailed& failure) {
      fail(failure.status, failure.what());
    } catch (const Json::exception&) {
      throw;
    } catch (const std::exception& failure) {
      fail(Status::error, failure.what());
    }
    return 0;
  } catch (const std::exception& failure) {
    std::cerr << "mpmt trial: " << failure.what() << '\n';
    return 2;
  }
}

}  // namespace mpmt::benchmarks

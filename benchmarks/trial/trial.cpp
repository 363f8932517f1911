#include "benchmarks/trial/trial.hpp"

#include <signal.h>
#include <unistd.h>

#include <cmath>
#include <exception>
#include <optional>
#include <utility>

#include "base/checked.hpp"
#include "base/child_process.hpp"
#include "base/cpus.hpp"
#include "base/descriptor_limit.hpp"
#include "base/output.hpp"
#include "base/scheduling.hpp"
#include "base/shown.hpp"
#include "base/text.hpp"
#include "benchmarks/case/family.hpp"
#include "benchmarks/case/names.hpp"
#include "benchmarks/case/offer.hpp"
#include "benchmarks/trial/protocol.hpp"
#include "commands/google_listing.hpp"
#include "executors/linked_pool.hpp"

namespace mpmt::benchmarks {
namespace {

using executors::Outcome;
using executors::Status;

/// Enough for a program that reads much before it lists.
constexpr std::chrono::seconds kListingPatience{9};

// Not by streams of the C++ library, which take a system call that a signal has interrupted for the end: channels that
// wait have a timer interrupt blocking calls (ipc/ticks.hpp).
void say(const Json& message) {
  const std::string line = shown_json(message.dump(-1, ' ', false, Json::error_handler_t::replace)) + '\n';
  for (std::size_t done = 0; done < line.size();) {
    done += static_cast<std::size_t>(
        checked([&] { return ::write(STDOUT_FILENO, line.data() + done, line.size() - done); }, "write", "the answer"));
  }
}

/// Says what failed and ends at once: a stuck thread could not be joined, and children die with this process.
[[noreturn]] void fail(Status status, const std::string& error) {
  say({{"type", "failed"}, {"status", text_of(status)}, {"error", error}});
  ::_exit(0);
}

std::optional<Json> hear() {
  static std::string unread;
  for (;;) {
    if (const auto end = unread.find('\n'); end != std::string::npos) {
      const auto line = unread.substr(0, end);
      unread.erase(0, end + 1);
      return Json::parse(line);
    }
    char bytes[4096];
    const auto count = checked([&] { return ::read(STDIN_FILENO, bytes, sizeof bytes); }, "read", "the next message");
    if (count == 0) return unread.empty() ? std::nullopt : std::optional(Json::parse(std::exchange(unread, {})));
    unread.append(bytes, static_cast<std::size_t>(count));
  }
}

Deadline after(double seconds) {
  return Clock::now() + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
}

std::vector<int> cpus_of(const Assignment& assignment) {
  return assignment.cpus.empty() ? usable_cpus().cpus : assignment.cpus;
}

Subject built(const Assignment& assignment, Deadline deadline) {
  const Case& measured = assignment.measured;
  return family_of(measured).build(measured, {assignment.tasks, cpus_of(assignment), assignment.data_dir}, deadline);
}

/// One case, from its fixture to its shutdown.
class Trial {
 public:
  explicit Trial(const Assignment& assignment)
      : assignment_(assignment), deadline_(after(assignment.deadline_s)), subject_(built(assignment, deadline_)) {}

  /// A message has been read that is to be answered in time.
  void begin_answer() {
    if (assignment_.protocol > 1) deadline_ = after(assignment_.deadline_s);
  }

  void get_ready() {
    // Warm-up touches every buffer and fills caches; it is also where each byte that comes back is looked at.
    if (assignment_.warmup_tasks > 0) checked_run({.tasks = assignment_.warmup_tasks, .check_replies = true});
    subject_.expected_sum(assignment_.tasks);  // may take its time when it is first asked for
    say({{"type", "ready"},
         {"startup_ns", subject_.startup.count()},
         {"workers", to_json(subject_.executor->workers())},
         {"surroundings", subject_.surroundings}});
  }

  /// Others' blocks have been run since the last one: a piece that is not timed brings caches and clock back.
  void run_block(const Order& order) {
    if (order.settle > 0) checked_run({.tasks = order.settle, .more_follows = true});
    say(to_json(checked_run({.tasks = order.tasks, .latency = order.latencies ? &latency_ : nullptr})));
  }
  Order usual() const { return {assignment_.tasks}; }

  void end() {
    const auto start = Clock::now();
    const bool clean = subject_.executor->shutdown(deadline_);
    const auto shutdown = since(start);
    if (!clean) fail(Status::timed_out, "a worker did not leave before the deadline");
    Json done{{"type", "done"},
              {"shutdown_ns", shutdown.count()},
              {"latency_ns", to_json(latency_)},
              {"workers", to_json(subject_.executor->workers())},
              {"notes", subject_.executor->notes()}};
    if (const auto memory = subject_.executor->memory()) done["memory"] = to_json(*memory);
    say(done);
  }

 private:
  executors::Block checked_run(const executors::Request& request) {
    const Outcome outcome = subject_.executor->run(request, deadline_);
    if (outcome.status != Status::ok) fail(outcome.status, outcome.error);
    const auto expected = subject_.expected_sum(request.tasks);
    if (outcome.block.sum != expected) {
      fail(Status::wrong_checksum, text("the sum over tasks 0 to ", request.tasks - 1, " is ", hex(outcome.block.sum),
                                        "; expected ", hex(expected)));
    }
    return outcome.block;
  }

  const Assignment assignment_;
  Deadline deadline_;
  Subject subject_;
  Histogram latency_;
};

/// What this program has.
void describe() {
  Json description = to_json(own_offer());
  description.update(
      {{"type", kDescription}, {"protocol", kProtocolVersion}, {"name", "mpmt"}, {"versions", Json::object()}});
  say(description);
}

/// What benchmarks another program has.
void list(const std::vector<std::string>& words) {
  commands::GoogleListing listing;
  try {
    listing = commands::list_benchmarks(words, Clock::now() + kListingPatience);
  } catch (const commands::GoogleDeaf& deaf) {
    return say({{"type", "failed"}, {"error", deaf.what()}, {"deaf", true}});
  } catch (const std::runtime_error& refusal) {
    return say({{"type", "failed"}, {"error", refusal.what()}});
  }
  Json names = Json::array();
  for (const auto& name : listing.names) names.push_back(std::vector<unsigned char>(name.begin(), name.end()));
  say({{"type", kListing}, {"names", names}, {"fixed_iterations", listing.fixed_iterations}, {"notes", listing.notes}});
}

void serve(const Assignment& assignment) {
  Trial trial(assignment);
  trial.get_ready();
  while (const auto message = hear()) {
    const auto type = message->at("type").get<std::string>();
    trial.begin_answer();
    if (type == "end") return trial.end();
    if (type != "run") throw std::invalid_argument("'" + type + "' is not a message to a trial that is ready");
    trial.run_block(order_from(*message, trial.usual()));
  }
}

}  // namespace

int run_trial(int parent) {
  if (parent != 0) die_with_parent(parent);
  ::signal(SIGPIPE, SIG_IGN);
  ::signal(SIGXFSZ, SIG_IGN);  // a file-size limit then is an error with a name
  raise_descriptor_limit();
  try {
    leave_real_time();
    const auto message = hear();
    if (!message) return 0;
    if (message->at("type") == "describe") {
      describe();
      return 0;
    }
    if (message->at("type") == "list") {
      list(message->at("words").get<std::vector<std::string>>());
      return 0;
    }
    const auto assignment = assignment_from(*message);
    try {
      serve(assignment);
    } catch (const workloads::Unsupported& reason) {
      fail(Status::unsupported, reason.what());
    } catch (const ipc::LimitReached& limit) {
      fail(Status::unsupported, limit.what());
    } catch (const CannotPin& refusal) {
      fail(Status::unsupported, text(refusal.what(), "; with placement free nothing is pinned"));
    } catch (const executors::StartFailed& failure) {
      fail(failure.status, failure.what());
    } catch (const Json::exception&) {
      throw;
    } catch (const std::exception& failure) {
      fail(Status::error, failure.what());
    }
    return 0;
  } catch (const std::exception& failure) {
    tell(text("trial: ", failure.what()));
    return 2;
  }
}

}  // namespace mpmt::benchmarks

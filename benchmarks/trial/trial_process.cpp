#include "benchmarks/trial/trial_process.hpp"

#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <utility>

#include "base/child_process.hpp"
#include "base/cpu_time.hpp"
#include "base/process_tree.hpp"
#include "base/text.hpp"
#include "benchmarks/case/names.hpp"
#include "ipc/names.hpp"

namespace mpmt::benchmarks {
namespace {

using executors::Status;

constexpr std::size_t kMostErrorText = 64 << 10;
constexpr std::size_t kMostNotes = 20;

std::string last_line(const std::string& output) {
  const auto end = output.find_last_not_of('\n');
  if (end == std::string::npos) return {};
  const auto start = output.find_last_of('\n', end);
  return output.substr(start == std::string::npos ? 0 : start + 1,
                       end - (start == std::string::npos ? 0 : start + 1) + 1);
}

Allowance allowance_of(const Assignment& assignment) {
  const std::chrono::duration<double> deadline(assignment.deadline_s);
  return Allowance(TrialProcess::kGrace + std::chrono::duration_cast<Nanoseconds>(deadline));
}

std::string standstill_of(Nanoseconds time) {
  return text("the run stood still for ", std::chrono::round<std::chrono::seconds>(time).count(), " s");
}

std::string excerpt(const std::string& line) {
  return line.size() <= 60 ? line : line.substr(0, 60) + "…";
}

/// Nothing where it is no failure, or unknown.
std::optional<Status> failure_from(const std::string& name) {
  for (const auto status :
       {Status::wrong_checksum, Status::worker_died, Status::timed_out, Status::unsupported, Status::error}) {
    if (text_of(status) == name) return status;
  }
  return std::nullopt;
}

}  // namespace

TrialProcess::TrialProcess(StartedTrial process, const Assignment& assignment, Interrupt& interrupt)
    : interrupt_(interrupt), allowance_(allowance_of(assignment)), process_(std::move(process)) {
  result_.assignment = assignment;
  send(to_json(assignment));
}

TrialProcess::~TrialProcess() {
  reap();
}

bool TrialProcess::wait_until_ready() {
  if (failed()) return false;
  try {
    const auto ready = ask(nullptr, "ready");
    if (!ready) return false;
    result_.startup_ns = ready->at("startup_ns").get<std::int64_t>();
    result_.workers = workers_from(ready->at("workers"));
    if (ready->contains("surroundings"))
      result_.surroundings = ready->at("surroundings").get<decltype(result_.surroundings)>();
    affinities_ = affinities_of(process_.pid(), result_.workers);
    const auto children = children_of(process_.pid());
    processes_.insert(children.begin(), children.end());
    for (const auto& worker : result_.workers) processes_.insert(worker.pid);
    processes_.insert(process_.pid());
    return true;
  } catch (const std::exception& wrong) {
    give_up(Status::error, text("the trial's 'ready' is not as the protocol has it: ", wrong.what()));
    return false;
  }
}

std::optional<executors::Block> TrialProcess::run_block(const Order& order) {
  if (failed()) return std::nullopt;
  try {
    const auto asked = Clock::now();
    const auto answer = ask(to_json(order), "block");
    if (!answer) return std::nullopt;
    auto block = block_from(*answer);
    // By this blocks are sized: no more than we have waited.
    block.elapsed_ns = std::min<std::int64_t>(block.elapsed_ns, since(asked).count());
    // Whether it stood still with us is not known where it was frozen; the time of a shorter block says that it was
    // not.
    const auto still = allowance_.stood_still();
    if (still.count() > 0 && 2 * block.wall_ns >= still.count()) result_.stopped = standstill_of(still);
    if (block.tasks != order.tasks) {
      return give_up(Status::error, text("the trial ran ", block.tasks, " tasks instead of ", order.tasks));
    }
    if (const auto sum = sums_.try_emplace(block.tasks, block.sum).first->second; block.sum != sum) {
      return give_up(Status::wrong_checksum,
                     text("blocks of the same tasks have the sums ", hex(sum), " and ", hex(block.sum)));
    }
    return block;
  } catch (const std::exception& wrong) {
    return give_up(Status::error, text("the trial's 'block' is not as the protocol has it: ", wrong.what()));
  }
}

void TrialProcess::tell_to_end() {
  if (failed() || told_to_end_) return;
  told_to_end_ = true;
  result_.moved = change_between(affinities_, affinities_of(process_.pid(), result_.workers));
  allow();
  send({{"type", "end"}});
}

void TrialProcess::end() {
  tell_to_end();
  if (failed()) return;
  try {
    const auto done = ask(nullptr, "done");
    if (!done) return;
    result_.shutdown_ns = done->at("shutdown_ns").get<std::int64_t>();
    result_.latency = histogram_from(done->at("latency_ns"));
    result_.workers = workers_from(done->at("workers"));
    if (done->contains("memory")) result_.memory = memory_from(done->at("memory"));
    result_.notes = done->value("notes", std::vector<std::string>());
    if (result_.notes.size() > kMostNotes) result_.notes.resize(kMostNotes);
  } catch (const std::exception& wrong) {
    give_up(Status::error, text("the trial's 'done' is not as the protocol has it: ", wrong.what()));
    return;
  }
  process_.to.reset();
  while (process_.from && wait_for_output()) {
    drain(process_.from, output_);
    output_.clear();  // it has said all that it is asked for
  }
  note_end();
}

Nanoseconds TrialProcess::cpu_time() const {
  Nanoseconds total{0};
  if (!process_.kept()) {
    for (const pid_t process : processes_) total += cpu_time_of(process).value_or(Nanoseconds(0));
    return total;
  }
  // What it starts comes and goes: who has gone is told by who has waited for it.
  for (const pid_t process : descendants_of(process_.pid())) {
    total += cpu_time_of(process).value_or(Nanoseconds(0)) + waited_cpu_time_of(process).value_or(Nanoseconds(0));
  }
  return total + waited_cpu_time_of(process_.pid()).value_or(Nanoseconds(0));
}

/// From now on the time for the next answer is counted.
void TrialProcess::allow() {
  allowance_ = allowance_of(result_.assignment);
  last_look_ = false;
}

/// Sends `message`, if any, and returns the answer of the expected type.
std::optional<Json> TrialProcess::ask(const Json& message, std::string_view expected_type) {
  if (!message.is_null()) {
    allow();
    if (!send(message)) return std::nullopt;
  }
  const auto said = line();
  if (!said) return std::nullopt;
  const auto answer = Json::parse(*said, nullptr, false);
  if (answer.is_discarded() || !answer.is_object() || !answer.contains("type") || !answer["type"].is_string()) {
    return give_up(Status::error, text("the trial said '", excerpt(*said), "' instead of '", expected_type, "'"));
  }
  if (answer["type"] == "failed") {
    const auto said_status = answer.value("status", "error");
    const auto status = failure_from(said_status);
    const auto error = answer.value("error", "no reason given");
    return status ? give_up(*status, error)
                  : give_up(Status::error, text("the trial failed with status '", excerpt(said_status), "': ", error));
  }
  if (answer["type"] != expected_type) {
    return give_up(Status::error, text("the trial said '", excerpt(*said), "' instead of '", expected_type, "'"));
  }
  return answer;
}

bool TrialProcess::send(const Json& message) {
  // A message is far smaller than a pipe: it is taken at once, or nobody reads.
  const std::string line = message.dump() + "\n";
  sigset_t pipe_signal;
  ::sigemptyset(&pipe_signal);
  ::sigaddset(&pipe_signal, SIGPIPE);
  ::sigprocmask(SIG_BLOCK, &pipe_signal, nullptr);
  const auto written = ::write(process_.to.get(), line.data(), line.size());
  const int reason = errno;
  const timespec at_once{};
  if (written < 0 && reason == EPIPE) ::sigtimedwait(&pipe_signal, nullptr, &at_once);
  ::sigprocmask(SIG_UNBLOCK, &pipe_signal, nullptr);
  if (written == static_cast<ssize_t>(line.size())) return true;
  if (written < 0 && reason == EPIPE) {
    note_end();
  } else {
    give_up(Status::error, "the trial does not read what it is sent");
  }
  return false;
}

std::optional<std::string> TrialProcess::line() {
  for (;;) {
    if (const auto end = output_.find('\n'); end != std::string::npos) {
      std::string found = output_.substr(0, end);
      output_.erase(0, end + 1);
      return found;
    }
    if (output_.size() > kMaxLineBytes) return give_up(Status::error, "the trial said a line of more than 16 MiB");
    if (!process_.from) return note_end();
    if (!wait_for_output()) return std::nullopt;
    drain(process_.from, output_);
  }
}

/// Waits until the trial says something or closes its output. False when the deadline passed, and nothing had come by
/// then, or we were interrupted.
bool TrialProcess::wait_for_output() {
  for (;;) {
    if (last_look_) {
      give_up(Status::timed_out, text("the trial did not answer within ", result_.assignment.deadline_s, " s"));
      return false;
    }
    last_look_ = allowance_.spent();
    std::array<pollfd, 3> wanted{pollfd{process_.from.get(), POLLIN, 0}, pollfd{interrupt_.fd(), POLLIN, 0},
                                 pollfd{process_.errors.get(), POLLIN, 0}};
    allowance_.poll(wanted);
    notice_standstill();
    if (wanted[2].revents != 0) {
      drain(process_.errors, error_output_);
      // Only its last line is ever shown.
      if (error_output_.size() > kMostErrorText) error_output_.erase(0, error_output_.size() - kMostErrorText);
    }
    if (interrupt_.requested()) {
      result_.interrupted = true;
      reap();
      return false;
    }
    if (wanted[0].revents != 0) return true;
  }
}

/// A stop of the trial is seen as long as it has not ended; of our own we see that time has gone.
void TrialProcess::notice_standstill() {
  siginfo_t info{};
  const bool continued = ::waitid(P_PID, static_cast<id_t>(process_.pid()), &info, WCONTINUED | WNOHANG) == 0 &&
                         info.si_pid == process_.pid();
  if (continued) result_.stopped = "the trial was stopped and continued";
}

/// Reads what is there; closes the descriptor at its end.
void TrialProcess::drain(Fd& from, std::string& into) const {
  std::array<char, 16'384> buffer;
  for (;;) {
    const auto count = ::read(from.get(), buffer.data(), buffer.size());
    if (count > 0) {
      into.append(buffer.data(), static_cast<std::size_t>(count));
      if (into.size() > kMaxLineBytes) return;
      continue;
    }
    if (count < 0 && errno == EINTR) continue;
    if (count == 0) from.reset();
    return;
  }
}

std::nullopt_t TrialProcess::give_up(Status status, const std::string& error) {
  if (failed()) return std::nullopt;
  if (status == Status::timed_out && result_.stopped.empty() && allowance_.stood_still().count() > 0)
    result_.stopped = standstill_of(allowance_.stood_still());
  result_.status = status;
  result_.error = result_.stopped.empty() ? error : text(error, "; ", result_.stopped);
  reap();
  return std::nullopt;
}

/// The trial has closed its output: it has ended, or will at once.
std::nullopt_t TrialProcess::note_end() {
  if (failed()) return std::nullopt;
  pollfd ended{process_.pidfd().get(), POLLIN, 0};
  ::poll(&ended, 1, static_cast<int>(kGrace.count()));
  if (process_.errors) drain(process_.errors, error_output_);
  const bool is_over = ended.revents != 0;
  reap();
  const int status = process_.reap();
  if (is_over && WIFEXITED(status) && WEXITSTATUS(status) == 0 && result_.shutdown_ns) return std::nullopt;
  const ChildEnd end{WIFSIGNALED(status), WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status)};
  const auto reason = last_line(error_output_);
  result_.status = Status::worker_died;
  result_.error =
      text("the trial (pid ", process_.pid(), ") ", is_over ? end.describe() : "closed its output and did not end",
           reason.empty() ? "" : ": ", reason);
  return std::nullopt;
}

void TrialProcess::reap() {
  if (process_.reaped()) return;
  process_.reap();
  ipc::remove_stale_names();
}

}  // namespace mpmt::benchmarks

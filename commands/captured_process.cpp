#include "commands/captured_process.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <memory>

#include "base/checked.hpp"
#include "base/pipe.hpp"
#include "base/text.hpp"

namespace mpmt::commands {
namespace {

constexpr std::chrono::seconds kDeathPatience{5};
constexpr std::string_view kBlank = " \t\r\n";

std::string last_line_of(std::string_view said) {
  const auto last = said.find_last_not_of(kBlank);
  if (last == std::string_view::npos) return {};
  said = said.substr(0, last + 1);
  const auto line_end = said.find_last_of('\n');
  said = line_end == std::string_view::npos ? said : said.substr(line_end + 1);
  said.remove_prefix(said.find_first_not_of(kBlank));
  return std::string(said.substr(0, 400));
}

Usage usage_of_children() {
  rusage used{};
  ::getrusage(RUSAGE_CHILDREN, &used);
  const auto ns = [](const timeval& time) { return time.tv_sec * 1'000'000'000 + time.tv_usec * 1'000; };
  return {ns(used.ru_utime) + ns(used.ru_stime), used.ru_nvcsw, used.ru_nivcsw, used.ru_minflt, used.ru_majflt};
}

/// For poll, which is asked again if that was not all.
int milliseconds_until(Deadline deadline) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
  return static_cast<int>(std::clamp<long>(left, 0, 60'000));
}

/// What exec wants, made before the fork.
std::vector<char*> pointers_to(const std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (const auto& one : texts) pointers.push_back(const_cast<char*>(one.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

/// A mask of any number of CPUs.
class CpuSet {
 public:
  explicit CpuSet(const std::vector<int>& cpus) {
    const int count = cpus.empty() ? 1 : *std::max_element(cpus.begin(), cpus.end()) + 1;
    set_.reset(CPU_ALLOC(count));
    bytes_ = CPU_ALLOC_SIZE(count);
    CPU_ZERO_S(bytes_, set_.get());
    for (const int cpu : cpus) CPU_SET_S(cpu, bytes_, set_.get());
  }
  bool keep_to() const { return ::sched_setaffinity(0, bytes_, set_.get()) == 0; }

 private:
  struct Free {
    void operator()(cpu_set_t* set) const { CPU_FREE(set); }
  };
  std::unique_ptr<cpu_set_t, Free> set_;
  std::size_t bytes_ = 0;
};

/// What went wrong between fork and exec, through a pipe that exec closes.
struct Refusal {
  enum class Step { none, cpus, program } step = Step::none;
  int reason = 0;
};

class Process {
 public:
  Process(const Launch& launch, Deadline deadline)
      : arguments_(pointers_to(launch.command)),
        environment_(pointers_to(launch.environment)),
        cpus_(launch.cpus),
        child_(launch.command.front(), [&] { become(launch); }) {
    ::setpgid(child_.pid(), child_.pid());  // whoever comes first; the child does the same
    output_.write.reset();
    error_.write.reset();
    refused_.write.reset();
    if (const auto refusal = read_refusal(deadline); refusal.step != Refusal::Step::none)
      refuse(launch, refusal.reason, refusal);
    for (const int end : {output_.read.get(), error_.read.get()}) {
      checked([&] { return ::fcntl(end, F_SETFL, O_NONBLOCK); }, "fcntl", "a pipe");
    }
  }

  /// Waits for news, and takes what has been said. False when it has ended.
  bool listen(Captured& heard, Deadline deadline) {
    std::array<pollfd, 3> watched{{{child_.pidfd(), POLLIN, 0},
                                   {open_output_ ? output_.read.get() : -1, POLLIN, 0},
                                   {open_error_ ? error_.read.get() : -1, POLLIN, 0}}};
    ::poll(watched.data(), watched.size(), milliseconds_until(deadline));
    take(heard);
    return (watched[0].revents & POLLIN) == 0;
  }

  /// Nothing of its group is left then. Its own end, unless it had to be killed.
  std::optional<ChildEnd> finish(bool ended, Captured& heard) {
    ::kill(-child_.pid(), SIGKILL);  // not reaped yet: the number is still its own
    const auto end = child_.reap(Clock::now() + kDeathPatience);
    take(heard);
    return ended ? end : std::nullopt;
  }

 private:
  /// In the child.
  void become(const Launch& launch) {
    ::setpgid(0, 0);
    if (!launch.cpus.empty() && !cpus_.keep_to()) give_up(Refusal::Step::cpus);
    if (launch.descriptor >= 0) ::fcntl(launch.descriptor, F_SETFD, 0);
    if (::dup2(output_.write.get(), STDOUT_FILENO) < 0 || ::dup2(error_.write.get(), STDERR_FILENO) < 0) {
      give_up(Refusal::Step::program);
    }
    ::execvpe(arguments_[0], arguments_.data(), environment_.data());
    give_up(Refusal::Step::program);
  }

  [[noreturn]] void give_up(Refusal::Step step) {
    const Refusal refusal{step, errno};
    ::_exit(::write(refused_.write.get(), &refusal, sizeof refusal) == sizeof refusal ? 0 : 1);
  }

  /// None when it has come to nothing by the deadline: then it is killed as one that runs.
  Refusal read_refusal(Deadline deadline) const {
    Refusal refusal;
    pollfd news{refused_.read.get(), POLLIN, 0};
    if (::poll(&news, 1, milliseconds_until(deadline)) == 0) return refusal;
    const auto bytes = checked([&] { return ::read(refused_.read.get(), &refusal, sizeof refusal); }, "read");
    return bytes == sizeof refusal ? refusal : Refusal{};
  }

  [[noreturn]] static void refuse(const Launch& launch, int reason, const Refusal& refusal) {
    if (refusal.step == Refusal::Step::program) throw_system_error(reason, "exec", launch.command.front());
    std::string cpus;
    for (const int cpu : launch.cpus) cpus += text(cpus.empty() ? "CPU " : ", ", cpu);
    throw_system_error(reason, "sched_setaffinity", cpus);
  }

  void take(Captured& heard) {
    open_output_ = open_output_ && take(output_.read.get(), heard.output);
    open_error_ = open_error_ && take(error_.read.get(), heard.error);
  }

  /// False when it has come to its end.
  static bool take(int from, Tail& tail) {
    std::array<char, 65536> bytes;           // NOLINT: not written before it is read into
    for (int turn = 0; turn < 64; ++turn) {  // who writes without an end is listened to, but not only he
      const auto count = ::read(from, bytes.data(), bytes.size());
      if (count <= 0) return count < 0 && (errno == EAGAIN || errno == EINTR);
      tail.add({bytes.data(), static_cast<std::size_t>(count)});
    }
    return true;
  }

  std::vector<char*> arguments_;
  std::vector<char*> environment_;
  CpuSet cpus_;
  Pipe output_;
  Pipe error_;
  Pipe refused_;
  bool open_output_ = true;
  bool open_error_ = true;
  ChildProcess child_;  // last: it uses all the others
};

}  // namespace

void Tail::add(std::string_view bytes) {
  text_ += bytes;
  if (text_.size() <= 2 * kKept) return;
  text_.erase(0, text_.size() - kKept);
  cut_ = true;
}

std::string Captured::last_line() const {
  const auto line = last_line_of(error.text());
  return line.empty() ? last_line_of(output.text()) : line;
}

Captured capture(const Launch& launch, Deadline deadline, const std::function<bool(const Captured&)>& enough) {
  Captured heard;
  const Usage before = usage_of_children();
  const auto start = Clock::now();
  {
    Process process(launch, deadline);
    bool runs = true;
    while (runs && !heard.stopped && Clock::now() < deadline) {
      runs = process.listen(heard, deadline);
      heard.stopped = runs && enough && enough(heard);
    }
    heard.took = since(start);
    heard.end = process.finish(!runs, heard);
  }
  heard.used = usage_of_children();
  heard.used -= before;
  return heard;
}

}  // namespace mpmt::commands

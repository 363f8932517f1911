#include "benchmarks/trial/described.hpp"

#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "base/allowance.hpp"
#include "base/child_process.hpp"
#include "base/text.hpp"
#include "benchmarks/trial/protocol.hpp"
#include "benchmarks/trial/started_trial.hpp"

namespace mpmt::benchmarks {
namespace {

constexpr std::chrono::seconds kPatience{10};
/// From the end of its output to its own.
constexpr std::chrono::milliseconds kGrace{500};
/// More is no description.
constexpr std::size_t kMostBytes = std::size_t{1} << 20;
constexpr std::size_t kMostShown = 200;

/// The first line that a program says, and the last one on its standard error.
class Answer {
 public:
  Answer(const std::vector<std::string>& command, const Json& question, Interrupt& interrupt)
      : program_(start_kept_trial(command)) {
    const std::string line = question.dump() + "\n";
    // A program that does not read ends without an answer.
    if (::write(program_.to.get(), line.data(), line.size()) > 0) program_.to.reset();
    for (Allowance left(kPatience); !left.spent() && !interrupt.requested() && !is_over();) {
      std::array<pollfd, 3> wanted{pollfd{program_.from.get(), POLLIN, 0}, pollfd{program_.errors.get(), POLLIN, 0},
                                   pollfd{interrupt.fd(), POLLIN, 0}};
      left.poll(wanted);
      drain(program_.from, said_);
      drain(program_.errors, complained_);
    }
    late_ = !is_over();
    if (!program_.from) wait_for_end();
    status_ = program_.reap();
    drain(program_.errors, complained_);
  }

  bool late() const { return late_; }
  std::string line() const { return said_.substr(0, said_.find('\n')); }

  std::string why_not() const {
    if (late_) return text("it has not answered within ", kPatience.count(), " s");
    if (!said_.empty()) return text("it says '", line().substr(0, 60), "' instead of what it offers");
    const ChildEnd end{WIFSIGNALED(status_), WIFSIGNALED(status_) ? WTERMSIG(status_) : WEXITSTATUS(status_)};
    return text("it ", end.killed ? "was " : "", end.describe(), " without an answer", complaint());
  }

 private:
  bool is_over() const { return !program_.from || said_.find('\n') != std::string::npos || said_.size() > kMostBytes; }

  std::string complaint() const {
    const auto end = complained_.find_last_not_of('\n');
    if (end == std::string::npos) return {};
    const auto before = complained_.find_last_of('\n', end);
    const auto start = before == std::string::npos ? 0 : before + 1;
    return ": " + complained_.substr(start, std::min(kMostShown, end - start + 1));
  }

  /// Who has closed its output is about to end, and is asked how; told to end, it would say that.
  void wait_for_end() const {
    pollfd ended{program_.pidfd().get(), POLLIN, 0};
    Allowance(kGrace).poll({&ended, 1});
  }

  static void drain(Fd& from, std::string& into) {
    std::array<char, 16'384> buffer;
    for (std::size_t read = 0; from && read < kMostBytes; read += buffer.size()) {
      const auto count = ::read(from.get(), buffer.data(), buffer.size());
      if (count < 0 && errno == EINTR) continue;
      if (count == 0) from.reset();
      if (count <= 0) return;
      if (into.size() <= kMostBytes) into.append(buffer.data(), static_cast<std::size_t>(count));
    }
  }

  StartedTrial program_;
  std::string said_;
  std::string complained_;
  bool late_ = false;
  int status_ = 0;
};

}  // namespace

Described described_by(const std::vector<std::string>& command, Interrupt& interrupt) {
  const Answer answer(command, describe_message(), interrupt);
  Described described;
  described.late = answer.late();
  const auto message = Json::parse(answer.line(), nullptr, false);
  if (!message.is_object() || message.value("type", Json()) != kDescription) {
    described.error = answer.why_not();
    return described;
  }
  try {
    if (message.at("protocol") != kProtocolVersion) {
      throw std::invalid_argument(text("protocol ", message.at("protocol").dump(), ", not ", kProtocolVersion));
    }
    described.name = message.value("name", "");
    described.offer = offer_from(message);
    described.versions = message.value("versions", std::map<std::string, std::string>());
    described.ok = true;
  } catch (const std::exception& wrong) {
    described.error = text("its description is not as the protocol has it: ", wrong.what());
  }
  return described;
}

Listed listed_by(const std::vector<std::string>& command, Interrupt& interrupt) {
  const Answer answer({}, list_message(command), interrupt);
  Listed listed;
  const auto message = Json::parse(answer.line(), nullptr, false);
  if (!message.is_object() || message.value("type", Json()) != kListing) {
    listed.error = message.is_object() ? message.value("error", "") : answer.why_not();
    listed.deaf = answer.late() || (message.is_object() && message.value("deaf", false));
    return listed;
  }
  for (const auto& bytes : message.at("names")) {
    const auto name = bytes.get<std::vector<unsigned char>>();
    listed.names.emplace_back(name.begin(), name.end());
  }
  listed.fixed_iterations = message.at("fixed_iterations").get<bool>();
  listed.notes = message.at("notes").get<std::vector<std::string>>();
  listed.ok = true;
  return listed;
}

}  // namespace mpmt::benchmarks

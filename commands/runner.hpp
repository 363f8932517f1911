// Commands and servers as executors: programs that know nothing of mpmt.
#pragma once

#include <memory>
#include <string>

#include "executors/executor.hpp"

namespace mpmt::commands {

/// For ending things before an outcome that is not ok is returned: whoever asked for the run may leave without another
/// word then, and whoever asked that one waits half a second longer than the run may last.
inline constexpr std::chrono::milliseconds kBeforeAnAnswer{300};

/// Messages name the options of the command line by which these are given.
struct CommandConfig {
  std::string name = {};
  std::string command = {};
  std::string setup = {}, prepare = {}, cleanup = {};  ///< empty: none
  std::string input = {};         ///< the file that is the command's standard input; empty: /dev/null
  std::string shell = "default";  ///< for all four; see Command in invocation.hpp
  bool ignore_failure = false;    ///< of the command itself
  bool watch = true;              ///< run it once before, and look at its memory
};

/// An executor whose task is one execution of the command; they follow each other.
///
/// Starting it runs `setup`, then, where it is to be watched, the command once while its memory is looked at: memory()
/// is of that execution, and nothing where it ended within a millisecond or so, before anybody could look. run():
/// `prepare` before each task,
/// which is not timed. Outcome::block: `wall_ns` the sum of the executions' times, `sum` the number of tasks, `workers`
/// what the commands' trees have used; `submitter` stays zero. Request::latency gets each execution's time.
/// shutdown(), or whatever else comes to be the end (an outcome that is not ok, a start that fails after `setup`, the
/// destructor), runs `cleanup` once; shutdown() throws std::runtime_error where that fails, the others tell() it.
///
/// The process adopts orphans from now on. Throws executors::StartFailed.
std::unique_ptr<executors::Executor> start_command(const CommandConfig& config, Deadline deadline);

struct ServerConfig {
  std::string name = {};
  std::string serve = {};         ///< runs until it gets SIGTERM, and stays in the foreground
  std::string ready = {};         ///< a TCP port of 127.0.0.1, or a command that exits with 0 once the server is ready
  std::string load = {};          ///< the load generator: one task
  std::string shell = "default";  ///< for all three
};

/// An executor whose task is one execution of `load` against a server that was started before.
///
/// Outcome::block: as with commands, but `workers` is what the server's tree has used meanwhile (see tree_usage.hpp),
/// `submitter` what the load generators' trees have. A server that has ended is Status::worker_died. memory() is that
/// of the server's tree now, or when it was shut down.
///
/// shutdown(): SIGTERM to the server's process group; what has not ended 5 s later, or at the deadline, is killed.
/// std::runtime_error when that was necessary, or where the port is still taken then. The server is ended as well by
/// an outcome that is not ok, and by the destructor.
///
/// The process adopts orphans from now on. Throws executors::StartFailed: where the server cannot be started, ends
/// before it is ready, or is not ready in time; and where its port is taken. std::invalid_argument naming the option
/// where one is missing, or no port.
std::unique_ptr<executors::Executor> start_server(const ServerConfig& config, Deadline deadline);

}  // namespace mpmt::commands

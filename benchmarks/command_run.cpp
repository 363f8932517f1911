#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>
#include <random>

#include "base/cpus.hpp"
#include "base/text.hpp"
#include "benchmarks/commands.hpp"
#include "benchmarks/context.hpp"
#include "benchmarks/google.hpp"
#include "benchmarks/run_lock.hpp"
#include "ipc/names.hpp"
#include "workloads/unnamed_file.hpp"

namespace mpmt::benchmarks {
namespace {

namespace fs = std::filesystem;

fs::path default_record(const Machine& machine, const BuildIdentity& identity) {
  return fs::path("results") / machine.key / text(identity.short_commit(), "-", utc_for_file_name(), ".json");
}

/// Makes the folder of a default place; of a place that was named it must be there. Finds out now what would be found
/// out after minutes of measuring.
void check_writable(const fs::path& record, bool named) {
  std::error_code failed;
  const auto folder = record.has_parent_path() ? record.parent_path() : fs::path(".");
  if (!named) fs::create_directories(folder, failed);
  if (!fs::is_directory(folder, failed)) throw UsageError(text("--out: ", folder.string(), " is not a folder"));
  if (fs::is_directory(record, failed)) throw UsageError(text("--out: ", record.string(), " is a folder; give a file"));
  const fs::path probe = record.string() + ".partial";
  const bool writable = std::ofstream(probe).good();
  fs::remove(probe, failed);
  if (!writable) throw UsageError(text("--out: ", folder.string(), " cannot be written"));
}

/// Permissions do not tell: root has all of them in /proc, where there are no files to be made.
bool takes_files(const fs::path& folder) {
  try {
    workloads::UnnamedFile(folder, 0);
    return true;
  } catch (const std::system_error&) {
    return false;
  }
}

std::string data_dir_of(const RunOptions& options) {
  std::error_code failed;
  const bool named = !options.data_dir.empty();
  for (const fs::path& folder : named ? std::vector<fs::path>{options.data_dir}
                                      : std::vector<fs::path>{"/var/tmp", fs::temp_directory_path(failed)}) {
    if (fs::is_directory(folder, failed) && takes_files(folder)) return fs::absolute(folder).string();
  }
  throw UsageError(named ? text("--data-dir: ", options.data_dir, " is not a folder that can be written")
                         : "--data-dir: neither /var/tmp nor $TMPDIR can be written; name a folder");
}

double expected_seconds(const Plan& plan) {
  // A block at one worker takes plan.block, at more less; starting, warming up and ending a trial some 20 ms more.
  const double block = std::chrono::duration<double>(plan.block).count();
  return static_cast<double>(plan.turns.size()) * (0.02 + block * (0.7 * plan.iterations + 0.12));
}

std::string plan_line(const Plan& plan) {
  return text(plan.cases.size(), " cases x ", plan.rounds, " rounds = ", plan.turns.size(), " trials, about ",
              std::max(1L, std::lround(expected_seconds(plan))), " s; seed ", plan.seed);
}

int print_plan(const Plan& plan) {
  std::cout << plan_line(plan) << "\nin order: in each round every case once, groups shuffled; each trial times "
            << plan.iterations << " block(s) of about " << plan.block / std::chrono::milliseconds(1)
            << " ms for a group's slowest case\n";
  std::string group;
  for (const auto& planned : plan.cases) {
    if (planned.group != group) std::cout << "group " << (group = planned.group) << '\n';
    std::cout << "  " << planned.measured.name() << '\n';
  }
  return kOk;
}

/// Waits for its turn; false when there is none, because of --no-wait or an interruption.
bool take_turn(RunLock& lock, const RunOptions& options, Interrupt& interrupt) {
  while (!lock.try_take()) {
    const auto owner = lock.owner();
    if (options.no_wait) {
      throw UsageError(text("--no-wait: another run (pid ", owner, ") is measuring on this machine"));
    }
    std::cerr << "mpmt: another run (pid " << owner << ") is measuring on this machine; waiting for it to end\n";
    lock.wait_for_owner(interrupt);
    if (interrupt.requested()) return false;
  }
  return true;
}

/// The curve whose last point is lower: what to be warned of.
const std::vector<CapacityPoint>& lower_of(const std::vector<CapacityPoint>& a, const std::vector<CapacityPoint>& b) {
  if (a.empty() || b.empty()) return a.empty() ? b : a;
  return b.back().capacity < a.back().capacity ? b : a;
}

std::vector<std::string> all_warnings(const Machine& machine, const BuildIdentity& identity,
                                      const std::vector<CapacityPoint>& capacity) {
  auto warnings = identity.warnings();
  for (auto& warning : machine_warnings(machine, capacity)) warnings.push_back(std::move(warning));
  return warnings;
}

int finish(const RunOptions& options, Journal& journal, const fs::path& record, bool interrupted,
           const Progress& progress) {
  const auto failed = progress.failed();
  Assembled assembled;
  try {
    assembled = assemble(journal.path(), record, false);
  } catch (const std::exception&) {
    journal.keep();
    std::cerr << "mpmt: what was measured is kept in " << journal.path().string() << "; the next run tries again\n";
    throw;
  }
  if (options.format == "json") {
    std::cout << std::ifstream(record).rdbuf();
  } else {
    if (!assembled.comparisons.empty()) std::cout << '\n' << table_of(assembled.comparisons);
    if (interrupted) std::cout << "\ninterrupted: " << assembled.entries << " trials are kept\n";
    if (progress.disturbed() > 0) {
      std::cout << '\n'
                << progress.disturbed() << " of " << assembled.entries
                << " trials were disturbed by other load: their figures are in the record, and not compared\n";
    }
    if (failed > 0) std::cout << '\n' << failed << " trials failed; see 'error' in the record\n";
    std::cout << '\n' << record.string() << std::endl;
  }
  if (interrupted) return kInterrupted;
  return failed > 0 ? kCaseFailed : kOk;
}

/// Thrown through the planning, which may calibrate.
struct Interrupted {};

std::uint64_t drawn_seed() {
  return std::random_device()() % 1'000'000;
}

int interrupted_early() {
  std::cerr << "mpmt: interrupted before the first trial; there is no record\n";
  return kInterrupted;
}

int measure(const RunOptions& options, const std::vector<std::string>& command_line) {
  const auto machine = describe_machine();
  const auto identity = build_identity();
  const auto cpus = usable_cpus();
  const auto data_dir = data_dir_of(options);
  Interrupt interrupt;
  RunLock lock;
  Measurement measurement(options, data_dir, cpus, interrupt);
  bool locked = false;
  const auto calibrate = [&](const auto& workload, std::size_t payload, std::chrono::nanoseconds wanted) {
    if (!locked) locked = take_turn(lock, options, interrupt);
    const auto grain = locked ? measurement.calibrate_grain(workload, payload, wanted) : 0;
    if (measurement.interrupted()) throw Interrupted();
    std::cerr << "mpmt: " << workload.name << ": a grain of " << grain << " takes about "
              << duration_text(double(wanted.count())) << " here; --grain " << grain << " repeats this\n";
    return grain;
  };
  const auto plan =
      make_plan(options, profile_of(options.profile, cpus.count()), options.seed.value_or(drawn_seed()), calibrate);
  if (plan.cases.empty()) {
    std::cerr << "mpmt: nothing matches; see mpmt list cases\n";
    return kNothingMatched;
  }
  if (options.list_tests) {
    for (const auto& planned : plan.cases) std::cout << planned.measured.name() << '\n';
    return kOk;
  }
  if (options.dry_run) return print_plan(plan);

  const fs::path record = options.out.empty() ? default_record(machine, identity) : fs::path(options.out);
  check_writable(record, !options.out.empty());
  if (!locked && !take_turn(lock, options, interrupt)) return kInterrupted;
  ipc::remove_stale_names();
  for (const auto& line : recover_journals(fs::absolute(record))) std::cerr << "mpmt: " << line << '\n';

  const bool quiet = options.format == "json";
  Progress progress(plan, quiet);
  if (!quiet) std::cout << "mpmt " << suite_version() << ": " << plan_line(plan) << std::endl;
  for (const auto& note : plan.notes) std::cerr << "mpmt: " << note << '\n';
  progress.say("measuring the machine's capacity");
  const auto capacity = measure_capacity(cpus.cpus);
  for (const auto& warning : all_warnings(machine, identity, capacity))
    std::cerr << "mpmt: warning: " << warning << '\n';
  progress.say("finding the tasks per block");
  measurement.find_tasks(plan);

  Journal journal(record, make_context(command_line, options, plan, machine, identity, capacity));
  run_with_google_benchmark(plan, measurement, journal, progress, options.time_unit);
  const bool interrupted = measurement.interrupted();
  if (interrupted && journal.entries() == 0) return interrupted_early();
  progress.say("assembling the record");
  const auto capacity_after = interrupted ? std::vector<CapacityPoint>() : measure_capacity(cpus.cpus);
  journal.end(context_at_end(journal.entries(), interrupted, capacity_after,
                             all_warnings(machine, identity, lower_of(capacity, capacity_after))));
  return finish(options, journal, record, interrupted, progress);
}

}  // namespace

int run(const RunOptions& options, const std::vector<std::string>& command_line) {
  try {
    return measure(options, command_line);
  } catch (const Interrupted&) {
    return interrupted_early();
  }
}

}  // namespace mpmt::benchmarks

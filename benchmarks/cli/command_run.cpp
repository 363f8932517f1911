#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>
#include <optional>
#include <random>
#include <set>
#include <stdexcept>
#include <system_error>

#include "base/clock.hpp"
#include "base/cpus.hpp"
#include "base/output.hpp"
#include "base/scheduling.hpp"
#include "base/shown.hpp"
#include "base/text.hpp"
#include "benchmarks/cli/commands.hpp"
#include "benchmarks/cli/plan_text.hpp"
#include "benchmarks/cli/print_json.hpp"
#include "benchmarks/host/idle.hpp"
#include "benchmarks/host/run_lock.hpp"
#include "benchmarks/record/context.hpp"
#include "benchmarks/record/journal.hpp"
#include "benchmarks/record/places.hpp"
#include "benchmarks/record/plan_json.hpp"
#include "benchmarks/record/state_folder.hpp"
#include "benchmarks/run/google.hpp"
#include "benchmarks/run/programs.hpp"
#include "ipc/names.hpp"

namespace mpmt::benchmarks {
namespace {

namespace fs = std::filesystem;

int print_names(const Plan& plan) {
  for (const auto& planned : plan.cases) print_line(planned.measured.name());
  return kOk;
}

/// That only this user can open; none where nobody would find it again.
Fd lock_file(const StateFolder& state) {
  return state.lasts() ? state.open_or_create("measuring.lock") : Fd();
}

/// How long a run that was told to end goes on with its record; a journal that takes longer is kept for the next one.
constexpr std::chrono::milliseconds kFarewell{500};

/// Waits for its turn; false when there is none, because of --no-wait or an interruption.
bool take_turn(RunLock& lock, const RunOptions& options, Interrupt& interrupt) {
  std::string said;
  while (!lock.try_take()) {
    const auto who = lock.holder().who;
    if (!who.empty() && options.no_wait) {
      throw UsageError(text("--no-wait: another run (", who, ") is measuring on this machine"));
    }
    if (!who.empty() && who != said) {
      tell(text("another run (", who, ") is measuring on this machine; ", lock.waiting()));
      said = who;
    }
    lock.wait(interrupt);
    if (interrupt.requested()) return false;
  }
  return true;
}

/// A first look that takes a little longer than the budget is not worth a word.
constexpr double kMostOverBudget_s = 8;

/// The reader of a pipe has gone.
std::string output_lost() {
  return text(kOutputLost, ": ", std::generic_category().message(EPIPE));
}

std::uint64_t drawn_seed() {
  return std::random_device()() % 1'000'000;
}

/// `mpmt run`, from the plan to the record.
class Run {
 public:
  Run(const RunOptions& options, const std::vector<std::string>& command_line)
      : options_(options),
        command_line_(command_line),
        to_standard_output_(is_standard_output(options.out)),
        quiet_(options.format == "json" || to_standard_output_),
        measurement_(options_, data_dir_of(options.data_dir), cpus_, interrupt_) {}

  int execute() {
    // Others are started to be asked: not while another run measures.
    const bool asks = !options_.programs.empty() || !options_.with.empty();
    if (asks && !options_.dry_run && !options_.list_tests) take_turn();
    auto programs = programs_of(options_, interrupt_);
    stop_if_asked();
    options_.family = programs.family;
    programs_ = std::move(programs.list);
    measurement_.use(programs_);
    const auto plan = make_plan(
        options_, programs_, cpus_.count(), options_.seed.value_or(drawn_seed()),
        [this](const Case& serial, const TimeWish& wish) { return calibrate(serial, wish); },
        [this] { stop_if_asked(); });
    if (plan.cases.empty()) {
      for (const auto& note : plan.notes) tell(note);
      tell("nothing matches; see mpmt list cases");
      return kNothingMatched;
    }
    if (options_.list_tests) return print_names(plan);
    if (options_.dry_run) return dry_run(plan);

    const bool named = !options_.out.empty() && !to_standard_output_;
    const fs::path record = named ? fs::path(options_.out) : default_record(machine_.key, identity_.short_commit());
    // Now: a command may remove the folder that we are in.
    const auto whole = fs::absolute(record);
    if (!to_standard_output_) check_record(record, named);
    take_turn();
    ipc::remove_stale_names();
    for (const auto& line : recover_journals(*state_, whole, [this] { stop_if_asked(); })) tell(line);
    if (!to_standard_output_) prepare_record(record, named);
    return measure(plan, record, whole);
  }

  /// Thrown where there is nothing to be kept yet.
  struct Interrupted {};
  /// Thrown where what was measured is kept in a journal, since there is no time to make a record of it.
  struct Unassembled {};

  bool reader_gone() const { return interrupt_.reader_gone(); }
  bool output_was_taken() const {
    std::cout.flush();
    return !output_.gave_up();
  }

 private:
  void stop_if_asked() {
    if (interrupt_.requested()) throw Interrupted();
  }

  void take_turn() {
    if (lock_) return;
    open_journal_dir();
    state_.emplace();
    if (!state_->remark().empty()) tell(state_->remark());
    lock_.emplace(lock_file(*state_));
    if (!mpmt::benchmarks::take_turn(*lock_, options_, interrupt_)) throw Interrupted();
    its_turn_ = Clock::now();
  }

  void open_journal_dir() {
    if (options_.journal_dir.empty()) return;
    try {
      journals_.emplace(fs::path(options_.journal_dir));
    } catch (const std::exception& failure) {
      throw UsageError(text("--journal-dir: ", failure.what()));
    }
  }

  const StateFolder& journal_folder() const { return journals_ ? *journals_ : *state_; }

  std::uint64_t calibrate(const Case& serial, const TimeWish& wish) {
    take_turn();
    const auto found = measurement_.calibrate_grain(serial, wish);
    if (interrupt_.requested()) throw Interrupted();
    const auto is_its = [&](const Program& program) { return program.name == serial.program; };
    const auto program = std::find_if(programs_.begin(), programs_.end(), is_its);
    const auto& workload = *program->offer.workload(serial.workload);
    const auto what = serial.waiting_percent ? text(workload.name, " waiting ", waiting_text(serial)) : workload.name;
    tell(in_words(found, wish, what, workload.grain_unit));
    return found.grain;
  }

  /// After the pilots: from the lock to the record.
  void announce(const Plan& plan, double probe_s) const {
    const double over = seconds_since(its_turn_);
    const auto left = measurement_.expectation(plan);
    const double most = std::max(left.first_part_s, left.most_s - measurement_.pilots_s());
    std::cout << "the pilots say: " << span_text(over + probe_s + left.first_part_s, over + probe_s + most)
              << " in all, of which " << whole_seconds(over) << " s are over" << std::endl;
    if (left.first_part_s <= std::max(kMostOverBudget_s, plan.budget_s)) return;
    tell(text("--budget: ", plan.budget_s, " s do not hold what a first look at ",
              plan.rows() == 1 ? "the row" : "all rows", " takes (about ", whole_seconds(left.first_part_s),
              " s): it ends after that; fewer cases take less (",
              "--benchmark_filter), and --rounds 1 only times them"));
  }

  int dry_run(const Plan& plan) const {
    for (const auto& note : plan.notes) tell(note);
    if (!quiet_) {
      print_plan(plan, options_);
      return kOk;
    }
    print_json(to_json(plan, machine_.key));
    return kOk;
  }

  /// `whole`: the same, from the root.
  int measure(const Plan& plan, const fs::path& record, const fs::path& whole) {
    const Rules rules{options_.margin, options_.confidence, std::max(1, static_cast<int>(plan.rows()))};
    Progress progress(plan, rules, quiet_);
    measurement_.seed(plan.seed);
    if (!quiet_) std::cout << "mpmt " << suite_version() << ": " << plan_line(plan, options_) << std::endl;
    for (const auto& note : plan.notes) tell(note);
    wait_until_idle(measurement_.load(), options_.wait_idle_s, interrupt_,
                    [&](const std::string& line) { progress.tell(line); });
    progress.say("measuring the way from core to core");
    const auto matrix = measure_core_matrix(cpus_.cpus, interrupt_);
    const auto dealt_cpus = spread_order(cpus_.cpus, cores_of(cpus_.cpus), matrix);
    measurement_.deal_cpus(dealt_cpus);
    progress.say("measuring the machine's capacity");
    const auto probed = Clock::now();
    const auto capacity = measure_capacity(dealt_cpus, interrupt_);
    const double probe_s = seconds_since(probed);
    if (interrupt_.requested()) throw Interrupted();
    say_new(warnings(capacity, {}, matrix));
    progress.say("finding the tasks per block");
    measurement_.find_tasks(plan);
    if (!quiet_ && !interrupt_.requested()) announce(plan, probe_s);

    Journal journal(journal_folder(), whole,
                    make_context(command_line_, options_, plan, machine_, identity_, capacity, matrix, rules));
    bool interrupted = false;
    try {
      const auto expected = measurement_.expectation(plan);
      Dealer dealer(plan, rules, expected.laps, expected.lap_s);
      run_with_google_benchmark(plan, dealer, measurement_, journal, progress, options_.time_unit);
      progress.rest();
      if (interrupt_.requested() && journal.entries() == 0) throw Interrupted();
      progress.say("assembling the record");
      auto after = measure_capacity(dealt_cpus, interrupt_);
      interrupted = interrupt_.requested();
      if (interrupted) after = {};
      say_new(load_warnings(measurement_.load()));
      if (capacity_warnings(capacity, {}, matrix).empty()) say_new(capacity_warnings(capacity, after, matrix));
      journal.end(context_at_end(journal.entries(), progress.rounds(), progress.busy(), interrupted, after,
                                 warnings(capacity, after, matrix, progress.others())));
      const auto made = assembled(journal.file(), whole);
      journal.done();
      report(made, record, interrupted, progress);
    } catch (...) {
      if (journal.keeps()) {
        tell(text("what was measured is kept in ", journal.file().path.string(),
                  journal_folder().lasts() ? "; the next run tries again" : ""));
      }
      throw;
    }
    interrupt_.requested();
    if (reader_gone()) {
      const auto kept = to_standard_output_ ? "" : text("; what was measured is in ", shown(record.string()));
      throw std::runtime_error(output_lost() + kept);
    }
    if (interrupted) return kInterrupted;
    return progress.failed() > 0 ? kCaseFailed : kOk;
  }

  std::vector<std::string> warnings(const Capacity& before, const Capacity& after, const CoreMatrix& matrix,
                                    const std::string& others = {}) {
    auto list = identity_.warnings();
    const auto add = [&](const std::vector<std::string>& more) { list.insert(list.end(), more.begin(), more.end()); };
    if (!class_left_.empty()) {
      list.push_back(text("started in the real-time class ", class_left_, " (chrt): all was measured in SCHED_OTHER"));
    }
    if (lock_ && !lock_->warning().empty()) list.push_back(lock_->warning());
    add(machine_warnings(machine_));
    add(capacity_warnings(before, after, matrix));
    add(load_warnings(measurement_.load()));
    if (!others.empty()) list.push_back(others + " while it measured");
    return list;
  }

  /// Each warning once, when it is first known.
  void say_new(const std::vector<std::string>& warnings) {
    for (const auto& warning : warnings) {
      if (said_.insert(warning).second) tell("warning: " + warning);
    }
  }

  Assembled assembled(const JournalFile& journal, const fs::path& record) {
    std::optional<Clock::time_point> asked;
    const auto step = [&] {
      if (!asked && interrupt_.requested()) asked = Clock::now();
      if (asked && Clock::now() - *asked > kFarewell) throw Unassembled();
    };
    if (!to_standard_output_) {
      auto made = assemble(journal, record, false, step);
      if (quiet_) assemble(journal, std::cout, false);  // if that fails, there is the file
      return made;
    }
    auto made = assemble(journal, output_.stream(), false, step);
    output_.stream().flush();
    if (output_.gave_up()) throw std::runtime_error("standard output: nobody takes the record");
    return made;
  }

  void report(const Assembled& assembled, const fs::path& record, bool interrupted, const Progress& progress) const {
    if (quiet_) return;
    const bool often = 3 * progress.busy() >= progress.rounds() && progress.busy() > 0;
    if (const auto others = progress.others(); often || !others.empty()) {
      std::cout << '\n'
                << (others.empty() ? "others used the CPUs" : others)
                << (often ? text(" in ", progress.busy(), " of ", progress.rounds(), " rounds")
                          : " while this was measured")
                << ": on an idle machine more can be said, and more of it be believed\n";
    }
    if (const auto contenders = progress.contenders(); !contenders.empty()) std::cout << '\n' << contenders;
    if (!assembled.comparisons.empty()) std::cout << '\n' << answer_of(assembled.comparisons, assembled.rules);
    if (interrupted) std::cout << "\ninterrupted: " << assembled.entries << " trials are kept\n";
    if (progress.disturbed() > 0) {
      std::cout << '\n'
                << progress.disturbed() << " of " << assembled.entries
                << " trials were disturbed ('disturbed_by' says by what): their figures are in the record, and not "
                   "compared\n";
    }
    if (progress.failed() > 0) std::cout << '\n' << progress.failed() << " trials failed; see 'error' in the record\n";
    if (!assembled.comparisons.empty()) {
      print_line("");
      print_line(text("all rows: mpmt verdict ", record.string(), " --all"));
    }
    print_line("");
    print_line("record: " + record.string());
    std::cout.flush();
  }

  RunOptions options_;  ///< the family as the programs have it
  const std::vector<std::string>& command_line_;
  const bool to_standard_output_;  ///< the record goes there, and to no file
  const bool quiet_;               ///< nothing else does
  const std::string class_left_ = leave_real_time();
  const Machine machine_ = describe_machine();
  const BuildIdentity identity_ = build_identity();
  const UsableCpus cpus_ = usable_cpus();
  Interrupt interrupt_{STDOUT_FILENO};
  PatientOutput output_{interrupt_};
  std::optional<StateFolder> state_;     ///< from its turn on
  std::optional<StateFolder> journals_;  ///< where it is another than the state folder
  std::optional<RunLock> lock_;          ///< held
  Clock::time_point its_turn_;           ///< since when it holds the lock
  std::vector<Program> programs_;        ///< whose cases are measured
  Measurement measurement_;
  std::set<std::string> said_;
};

}  // namespace

int run(const RunOptions& options, const std::vector<std::string>& command_line) {
  ::signal(SIGPIPE, SIG_IGN);  // a reader that leaves is an interruption, and said
  Run measuring(options, command_line);
  try {
    const int code = measuring.execute();
    return measuring.output_was_taken() ? code : kInterrupted;
  } catch (const Run::Interrupted&) {
    if (measuring.reader_gone() && (options.dry_run || options.list_tests)) return kOk;  // mpmt run --dry-run | head
    if (measuring.reader_gone()) throw std::runtime_error(text(output_lost(), "; there is no record"));
    tell("interrupted before the first trial; there is no record");
    return kInterrupted;
  } catch (const Run::Unassembled&) {
    return kInterrupted;
  }
}

}  // namespace mpmt::benchmarks

// Where results are while a run lasts, and how they become a record.
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <iosfwd>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "base/fd.hpp"
#include "benchmarks/judge/verdict.hpp"
#include "benchmarks/record/entry.hpp"
#include "benchmarks/record/state_folder.hpp"

namespace mpmt::benchmarks {

/// A journal that is open, and its place for messages.
struct JournalFile {
  Fd file;
  std::filesystem::path path;
};

/// An append-only file of JSON lines, {"context"} first, then {"of_case", "of_round"} per entry, {"end"} last, in the
/// state folder.
/// Its owner holds a lock on it that dies with the owner. Written between trials only.
class Journal {
 public:
  /// Throws std::system_error when it cannot be made. `record`: where the record is to appear should this run be
  /// killed. The folder outlives the journal.
  Journal(const StateFolder& folder, const std::filesystem::path& record, const nlohmann::json& context);
  /// Removes the file unless it keeps().
  ~Journal();
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;

  void add(const Entry& entry);
  void end(const nlohmann::json& context_at_end);
  /// What it holds is in the record.
  void done() { done_ = true; }
  /// Whether the file stays when this object ends, for the next start: there is something in it that is in no record.
  bool keeps() const { return !done_ && (entries_ > 0 || writing_); }

  const JournalFile& file() const { return journal_; }
  std::size_t entries() const { return entries_; }

 private:
  void write(const nlohmann::json& line);

  const StateFolder& folder_;
  JournalFile journal_;
  std::size_t entries_ = 0;
  bool writing_ = false;
  bool done_ = false;
};

/// What came of assembling a record.
struct Assembled {
  std::vector<Observation> observations;
  std::vector<Comparison> comparisons;
  Rules rules;  ///< by which those were judged
  std::size_t entries = 0;
};

/// Writes the record that a journal's complete lines make up; the same twice for the same journal. One entry is in
/// memory at a time. `recovered`: the run that wrote it has died. `step`: see recover_journals. Throws
/// std::runtime_error.
Assembled assemble(
    const JournalFile& journal, std::ostream& out, bool recovered, const std::function<void()>& step = [] {});

/// The same, to a file that appears at `record` whole or not at all (OutputFile). Throws std::runtime_error naming it.
Assembled assemble(
    const JournalFile& journal, const std::filesystem::path& record, bool recovered,
    const std::function<void()>& step = [] {});

/// Assembles what runs that were killed have left in the folder. A record's place that is taken, or is `reserved`, gets
/// ".recovered-<n>" in its name. Only files of the caller's own are believed to be journals, and only places where a
/// run writes; all else stays as it is. Returns one line a journal, fit to be shown: where its record is, or why there
/// is none. `step` is called again and again meanwhile: journals can be long, and what it throws that is no
/// std::exception ends this, with the journal as it is.
std::vector<std::string> recover_journals(
    const StateFolder& folder, const std::filesystem::path& reserved, const std::function<void()>& step = [] {});

}  // namespace mpmt::benchmarks

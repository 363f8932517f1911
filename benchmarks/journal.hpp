// Where results are while a run lasts, and how they become a record.
#pragma once

#include <cstddef>
#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "base/fd.hpp"
#include "benchmarks/verdict.hpp"

namespace mpmt::benchmarks {

/// An append-only file of JSON lines, {"context"} first, then {"entry"} per trial, {"end"} last, in a folder of this
/// user's where every later start finds it: $XDG_STATE_HOME/mpmt, ~/.local/state/mpmt, or a folder of this user's in
/// $TMPDIR. Its owner holds a lock on it that dies with the owner. Written between trials only.
class Journal {
 public:
  /// Throws std::system_error when it cannot be made. `record`: where the record is to appear.
  Journal(const std::filesystem::path& record, const nlohmann::json& context);
  /// Removes the file: what it held is in the record, or nothing was measured.
  ~Journal();
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;

  void add(const nlohmann::json& entry);
  void end(const nlohmann::json& context_at_end);
  /// Keeps the file when this object ends: its record could not be written.
  void keep() { kept_ = true; }

  const std::filesystem::path& path() const { return path_; }
  std::size_t entries() const { return entries_; }

 private:
  void write(const nlohmann::json& line);

  std::filesystem::path path_;
  Fd file_;
  std::size_t entries_ = 0;
  bool kept_ = false;
};

/// What came of assembling a record.
struct Assembled {
  std::vector<Observation> observations;
  std::vector<Comparison> comparisons;
  std::size_t entries = 0;
};

/// Writes the record that a journal's complete lines make up; it appears at `record` by rename, whole or not at all.
/// One entry is in memory at a time. `recovered`: the run that wrote it has died. Throws std::runtime_error naming the
/// file.
Assembled assemble(const std::filesystem::path& journal, const std::filesystem::path& record, bool recovered);

/// Assembles what runs that were killed have left. A record's place that is taken, or is `reserved`, gets
/// ".recovered-<n>" in its name. Returns one line a journal: where its record is, or why there is none.
std::vector<std::string> recover_journals(const std::filesystem::path& reserved);

}  // namespace mpmt::benchmarks

#include "benchmarks/record/journal.hpp"

#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <ostream>
#include <stdexcept>
#include <system_error>

#include "base/checked.hpp"
#include "base/output_file.hpp"
#include "base/random_bytes.hpp"
#include "base/shown.hpp"
#include "base/text.hpp"
#include "benchmarks/judge/statistics.hpp"
#include "benchmarks/record/context.hpp"
#include "benchmarks/record/entry.hpp"
#include "benchmarks/record/places.hpp"

namespace mpmt::benchmarks {
namespace {

namespace fs = std::filesystem;

constexpr auto kSuffix = ".journal";

using Step = std::function<void()>;

/// What entries add up to, of one case.
struct Series {
  Json of_case;
  Json once;  ///< what the record says of it once
  int rounds = 0;
  std::map<std::uint64_t, std::uint64_t> latencies;  ///< buckets of rounds that count
  std::vector<double> real_times;
  std::vector<double> cpu_times;
  std::vector<double> costs;
};

/// A journal's lines, the last of which may be cut off when its writer was killed.
void for_each_line(const JournalFile& journal, const Step& step, const std::function<void(Json&&)>& take) {
  std::array<char, 65'536> bytes;
  std::string lines;
  const auto take_whole_lines = [&] {
    std::size_t begin = 0;
    for (auto end = lines.find('\n'); end != std::string::npos; end = lines.find('\n', begin)) {
      auto parsed = Json::parse(lines.begin() + static_cast<std::ptrdiff_t>(begin),
                                lines.begin() + static_cast<std::ptrdiff_t>(end), nullptr, false);
      if (parsed.is_object()) take(std::move(parsed));
      begin = end + 1;
    }
    lines.erase(0, begin);
  };
  for (off_t at = 0;;) {
    step();
    const auto count = checked([&] { return ::pread(journal.file.get(), bytes.data(), bytes.size(), at); }, "read",
                               shown(journal.path.string()));
    if (count == 0) break;
    lines.append(bytes.data(), static_cast<std::size_t>(count));
    at += count;
    take_whole_lines();
  }
  lines += '\n';  // a last line that lacks nothing else counts
  take_whole_lines();
}

bool is_entry(const Json& line) {
  return line.contains("of_case") && line.contains("of_round");
}

Json whole_entry(const Json& line) {
  return said_with(line["of_case"], line["of_round"]);
}

/// The histogram of a round, or nothing.
Json* histogram_of(Json& entry) {
  const auto latency = entry.find("latency_ns");
  if (latency == entry.end() || !latency->is_object() || !latency->contains("histogram")) return nullptr;
  return &(*latency)["histogram"];
}

/// A record may be printed as it is: it does nothing to a terminal or a CI.
std::string dumped(const Json& json) {
  return shown_json(json.dump(-1, ' ', false, Json::error_handler_t::replace));
}

/// Reads a journal once for what must be known before, and once to copy its entries.
class Assembler {
 public:
  Assembler(const JournalFile& journal, bool recovered, const Step& step)
      : journal_(journal), recovered_(recovered), step_(step) {}

  Assembled write(std::ostream& out) {
    for_each_line(journal_, step_, [&](const Json& line) { survey(line); });
    if (!context_.is_object())
      throw std::runtime_error(text(shown(journal_.path.string()), ": has no context; nothing was measured"));
    finish_context();
    assembled_.rules = rules_of(context_);
    assembled_.comparisons = compare(assembled_.observations, assembled_.rules);

    out << "{\n\"context\": " << shown_json(context_.dump(2, ' ', false, Json::error_handler_t::replace))
        << ",\n\"cases\": {";
    std::string separator = "\n";
    const auto add = [&](const Json& one) {
      out << separator << dumped(one);
      separator = ",\n";
    };
    for (auto& [name, series] : series_) {
      if (!series.latencies.empty()) series.once["latency_histogram"] = series.latencies;
      out << separator << dumped(name) << ": " << dumped(series.once);
      separator = ",\n";
    }
    out << "\n},\n\"benchmarks\": [";
    separator = "\n";
    for_each_line(journal_, step_, [&](const Json& line) {
      if (!is_entry(line)) return;
      auto entry = whole_entry(line);
      const auto& series = series_.at(entry.at("name").get<std::string>());
      entry["repetitions"] = series.rounds;
      // Most of an entry's bytes; the percentiles stay, and the histogram of all rounds together.
      if (histogram_of(entry) != nullptr) entry["latency_ns"].erase("histogram");
      add(said_apart(std::move(entry), series.once));
    });
    for (const auto& [name, series] : series_) {
      for (const auto& aggregate : make_aggregates(series.of_case, series.real_times, series.cpu_times, series.costs)) {
        add(said_apart(aggregate, series.once));
      }
    }
    out << "\n],\n\"comparisons\": [";
    separator = "\n";
    for (const auto& row : assembled_.comparisons) add(to_json(row));
    out << "\n]\n}\n";
    return std::move(assembled_);
  }

 private:
  void survey(const Json& line) {
    if (line.contains("context")) context_ = line["context"];
    if (line.contains("end")) end_ = line["end"];
    if (!is_entry(line)) return;
    const Entry parts{line["of_case"], line["of_round"]};
    auto entry = whole_entry(line);
    ++assembled_.entries;
    auto& busy = rounds_[{entry.value("together", ""), entry.at("round").get<int>()}];
    busy = busy || entry.value("dropped_laps", 0) > 0;
    auto observation = observation_of(entry);
    auto& series = series_[entry.at("name").get<std::string>()];
    ++series.rounds;
    if (series.of_case.is_null()) series.of_case = parts.of_case;
    // What a round says that counts is what most say.
    if (series.once.is_null() || (observation.ok() && series.costs.empty())) series.once = said_once(parts);
    assembled_.observations.push_back(observation);
    if (!observation.ok()) return;
    series.real_times.push_back(entry.at("real_time").get<double>());
    series.cpu_times.push_back(entry.at("cpu_time").get<double>());
    series.costs.push_back(observation.cost_ns);
    if (const auto* const histogram = histogram_of(entry)) {
      for (const auto& bucket : *histogram) {
        series.latencies[bucket.at(0).get<std::uint64_t>()] += bucket.at(1).get<std::uint64_t>();
      }
    }
  }

  void finish_context() {
    if (end_.is_object()) context_.merge_patch(end_);
    context_["recovered"] = recovered_;
    if (!end_.is_object()) {
      context_["interrupted"] = true;
      context_["trials"]["done"] = assembled_.entries;
      const auto is_busy = [](const auto& round) { return round.second; };
      context_["group_rounds"] = {{"done", rounds_.size()},
                                  {"busy", std::count_if(rounds_.begin(), rounds_.end(), is_busy)}};
    }
  }

  const JournalFile& journal_;
  bool recovered_;
  const Step& step_;
  Json context_;
  Json end_;
  std::map<std::string, Series> series_;
  std::map<std::pair<std::string, int>, bool> rounds_;  ///< of each group: whether laps of it were made again
  Assembled assembled_;
};

/// Where nothing is yet, be it a link to nothing.
fs::path free_place(const fs::path& wanted, const fs::path& reserved) {
  fs::path place = wanted;
  std::error_code ignored;
  const auto is_taken = [&] { return fs::exists(fs::symlink_status(place, ignored)) || place == reserved; };
  for (int number = 1; is_taken(); ++number) {
    place = wanted.parent_path() / text(wanted.stem().string(), ".recovered-", number, wanted.extension().string());
  }
  return place;
}

/// Empty when its writer was killed before the first line was complete.
fs::path record_of(const JournalFile& journal, const Step& step) {
  fs::path record;
  for_each_line(journal, step, [&](Json&& line) {
    if (line.contains("record")) record = line["record"].get<std::string>();
  });
  return record;
}

/// Throws, and leaves everything as it is, when there can be no record now.
std::string recover(const JournalFile& journal, const fs::path& reserved, const Step& step) {
  constexpr auto kNothing = "a run was killed before its first trial; nothing to recover";
  const auto record = record_of(journal, step);
  if (record.empty()) return kNothing;
  const auto against = why_not_recovered_to(record);
  if (!against.empty()) throw std::runtime_error(against);
  std::size_t entries = 0;
  for_each_line(journal, step, [&](Json&& line) { entries += is_entry(line); });
  if (entries == 0) return kNothing;
  const auto place = free_place(record, reserved);
  fs::create_directories(place.parent_path());
  const auto assembled = assemble(journal, place, true, step);
  return text("recovered ", assembled.entries, " trials of a run that was killed: ", shown(place.string()));
}

bool is_locked_by_us(const Fd& file) {
  struct stat status {};
  return ::flock(file.get(), LOCK_EX | LOCK_NB) == 0 && ::fstat(file.get(), &status) == 0 && status.st_nlink == 1;
}

/// With a lock that it has had from the moment on at which others could have seen it.
JournalFile make_journal(const StateFolder& folder) {
  for (;;) {
    const auto name = text(::getpid(), "-", utc_for_file_name(), "-", random_digits().substr(0, 8), kSuffix);
    auto file = folder.create(name);
    errno = 0;
    // Some network file systems have no locks: nobody can then tell that its owner has died, and recovers it.
    const bool done = is_locked_by_us(file) || (errno != 0 && errno != EWOULDBLOCK);
    if (done) return {std::move(file), folder.path() / name};
    // A start that recovers journals had it first, and removes it: it is empty.
  }
}

/// Where a killed run's record is looked for, from whatever folder.
std::string place_of(const fs::path& record) {
  const auto whole = fs::absolute(record);
  std::error_code missing;
  const auto folder = fs::canonical(whole.parent_path(), missing);
  return (missing ? whole.lexically_normal() : folder / whole.filename()).string();
}

}  // namespace

Journal::Journal(const StateFolder& folder, const fs::path& record, const Json& context)
    : folder_(folder), journal_(make_journal(folder)) {
  write({{"record", place_of(record)}, {"context", context}});
}

Journal::~Journal() {
  if (!keeps()) folder_.remove(journal_.path.filename());
}

void Journal::add(const Entry& entry) {
  write({{"of_case", entry.of_case}, {"of_round", entry.of_round}});
  ++entries_;
}

void Journal::end(const Json& context_at_end) {
  write({{"end", context_at_end}});
}

void Journal::write(const Json& line) {
  const std::string bytes = dumped(line) + "\n";
  writing_ = true;  // and so it stays unless this succeeds: a disk is full, say
  for (std::size_t done = 0; done < bytes.size();) {
    done += static_cast<std::size_t>(
        checked([&] { return ::write(journal_.file.get(), bytes.data() + done, bytes.size() - done); }, "write",
                shown(journal_.path.string())));
  }
  writing_ = false;
}

Assembled assemble(const JournalFile& journal, std::ostream& out, bool recovered, const Step& step) {
  return Assembler(journal, recovered, step).write(out);
}

Assembled assemble(const JournalFile& journal, const fs::path& record, bool recovered, const Step& step) {
  try {
    OutputFile out(record);
    auto assembled = assemble(journal, out.stream(), recovered, step);
    out.commit();
    return assembled;
  } catch (const std::exception& failure) {
    throw std::runtime_error(text(shown(record.string()), ": could not be written: ", failure.what()));
  }
}

std::vector<std::string> recover_journals(const StateFolder& folder, const fs::path& reserved, const Step& step) {
  std::vector<std::string> lines;
  const fs::path kept_free = reserved.empty() ? fs::path() : fs::path(place_of(reserved));
  for (const auto& name : folder.names()) {
    if (!name.ends_with(kSuffix)) continue;
    try {
      const JournalFile journal{folder.open(name), folder.path() / name};
      if (!is_locked_by_us(journal.file)) continue;  // its owner lives, or another start has recovered it
      lines.push_back(recover(journal, kept_free, step));
      folder.remove(name);
    } catch (const std::exception& failure) {
      lines.push_back(text("the journal ", shown((folder.path() / name).string()),
                           " of a run that was killed is left as it is: ", shown(failure.what())));
    }
  }
  return lines;
}

}  // namespace mpmt::benchmarks

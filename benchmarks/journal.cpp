#include "benchmarks/journal.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "base/checked.hpp"
#include "base/text.hpp"
#include "benchmarks/context.hpp"
#include "benchmarks/entry.hpp"
#include "benchmarks/statistics.hpp"

namespace mpmt::benchmarks {
namespace {

namespace fs = std::filesystem;
using executors::Status;

constexpr auto kSuffix = ".journal";

fs::path state_folder() {
  const auto variable = [](const char* name) -> fs::path {
    const char* const value = std::getenv(name);
    return value == nullptr ? "" : value;
  };
  std::vector<fs::path> candidates;
  if (const auto state = variable("XDG_STATE_HOME"); state.is_absolute()) candidates.push_back(state / "mpmt");
  if (const auto home = variable("HOME"); home.is_absolute()) candidates.push_back(home / ".local" / "state" / "mpmt");
  candidates.push_back(fs::temp_directory_path() / text("mpmt-", ::getuid()));
  for (const auto& folder : candidates) {
    std::error_code failed;
    fs::create_directories(folder, failed);
    if (fs::is_directory(folder, failed) && ::access(folder.c_str(), W_OK | X_OK) == 0) return folder;
  }
  throw std::runtime_error("no folder for the journal: neither $XDG_STATE_HOME nor $HOME nor $TMPDIR can be written");
}

/// What one entry adds to its case's aggregates.
struct Series {
  Json example;
  std::vector<double> real_times;
  std::vector<double> cpu_times;
  std::vector<double> costs;
};

/// A journal's lines, the last of which may be cut off when its writer was killed.
void for_each_line(const fs::path& journal, const std::function<void(Json&&)>& take) {
  std::ifstream in(journal);
  if (!in) throw std::runtime_error(text(journal.string(), ": cannot be read"));
  for (std::string line; std::getline(in, line);) {
    auto parsed = Json::parse(line, nullptr, false);
    if (parsed.is_object()) take(std::move(parsed));
  }
}

std::string dumped(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

/// Reads a journal once for what must be known before, and once to copy its entries.
class Assembler {
 public:
  Assembler(const fs::path& journal, bool recovered) : journal_(journal), recovered_(recovered) {}

  Assembled write(std::ostream& out) {
    for_each_line(journal_, [&](Json&& line) { survey(line); });
    if (!context_.is_object())
      throw std::runtime_error(text(journal_.string(), ": has no context; nothing was measured"));
    finish_context();
    assembled_.comparisons = compare(assembled_.observations);

    out << "{\n\"context\": " << context_.dump(2, ' ', false, Json::error_handler_t::replace) << ",\n\"benchmarks\": [";
    std::string separator = "\n";
    const auto add = [&](const Json& entry) {
      out << separator << dumped(entry);
      separator = ",\n";
    };
    for_each_line(journal_, [&](Json&& line) {
      if (line.contains("entry")) add(line["entry"]);
    });
    for (const auto& [name, series] : series_) {
      for (const auto& aggregate : make_aggregates(series.example, series.real_times, series.cpu_times, series.costs)) {
        add(aggregate);
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
    if (!line.contains("entry")) return;
    const Json& entry = line["entry"];
    ++assembled_.entries;
    const auto observation = observation_of(entry);
    assembled_.observations.push_back(observation);
    auto& series = series_[entry.at("name").get<std::string>()];
    if (series.example.is_null()) series.example = entry;
    if (observation.status != Status::ok) return;
    series.real_times.push_back(entry.at("real_time").get<double>());
    series.cpu_times.push_back(entry.at("cpu_time").get<double>());
    series.costs.push_back(observation.cost_ns);
  }

  void finish_context() {
    if (end_.is_object()) context_.merge_patch(end_);
    context_["recovered"] = recovered_;
    if (!end_.is_object()) {
      context_["interrupted"] = true;
      context_["trials"]["done"] = assembled_.entries;
    }
  }

  fs::path journal_;
  bool recovered_;
  Json context_;
  Json end_;
  std::map<std::string, Series> series_;
  Assembled assembled_;
};

fs::path free_place(const fs::path& wanted, const fs::path& reserved) {
  fs::path place = wanted;
  std::error_code ignored;
  for (int number = 1; fs::exists(place, ignored) || place == reserved; ++number) {
    place = wanted.parent_path() / text(wanted.stem().string(), ".recovered-", number, wanted.extension().string());
  }
  return place;
}

/// Empty when its writer was killed before the first line was complete.
fs::path record_of(const fs::path& journal) {
  fs::path record;
  for_each_line(journal, [&](Json&& line) {
    if (line.contains("record")) record = line["record"].get<std::string>();
  });
  return record;
}

std::string recover(const fs::path& journal, const fs::path& reserved) {
  constexpr auto kNothing = "a run was killed before its first trial; nothing to recover";
  const auto record = record_of(journal);
  if (record.empty()) {
    fs::remove(journal);
    return kNothing;
  }
  const auto place = free_place(record, reserved);
  fs::create_directories(place.parent_path());
  const auto assembled = assemble(journal, place, true);
  fs::remove(journal);
  if (assembled.entries == 0) {
    fs::remove(place);
    return kNothing;
  }
  return text("recovered ", assembled.entries, " trials of a run that was killed: ", place.string());
}

}  // namespace

Journal::Journal(const fs::path& record, const Json& context)
    : path_(state_folder() / text(::getpid(), "-", utc_for_file_name(), kSuffix)),
      file_(checked([&] { return ::open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0600); },
                    "open", path_.string())) {
  checked([&] { return ::flock(file_.get(), LOCK_EX | LOCK_NB); }, "flock", path_.string());
  write({{"record", fs::absolute(record).string()}, {"context", context}});
}

Journal::~Journal() {
  if (kept_) return;
  std::error_code ignored;
  fs::remove(path_, ignored);
  ::rmdir(path_.parent_path().c_str());  // if that was the last
}

void Journal::add(const Json& entry) {
  write({{"entry", entry}});
  ++entries_;
}

void Journal::end(const Json& context_at_end) {
  write({{"end", context_at_end}});
}

void Journal::write(const Json& line) {
  const std::string bytes = dumped(line) + "\n";
  kept_ = true;  // unless this succeeds, for the next start: a disk is full, say
  for (std::size_t done = 0; done < bytes.size();) {
    done += static_cast<std::size_t>(checked(
        [&] { return ::write(file_.get(), bytes.data() + done, bytes.size() - done); }, "write", path_.string()));
  }
  kept_ = false;
}

Assembled assemble(const fs::path& journal, const fs::path& record, bool recovered) {
  const fs::path partial = record.string() + ".partial";
  try {
    Assembled assembled;
    {
      std::ofstream out;
      out.exceptions(std::ios::failbit | std::ios::badbit);
      out.open(partial);
      assembled = Assembler(journal, recovered).write(out);
      out.close();
    }
    fs::rename(partial, record);
    return assembled;
  } catch (const std::exception& failure) {
    std::error_code ignored;
    fs::remove(partial, ignored);
    throw std::runtime_error(text(record.string(), ": could not be written: ", failure.what()));
  }
}

std::vector<std::string> recover_journals(const fs::path& reserved) {
  std::vector<std::string> lines;
  std::error_code failed;
  const auto folder = state_folder();
  std::vector<fs::path> left;
  for (const auto& file : fs::directory_iterator(folder, failed)) {
    if (file.path().extension() == kSuffix) left.push_back(file.path());
  }
  for (const auto& journal : left) {
    const Fd file(::open(journal.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file || ::flock(file.get(), LOCK_EX | LOCK_NB) != 0) continue;  // its owner lives
    try {
      lines.push_back(recover(journal, reserved));
    } catch (const std::exception& failure) {
      lines.push_back(text("a journal of a run that was killed is left as it is: ", failure.what()));
    }
  }
  return lines;
}

}  // namespace mpmt::benchmarks

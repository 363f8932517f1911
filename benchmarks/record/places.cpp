#include "benchmarks/record/places.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <stdexcept>
#include <system_error>
#include <vector>

#include "base/output_file.hpp"
#include "base/shown.hpp"
#include "base/text.hpp"
#include "benchmarks/plan/options.hpp"
#include "benchmarks/record/context.hpp"
#include "workloads/unnamed_file.hpp"

namespace mpmt::benchmarks {
namespace {

namespace fs = std::filesystem;

constexpr auto kResults = "results";

/// Permissions do not tell: root has all of them in /proc, where there are no files to be made.
bool takes_files(const fs::path& folder) {
  try {
    const workloads::UnnamedFile probe(folder, 0);
    return true;
  } catch (const std::system_error&) {
    return false;
  }
}

bool is_folder(const fs::path& place) {
  std::error_code failed;
  return fs::is_directory(place, failed);
}

/// Trials are told in JSON where to make files.
std::string named_in_json(const fs::path& folder) {
  if (!is_utf8(folder.string()))
    throw UsageError(text("--data-dir: ", folder.string(), " is not UTF-8; name another folder"));
  return folder.string();
}

}  // namespace

fs::path default_record(const std::string& machine_key, const std::string& commit) {
  return fs::path(kResults) / machine_key / text(commit, "-", utc_for_file_name(), ".json");
}

bool is_standard_output(const std::string& out) {
  return out == "-" || out == "/dev/stdout";
}

void check_record(const fs::path& record, bool named) {
  const auto folder = record.has_parent_path() ? record.parent_path() : fs::path(".");
  if (!named && !is_folder(folder)) return;
  try {
    const auto place = output_place(record);
    if (::faccessat(place.folder.get(), ".", W_OK | X_OK, AT_EACCESS) == 0) return;
    throw std::runtime_error(
        text(shown(folder.string()), " cannot be written: ", std::generic_category().message(errno)));
  } catch (const std::runtime_error& wrong) {
    throw UsageError(text("--out: ", wrong.what(), "; give a regular file, or - for standard output"));
  }
}

void prepare_record(const fs::path& record, bool named) {
  try {
    if (!named) fs::create_directories(record.parent_path());
    const OutputFile probe(record);
  } catch (const std::runtime_error& wrong) {
    throw UsageError(text("--out: ", wrong.what(), "; give a regular file, or - for standard output"));
  }
}

std::string why_not_recovered_to(const fs::path& record) {
  const auto named = shown(record.string());
  if (!record.is_absolute() || record.string() != record.lexically_normal().string() || !record.has_filename()) {
    return text(named, " is no place of a record: it is not absolute, or not plain");
  }
  const auto folder = record.parent_path();
  const auto results = folder.parent_path();
  const bool is_default = results.filename() == kResults && is_folder(results.parent_path());
  return is_folder(folder) || is_default ? "" : text(named, " has no folder");
}

std::string data_dir_of(const std::string& asked) {
  const auto usable = [](const fs::path& folder) { return is_folder(folder) && takes_files(folder); };
  if (!asked.empty()) {
    if (usable(asked)) return named_in_json(fs::absolute(asked));
    throw UsageError(text("--data-dir: ", shown(asked), " is not a folder that can be written"));
  }
  const char* const variable = std::getenv("TMPDIR");
  const fs::path temporary = variable == nullptr || *variable == 0 ? "/tmp" : variable;
  for (const fs::path& folder : {fs::path("/var/tmp"), temporary}) {
    if (usable(folder)) return named_in_json(fs::absolute(folder));
  }
  throw UsageError(text("--data-dir: neither /var/tmp nor ", variable == nullptr ? "" : "$TMPDIR, ",
                        shown(temporary.string()), ", is a folder that can be written; name one"));
}

}  // namespace mpmt::benchmarks

#include "benchmarks/places.hpp"

#include <fstream>
#include <system_error>
#include <vector>

#include "base/shown.hpp"
#include "base/text.hpp"
#include "benchmarks/context.hpp"
#include "benchmarks/options.hpp"
#include "workloads/unnamed_file.hpp"

namespace mpmt::benchmarks {
namespace {

namespace fs = std::filesystem;

/// Permissions do not tell: root has all of them in /proc, where there are no files to be made.
bool takes_files(const fs::path& folder) {
  try {
    const workloads::UnnamedFile probe(folder, 0);
    return true;
  } catch (const std::system_error&) {
    return false;
  }
}

}  // namespace

fs::path default_record(const std::string& machine_key, const std::string& commit) {
  return fs::path("results") / machine_key / text(commit, "-", utc_for_file_name(), ".json");
}

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

std::string data_dir_of(const std::string& asked) {
  std::error_code failed;
  const bool named = !asked.empty();
  for (const fs::path& folder :
       named ? std::vector<fs::path>{asked} : std::vector<fs::path>{"/var/tmp", fs::temp_directory_path(failed)}) {
    if (!fs::is_directory(folder, failed) || !takes_files(folder)) continue;
    auto path = fs::absolute(folder).string();
    // Trials are told in JSON.
    if (!is_utf8(path)) throw UsageError(text("--data-dir: ", path, " is not UTF-8; name another folder"));
    return path;
  }
  throw UsageError(named ? text("--data-dir: ", asked, " is not a folder that can be written")
                         : "--data-dir: neither /var/tmp nor $TMPDIR can be written; name a folder");
}

}  // namespace mpmt::benchmarks

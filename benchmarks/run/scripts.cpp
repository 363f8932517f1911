#include "benchmarks/run/scripts.hpp"

#include <fstream>
#include <string>
#include <system_error>

#include "base/text.hpp"
#include "benchmarks/case/axes.hpp"

namespace mpmt::benchmarks {

namespace fs = std::filesystem;

namespace {

/// What a program was built from that lies in this folder of its build, or in one just below (tests); empty: it does
/// not say.
fs::path source_tree(const fs::path& folder) {
  for (const auto& place : {folder, folder.parent_path()}) {
    std::ifstream file(place / "mpmt.source");
    std::string line;
    if (std::getline(file, line)) return line;
  }
  return {};
}

}  // namespace

fs::path own_path() {
  std::error_code unknown;
  return fs::read_symlink("/proc/self/exe", unknown);
}

fs::path script_named(std::string_view name) {
  std::error_code unknown;
  const auto own = own_path();
  // Without a path of its own, "beside this program" would be a folder of whoever calls.
  if (own.empty()) throw UsageError("/proc/self/exe cannot be read: where the scripts are is not known");
  auto installed = own.parent_path().parent_path() / MPMT_INSTALLED_SCRIPTS / name;
  if (fs::exists(installed, unknown)) return installed;
  const auto source = source_tree(own.parent_path());
  auto in_source = source / "scripts" / name;
  if (!source.empty() && fs::exists(in_source, unknown)) return in_source;
  throw UsageError(text(installed.string(), " is not there any more",
                        source.empty() ? "" : text(", and neither is ", in_source.string())));
}

}  // namespace mpmt::benchmarks

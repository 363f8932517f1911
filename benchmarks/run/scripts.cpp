#include "benchmarks/run/scripts.hpp"

#include <system_error>

#include "base/text.hpp"
#include "benchmarks/case/axes.hpp"

namespace mpmt::benchmarks {

namespace fs = std::filesystem;

fs::path own_path() {
  std::error_code unknown;
  return fs::read_symlink("/proc/self/exe", unknown);
}

fs::path script_named(std::string_view name) {
  std::error_code unknown;
  const auto own = own_path();
  // Without a path of its own, "beside this program" would be a folder of whoever calls.
  auto installed = own.empty() ? fs::path() : own.parent_path().parent_path() / MPMT_INSTALLED_SCRIPTS / name;
  if (!installed.empty() && fs::exists(installed, unknown)) return installed;
  auto source = fs::path(MPMT_SCRIPTS) / name;
  if (fs::exists(source, unknown)) return source;
  throw UsageError(text(source.string(), " is not there any more",
                        installed.empty() ? "" : text(", and neither is ", installed.string())));
}

}  // namespace mpmt::benchmarks

#include "benchmarks/host/identity.hpp"

#include <gnu/libc-version.h>

#include <CLI/Version.hpp>
#include <boost/version.hpp>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "base/sanitizers.hpp"
#include "base/text.hpp"

namespace mpmt::benchmarks {

using Json = nlohmann::json;

namespace {

namespace fs = std::filesystem;

constexpr auto kFile = "mpmt.build.json";

Json part_of(const std::string& contents, const char* name) {
  const auto parsed = Json::parse(contents, nullptr, false);
  return parsed.is_object() && parsed.contains(name) ? parsed[name] : Json(nullptr);
}

std::string contents_of(const fs::path& file) {
  std::ifstream in(file);
  std::ostringstream contents;
  contents << in.rdbuf();
  return contents.str();
}

bool sanitized() {
#ifdef MPMT_SANITIZED
  return true;
#else
  return false;
#endif
}

}  // namespace

BuildIdentity build_identity() {
  std::error_code failed;
  const auto program = fs::read_symlink("/proc/self/exe", failed);
  for (const auto& folder : {program.parent_path(), program.parent_path().parent_path() / "share" / "mpmt"}) {
    const auto file = folder / kFile;
    if (!fs::exists(file, failed)) continue;
    BuildIdentity found{contents_of(file), {}};
    if (!Json::accept(found.text)) return {{}, text("the build identity ", file.string(), " cannot be read")};
    // An installer may set any time, but it copies the program first.
    if (part_of(found.text, "binary_bytes") != fs::file_size(program, failed)) {
      found.problem = text("the build identity ", file.string(), " belongs to another program: build again");
    }
    return found;
  }
  return {{}, text("no build identity (", kFile, ") beside the program: commit and flags are unknown")};
}

Json BuildIdentity::commit() const {
  return problem.empty() ? part_of(text, "commit") : Json(nullptr);
}

Json BuildIdentity::build() const {
  auto build = problem.empty() ? part_of(text, "build") : Json(nullptr);
  if (!build.is_object())
    build = {{"binary_sha256", nullptr}, {"compiler", nullptr}, {"flags", nullptr}, {"build_type", nullptr}};
  return build;
}

std::string BuildIdentity::short_commit() const {
  const auto known = commit();
  return known.is_object() && known.contains("id") ? known["id"].get<std::string>().substr(0, 12) : "nogit";
}

std::vector<std::string> BuildIdentity::warnings() const {
  std::vector<std::string> list;
  if (!problem.empty()) list.push_back(problem);
  const auto known = commit();
  if (known.is_object() && known.value("dirty", false))
    list.emplace_back("built from a source with uncommitted changes");
#ifndef NDEBUG
  list.emplace_back("a debug build: its figures say little");
#endif
  if (sanitized()) list.emplace_back("built with sanitizers: its figures say nothing");
  return list;
}

Json library_versions() {
  return {{"google_benchmark", MPMT_GOOGLE_BENCHMARK_VERSION},
          {"boost", text(BOOST_VERSION / 100'000, ".", BOOST_VERSION / 100 % 1000, ".", BOOST_VERSION % 100)},
          {"nlohmann_json",
           text(NLOHMANN_JSON_VERSION_MAJOR, ".", NLOHMANN_JSON_VERSION_MINOR, ".", NLOHMANN_JSON_VERSION_PATCH)},
          {"cli11", CLI11_VERSION},
          {"libc", text("glibc ", ::gnu_get_libc_version())}};
}

}  // namespace mpmt::benchmarks

// Programs that use Google Benchmark, for tests: the system's library in programs/, newer ones as scripts that speak as
// they do.
#pragma once

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "footprint.hpp"
#include "scratch_dir.hpp"

namespace mpmt::tests {

using ProgramWords = std::vector<std::string>;

inline const std::string kPrograms = MPMT_SCRATCH_DIR "/programs/";

/// programs/odd.cpp with these benchmarks; through env, which stands for any wrapper.
inline ProgramWords odd(const std::string& which) {
  return {"env", "ODD=" + which, kPrograms + "odd"};
}

/// A program of a few lines of sh.
class Fake {
 public:
  explicit Fake(const std::string& body) : path_((folder_.path() / "fake").string()) {
    std::ofstream(path_) << "#!/bin/sh\n" << body << '\n';
    std::filesystem::permissions(path_, std::filesystem::perms::owner_all);
  }
  ProgramWords command() const { return {path_}; }
  std::string path_of(const std::string& file) const { return (folder_.path() / file).string(); }
  std::string contents_of(const std::string& file) const {
    std::ifstream in(path_of(file));
    return {std::istreambuf_iterator<char>(in), {}};
  }

 private:
  ScratchDir folder_;
  std::string path_;
};

/// For Fake: takes options as libraries from 1.8 on do, and times nothing. `entry`: the end of the benchmark's JSON,
/// where $n is the number of iterations that is asked for; `first`: done before all else.
inline std::string new_library(const std::string& entry, const std::string& first = "") {
  return R"(list= format=console filter=. out=/dev/null time=1x
for option; do
  value=${option#*=}
  case $option in
    --benchmark_list_tests=true) list=1 ;;
    --benchmark_filter=*) filter=$value ;;
    --benchmark_format=*) format=$value ;;
    --benchmark_min_time=*) time=$value ;;
    --benchmark_out=*) out=$value ;;
  esac
done
)" + first +
         R"(
name='new/8 [a]'
if ! printf '%s\n' "$name" | grep -qE -- "$filter"; then
  echo "Failed to match any benchmarks against regex: $filter" >&2
  exit 0
fi
if [ -n "$list" ]; then
  if [ "${BENCHMARK_FORMAT:-$format}" = json ]; then printf '[{"name": "%s"}]\n' "$name"; else printf '%s\n' "$name"; fi
  exit 0
fi
case $time in
  *x) n=${time%x} ;;
  *s) n=77 ;;
  *) echo "--benchmark_min_time should have a suffix" >&2; exit 1 ;;
esac
cat >"$out" <<END
{"context": {}, "benchmarks": [{"name": "$name", "run_name": "$name", "run_type": "iteration", "repetition_index": 0,
  "time_unit": "ns", )" +
         entry + "}]}\nEND";
}

inline const std::string kPlain = R"("iterations": $n, "real_time": 250.5)";

}  // namespace mpmt::tests

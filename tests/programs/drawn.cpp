// A program with Google Benchmark's command line whose times are drawn, not measured, so that what is found of it does
// not depend on the machine. Its own options, of which those of each benchmark may be repeated:
//
//   --bench NAME MEAN SPREAD FACTOR EVERY   ns per iteration: normal around MEAN, with SPREAD × MEAN for its standard
//                                           deviation; in each EVERY-th of the rounds FACTOR times as long
//   --words FILE                            what stands there, in place of this
//   --turns FILE                            counts those rounds: a round's processes have one parent
//   --old                                   a library before 1.8, which takes no number of iterations
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <iterator>
#include <random>
#include <regex>
#include <string>
#include <string_view>
#include <vector>

namespace {

struct Benchmark {
  std::string name;
  double mean_ns;
  double spread;
  double factor;
  std::uint64_t every;
};

struct Wishes {
  std::vector<Benchmark> benchmarks;
  std::string turns;
  bool old = false;
  bool list = false;
  std::string filter = ".";
  std::string least_time = "0.5";
  std::string out;
  int repetitions = 1;
};

[[noreturn]] void refuse(const std::string& why) {
  std::cerr << why << '\n';
  std::exit(1);
}

void take(Wishes& wishes, std::string_view option) {
  const auto value = std::string(option.substr(std::min(option.size(), option.find('=') + 1)));
  if (option.starts_with("--benchmark_list_tests="))
    wishes.list = value == "true";
  else if (option.starts_with("--benchmark_filter="))
    wishes.filter = value;
  else if (option.starts_with("--benchmark_min_time="))
    wishes.least_time = value;
  else if (option.starts_with("--benchmark_out="))
    wishes.out = value;
  else if (option.starts_with("--benchmark_repetitions="))
    wishes.repetitions = std::stoi(value);
  else if (!option.starts_with("--benchmark_"))
    refuse("drawn: error: unrecognized command-line flag: " + std::string(option));
}

Wishes wishes_of(std::vector<std::string> words) {
  Wishes wishes;
  for (std::size_t at = 0; at < words.size(); ++at) {
    if (words[at] == "--bench" && at + 5 < words.size()) {
      wishes.benchmarks.push_back({words[at + 1], std::stod(words[at + 2]), std::stod(words[at + 3]),
                                   std::stod(words[at + 4]), std::stoull(words[at + 5])});
      at += 5;
    } else if (words[at] == "--words" && at + 1 < words.size()) {
      std::ifstream file(words[++at]);
      if (!file) refuse("drawn: no file " + words[at]);
      words.insert(words.begin() + static_cast<std::ptrdiff_t>(at) + 1, std::istream_iterator<std::string>(file), {});
    } else if (words[at] == "--turns" && at + 1 < words.size()) {
      wishes.turns = words[++at];
    } else if (words[at] == "--old") {
      wishes.old = true;
    } else {
      take(wishes, words[at]);
    }
  }
  return wishes;
}

/// Of the rounds that `file` counts, the number of the one that this process belongs to.
std::uint64_t turn(const std::string& file) {
  if (file.empty()) return 0;
  const int lock = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (lock < 0 || ::flock(lock, LOCK_EX) != 0) refuse("drawn: " + file + " cannot be used");
  std::ifstream parents(file);
  std::uint64_t number = 0;
  for (::pid_t parent = 0; parents >> parent; ++number) {
    if (parent == ::getppid()) return number;
  }
  std::ofstream(file, std::ios::app) << ::getppid() << '\n';
  return number;
}

std::uint64_t iterations_of(const Benchmark& benchmark, const std::string& least_time) {
  if (least_time.ends_with('x')) return std::stoull(least_time);
  return static_cast<std::uint64_t>(std::max(1.0, std::round(std::stod(least_time) * 1e9 / benchmark.mean_ns)));
}

std::string quoted(const std::string& name) {
  std::string text = "\"";
  for (const char character : name) {
    const auto byte = static_cast<unsigned char>(character);
    char escaped[8] = {character, 0};
    if (byte < 0x20 || character == '"' || character == '\\') std::snprintf(escaped, sizeof escaped, "\\u%04x", byte);
    text += escaped;
  }
  return text + '"';
}

std::string report(const Wishes& wishes, const std::vector<Benchmark>& chosen) {
  std::mt19937_64 random{std::random_device{}()};
  std::string entries;
  for (const auto& benchmark : chosen) {
    const bool slow = benchmark.every > 1 && turn(wishes.turns) % benchmark.every == 0;
    for (int run = 0; run < wishes.repetitions; ++run) {
      const double noise = 1 + benchmark.spread * std::normal_distribution<>()(random);
      char times[160];
      std::snprintf(times, sizeof times,
                    R"("run_type": "iteration", "iterations": %llu, "real_time": %.9g, "time_unit": "ns"})",
                    static_cast<unsigned long long>(iterations_of(benchmark, wishes.least_time)),
                    std::max(1e-3, benchmark.mean_ns * noise * (slow ? benchmark.factor : 1)));
      entries += (entries.empty() ? "" : ", ") + ("{\"name\": " + quoted(benchmark.name) + ", ") + times;
    }
  }
  return "{\"benchmarks\": [" + entries + "]}\n";
}

}  // namespace

int main(int argc, char** argv) {
  const auto wishes = wishes_of({argv + 1, argv + argc});
  if (wishes.old && wishes.least_time.find_first_of("xs") != std::string::npos)
    refuse("The value of flag --benchmark_min_time is expected to be a double, but actually is \"" + wishes.least_time +
           '"');
  std::vector<Benchmark> chosen;
  const std::regex filter(wishes.filter, std::regex::extended);
  std::copy_if(wishes.benchmarks.begin(), wishes.benchmarks.end(), std::back_inserter(chosen),
               [&](const auto& benchmark) { return std::regex_search(benchmark.name, filter); });
  if (wishes.list) {
    for (const auto& benchmark : chosen) std::cout << benchmark.name << '\n';
    return 0;
  }
  if (!wishes.out.empty() && !(std::ofstream(wishes.out) << report(wishes, chosen)).flush())
    refuse("drawn: cannot write");
  return 0;
}

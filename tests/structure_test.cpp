// The shape of the source: which layer may include which, and that catalogues hold what the folders hold.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <string>

#include "executors/executor.hpp"

namespace mpmt::tests {
namespace {

namespace fs = std::filesystem;
using Names = std::set<std::string>;

/// The folders of each layer and what they may include beside themselves; those of one line and all below it.
const std::map<std::string, Names> kBelow{
    {"base", {}},
    {"workloads", {"base"}},
    {"ipc", {"base"}},
    {"executors", {"workloads", "ipc"}},
    {"pairs", {"executors"}},
    {"commands", {"executors"}},
    {"benchmarks/case", {"pairs", "commands"}},
    {"benchmarks/families", {"benchmarks/case"}},
    {"benchmarks/judge", {"benchmarks/case"}},
    {"benchmarks/trial", {"benchmarks/case"}},
    {"benchmarks/plan", {"benchmarks/case"}},
    {"benchmarks/host", {"benchmarks/judge"}},
    {"benchmarks/record", {"benchmarks/host", "benchmarks/plan", "benchmarks/trial"}},
    {"benchmarks/run", {"benchmarks/record"}},
    {"benchmarks/cli", {"benchmarks/run"}},
    {"benchmarks/micro", {"executors"}},
};

Names may_include(const std::string& layer) {
  Names all{layer};
  for (const auto& below : kBelow.at(layer)) all.merge(may_include(below));
  return all;
}

std::vector<fs::path> sources_in(const std::string& layer) {
  std::vector<fs::path> found;
  for (const auto& entry : fs::directory_iterator(fs::path(MPMT_SOURCE_DIR) / layer)) {
    if (entry.path().extension() == ".cpp" || entry.path().extension() == ".hpp") found.push_back(entry.path());
  }
  EXPECT_GT(found.size(), 0U) << layer;
  return found;
}

/// What a file includes: <this> and "that", without the brackets.
std::vector<std::pair<char, std::string>> includes_of(const fs::path& file) {
  std::vector<std::pair<char, std::string>> found;
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) {
    const auto opens = line.find_first_of("<\"");
    if (line.rfind("#include", 0) != 0 || opens == std::string::npos) continue;
    const auto closes = line.find_first_of(">\"", opens + 1);
    found.emplace_back(line[opens], line.substr(opens + 1, closes - opens - 1));
  }
  return found;
}

TEST(Structure, a_layer_includes_only_those_below_it) {
  for (const auto& [layer, below] : kBelow) {
    const auto allowed = may_include(layer);
    for (const auto& file : sources_in(layer)) {
      for (const auto& [bracket, name] : includes_of(file)) {
        const auto folder = name.substr(0, name.rfind('/'));
        const bool ours = kBelow.count(folder) != 0 && fs::exists(fs::path(MPMT_SOURCE_DIR) / name);
        EXPECT_EQ(ours, bracket == '"') << file << " includes " << name << ": ours in quotes, others in brackets";
        EXPECT_TRUE(!ours || allowed.count(folder) != 0) << file << " includes " << name;
      }
    }
  }
}

TEST(Structure, only_benchmarks_includes_google_benchmark_and_what_reads_others_reports_json) {
  for (const auto& [layer, below] : kBelow) {
    if (layer.starts_with("benchmarks/")) continue;
    const bool reads_json = layer == "commands";  // which is what other programs report in
    for (const auto& file : sources_in(layer)) {
      for (const auto& [bracket, name] : includes_of(file)) {
        EXPECT_NE(name, "benchmark/benchmark.h") << file;
        EXPECT_TRUE(reads_json || name.find("nlohmann") == std::string::npos) << file;
        EXPECT_EQ(name.find("CLI/"), std::string::npos) << file;
      }
    }
  }
}

TEST(Structure, boost_interprocess_is_included_in_the_layer_that_sets_its_time_out_and_nowhere_else) {
  for (const auto& [layer, below] : kBelow) {
    if (layer == "ipc") continue;
    for (const auto& file : sources_in(layer)) {
      for (const auto& [bracket, name] : includes_of(file)) {
        EXPECT_NE(name.rfind("boost/interprocess", 0), 0U) << file << " includes " << name;
      }
    }
  }
}

/// The folder's .cpp files, those left out that are no part but what parts share.
Names parts_in(const std::string& layer, const Names& shared) {
  Names parts;
  for (const auto& file : sources_in(layer)) {
    if (file.extension() == ".cpp") parts.insert(file.stem());
  }
  for (const auto& name : shared) EXPECT_EQ(parts.erase(name), 1U) << layer << '/' << name << ".cpp is gone";
  return parts;
}

TEST(Structure, every_channel_and_floor_is_a_file_and_every_file_one) {
  Names registered;
  for (const auto& channel : ipc::ChannelCatalog::instance().all()) registered.emplace(channel.name);
  for (const auto& floor : ipc::FloorCatalog::instance().all()) registered.emplace(floor.name);
  EXPECT_EQ(registered, parts_in("ipc", {"boost_utc", "broken_pipes", "lifeline", "limits", "named_memory", "names",
                                         "segment", "socket_buffers", "stream_end", "ticks"}));
}

TEST(Structure, every_executor_is_a_file_and_every_file_an_executor) {
  // Two executors that share their code, and so their file.
  const std::map<std::string, std::string> beside{{"serial_threaded_libc", "serial"}};
  Names registered;
  for (const auto& executor : executors::ExecutorCatalog::instance().all()) {
    const auto elsewhere = beside.find(std::string(executor.name));
    registered.insert(elsewhere == beside.end() ? std::string(executor.name) : elsewhere->second);
  }
  EXPECT_EQ(registered,
            parts_in("executors", {"child_notice", "dispatcher", "limits", "linked_pool", "placement", "worker"}));
}

TEST(Structure, every_source_file_is_compiled) {
  for (const auto& [layer, below] : kBelow) {
    std::ifstream in(fs::path(MPMT_SOURCE_DIR) / layer / "CMakeLists.txt");
    const std::string list(std::istreambuf_iterator<char>(in), {});
    for (const auto& file : sources_in(layer)) {
      if (file.extension() != ".cpp" || file.filename() == "main.cpp") continue;
      EXPECT_NE(list.find(file.filename().string()), std::string::npos) << file << " is in no CMake list";
    }
  }
}

}  // namespace
}  // namespace mpmt::tests

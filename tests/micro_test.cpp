// mpmt-micro, as `mpmt run --program` and `mpmt track compare` use it.
#include <gtest/gtest.h>

#include <algorithm>

#include "base/text.hpp"
#include "commands/captured_process.hpp"
#include "commands/google_command.hpp"
#include "commands/google_listing.hpp"
#include "commands/google_report.hpp"
#include "footprint.hpp"
#include "ipc/channel.hpp"

namespace mpmt::commands {
namespace {

using namespace tests;

GoogleListing listing() {
  return list_benchmarks({MPMT_MICRO}, soon());
}

TEST(Micro, every_channel_has_its_benchmarks) {
  const auto names = listing().names;
  for (const auto& channel : ipc::ChannelCatalog::instance().all()) {
    const auto wanted = text("BM_channel/", channel.name, "/");
    EXPECT_TRUE(std::any_of(names.begin(), names.end(), [&](const auto& name) { return name.starts_with(wanted); }))
        << wanted;
  }
}

TEST(Micro, no_two_benchmarks_have_one_name) {
  EXPECT_EQ(listing().notes, std::vector<std::string>());
}

TEST(Micro, every_benchmark_runs_where_this_machine_allows_it_and_leaves_nothing) {
  const auto listed = listing();
  // The shell says which process it becomes.
  const Captured process =
      capture({{"sh", "-c", R"(echo $$ >&2 && exec "$@")", "sh", MPMT_MICRO,
                text("--benchmark_min_time=0.0001", listed.fixed_iterations ? "s" : ""), "--benchmark_format=json"},
               environment_for_google(),
               {}},
              soon(std::chrono::seconds(50)));
  ASSERT_TRUE(process.end.has_value()) << "it did not end";
  EXPECT_EQ(process.end->describe(), "exited with 0") << process.last_line();
  for (const auto& name : listed.names) {
    try {
      EXPECT_GT(figure_of(process.output.text(), name).ns_per_iteration, 0) << name;
    } catch (const GoogleSkipped& skipped) {
      EXPECT_EQ(std::string(skipped.what()).find("skipped: unsupported: "), 0U) << name << ": " << skipped.what();
    } catch (const std::exception& failure) {
      ADD_FAILURE() << name << ": " << failure.what();
    }
  }
  const auto pid = std::stoi(process.error.text());
  for (const char* folder : {"/dev/shm", "/dev/mqueue"}) {
    EXPECT_EQ(names_in(folder, text("mpmt-", pid, "-")), std::set<std::string>()) << folder;
  }
}

}  // namespace
}  // namespace mpmt::commands

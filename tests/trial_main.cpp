// The main function of a test program whose trials are, as those of mpmt, this program itself
// (start_own_trials, start_kept_trial).
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <string_view>

#include "benchmarks/trial/keeper.hpp"
#include "benchmarks/trial/started_trial.hpp"
#include "benchmarks/trial/trial.hpp"

int main(int argc, char** argv) {
  using namespace mpmt::benchmarks;
  if (argc >= 5 && std::string_view(argv[1]) == "trial") {
    const int parent = std::atoi(argv[4]);
    if (std::string_view(argv[2]) == "--fork") {
      if (fork_own_trials(parent)) return run_trial(parent);
      // At once: it is killed as soon as its work is done, and would leave us the process with which LeakSanitizer
      // looks at what ends otherwise.
      ::_exit(0);
    }
    const auto kept = keep_trial(parent, {argv + std::min(argc, 6), argv + argc});
    return kept ? *kept : run_trial(::getppid());
  }
  ::testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}

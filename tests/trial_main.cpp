// The main function of a test program whose trials are, as those of mpmt, this program itself
// (start_own_trials).
#include <gtest/gtest.h>

#include <cstdlib>
#include <string_view>

#include "benchmarks/trial/started_trial.hpp"
#include "benchmarks/trial/trial.hpp"

int main(int argc, char** argv) {
  if (argc == 5 && std::string_view(argv[1]) == "trial") {
    const int parent = std::atoi(argv[4]);
    return mpmt::benchmarks::fork_own_trials(parent) ? mpmt::benchmarks::run_trial(parent) : 0;
  }
  ::testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}

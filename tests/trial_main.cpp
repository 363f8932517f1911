// The main function of a test program whose trials are, as those of mpmt, this program itself
// (TrialProcess::own_command).
#include <gtest/gtest.h>

#include <cstdlib>
#include <string_view>

#include "benchmarks/trial/trial.hpp"

int main(int argc, char** argv) {
  const bool is_trial = argc == 4 && std::string_view(argv[1]) == "trial" && std::string_view(argv[2]) == "--parent";
  if (is_trial) return mpmt::benchmarks::run_trial(std::atoi(argv[3]));
  ::testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}

// Expectations about what the model checker reports.
#pragma once

#include <gtest/gtest.h>

#include <iostream>
#include <string_view>

#include "interleavings.hpp"

namespace mpmt::tests::model {

/// Nothing goes wrong in any interleaving; says how many there were.
inline void expect_sound(const Exploration& exploration) {
  EXPECT_EQ(exploration.violation, "");
  std::cout << "             " << exploration.states << " states, " << exploration.steps << " steps, "
            << exploration.executions << " executions\n";
}

/// The model checker finds what is wrong: its report begins with `how`.
inline void expect_caught(const Exploration& exploration, std::string_view how) {
  EXPECT_EQ(exploration.violation.substr(0, how.size()), how) << "the flaw was not found";
}

}  // namespace mpmt::tests::model
